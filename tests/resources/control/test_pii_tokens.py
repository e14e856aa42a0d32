"""The way back from tokens: kept sealed, for one tenant, through rotations, until its person is erased."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring, key_of
from synkro_resources.control.pii_tokens import (
    StoredTokens,
    TokenValue,
    save_tokens,
    tenant_masking_key,
    value_of,
    values_in,
)
from synkro_resources.control.rotation import rotate
from synkro_resources.control.tables.analysis import masking_key, pii_token, pii_token_use
from synkro_resources.control.tenants import Tenant
from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_control import erase_person_from_control
from synkro_resources.erasure.person_lake import Person
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import TransientError
from synkro_resources.rules.masking.masker import Masker, People
from synkro_resources.rules.masking.names import Named
from synkro_resources.rules.masking.tokens import Tokens
from tests.control_fixtures import KEY

PHONE, CARD = "79000000011", "4111111111111111"
COMPANY = "shop@example.org"


def masked_dialog(db: Database, keyring: Keyring, slug: str, clock: FixedClock, dialog: int, text: str) -> str:
    tokens = Tokens(tenant_masking_key(db, keyring, slug, clock), StoredTokens(db, keyring, slug))
    people = People(contacts=(Named(dialog + 1, "Анна"),), managers=(Named(1, "Мария"),))
    found = Masker(tokens, people).mask(text)
    save_tokens(db, keyring, slug, values_in(dialog, [found]), clock)
    return found.text


def kept(db: Database, slug: str) -> list[str]:
    with db.pii(slug) as connection:
        return list(connection.scalars(select(pii_token.c.token).order_by(pii_token.c.token)))


def test_a_value_is_found_back_by_its_token_and_saving_twice_keeps_one(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    values = {TokenValue("[PHONE_AAAAAAAA]", "PHONE", PHONE, 1), TokenValue("[PHONE_AAAAAAAA]", "PHONE", PHONE, 2)}
    assert save_tokens(control_db, keyring, tenant_a.slug, values, control_clock) == 1
    assert save_tokens(control_db, keyring, tenant_a.slug, values, control_clock) == 0
    assert save_tokens(control_db, keyring, tenant_a.slug, [], control_clock) == 0
    assert value_of(control_db, keyring, tenant_a.slug, "[PHONE_AAAAAAAA]") == PHONE
    assert value_of(control_db, keyring, tenant_a.slug, "[PHONE_BBBBBBBB]") is None
    with control_db.pii(tenant_a.slug) as connection:
        row = connection.execute(select(pii_token)).one()
        assert connection.scalar(select(func.count()).select_from(pii_token_use)) == 2
    assert PHONE.encode() not in bytes(row.encrypted_value)
    assert row.kind == "PHONE"


def test_only_personal_values_are_kept_and_a_later_run_gives_the_same_tokens(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    text = "Мария, это Анна, 89000000011, [PHONE_AAAAAAAA]"
    first = masked_dialog(control_db, keyring, tenant_a.slug, control_clock, 10, text)
    assert masked_dialog(control_db, keyring, tenant_a.slug, control_clock, 10, text) == first
    assert sorted(token.partition("_")[0] for token in kept(control_db, tenant_a.slug)) == ["[PERSON", "[PHONE"]


def test_more_values_than_a_batch_are_all_kept(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    values = [TokenValue(f"[PHONE_{number:08d}]", "PHONE", str(number), number % 7) for number in range(2_345)]
    assert save_tokens(control_db, keyring, tenant_a.slug, values, control_clock) == 2_345
    stored = StoredTokens(control_db, keyring, tenant_a.slug)
    assert all(stored.known(value.token) == value.canonical for value in values)


def test_another_tenant_finds_neither_the_values_nor_the_key(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock
) -> None:
    text = "89000000011"
    mine = masked_dialog(control_db, keyring, tenant_a.slug, control_clock, 10, text)
    assert value_of(control_db, keyring, tenant_b.slug, mine) is None
    assert StoredTokens(control_db, keyring, tenant_b.slug).known(mine) is None
    assert masked_dialog(control_db, keyring, tenant_b.slug, control_clock, 10, text) != mine
    with control_db.pii(tenant_b.slug) as connection:
        assert connection.scalar(select(func.count()).select_from(masking_key)) == 1
        assert list(connection.scalars(select(pii_token.c.tenant))) == [tenant_b.slug]


@pytest.mark.parametrize("table", [pii_token, pii_token_use, masking_key], ids=lambda table: table.name)
def test_who_reads_masked_texts_cannot_read_what_is_behind_them(
    control_db: Database, tenant_a: Tenant, table: object
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), control_db.tenant(tenant_a.slug) as connection:
        connection.execute(select(table))  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_a_token_given_to_another_value_meanwhile_is_refused_and_apart_on_the_next_run(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    slug = tenant_a.slug
    key = tenant_masking_key(control_db, keyring, slug, control_clock)
    early = Tokens(key, StoredTokens(control_db, keyring, slug))
    found = Masker(early, People()).mask("89000000011")
    save_tokens(control_db, keyring, slug, [TokenValue(found.text, "PHONE", "another", 1)], control_clock)
    other = TokenValue("[CARD_AAAAAAAA]", "CARD", CARD, 2)
    with pytest.raises(TransientError) as refusal:
        save_tokens(control_db, keyring, slug, values_in(2, [found]) | {other}, control_clock)
    assert refusal.value.code == "masking.token_taken"
    assert kept(control_db, slug) == [found.text]
    again = masked_dialog(control_db, keyring, slug, control_clock, 2, "89000000011")
    assert len(again) == len(found.text) + 4
    assert value_of(control_db, keyring, slug, again) == PHONE
    assert value_of(control_db, keyring, slug, found.text) == "another"


def test_two_processes_that_need_the_key_first_get_the_same_one(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    keys: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: keys.append(tenant_masking_key(control_db, keyring, tenant_a.slug, control_clock))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32


def test_rotation_keeps_values_and_tokens_and_lets_the_old_key_go(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    slug = tenant_a.slug
    before = masked_dialog(control_db, keyring, slug, control_clock, 10, "Анна, 89000000011")
    rotate(control_db, Keyring({"k2": bytes(32), "k1": KEY}), actor="operator")
    try:
        only_new = Keyring({"k2": bytes(32)})
        with control_db.pii(slug) as connection:
            sealed = [*connection.scalars(select(pii_token.c.encrypted_value))]
            sealed += connection.scalars(select(masking_key.c.encrypted_key))
        assert {key_of(bytes(value).decode()) for value in sealed} == {"k2"}
        assert masked_dialog(control_db, only_new, slug, control_clock, 10, "Анна, 89000000011") == before
        assert value_of(control_db, only_new, slug, before.split(", ")[1]) == PHONE
    finally:
        # The other tests of the session seal with k1: put back what they expect.
        rotate(control_db, Keyring({"k1": KEY, "k2": bytes(32)}), actor="operator")


def test_an_erased_person_takes_along_all_that_only_their_dialogs_mention(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock
) -> None:
    slug = tenant_a.slug
    own = f"Анна, 89000000011, карта {CARD}, почта anna@example.org, пишу вам на {COMPANY}"
    other = f"Анна, 8 900 000 00 12, пишу вам на {COMPANY}, ищу 89000000011"
    masked_dialog(control_db, keyring, slug, control_clock, 10, own)
    others = masked_dialog(control_db, keyring, slug, control_clock, 20, other)
    masked_dialog(control_db, keyring, tenant_b.slug, control_clock, 10, own)
    neighbour = kept(control_db, tenant_b.slug)
    person = Person(Phone(PHONE), contacts=frozenset({11}), dialogs=frozenset({10}))
    removed = erase_person_from_control(control_db, keyring, slug, person)
    assert removed == {"pii.pii_token": 4, "pii.pii_token_use": 5}
    left = {value_of(control_db, keyring, slug, token) for token in kept(control_db, slug)}
    assert left == {COMPANY, "79000000012", "contact:21"}
    assert all(token in others for token in kept(control_db, slug))
    assert kept(control_db, tenant_b.slug) == neighbour
    assert erase_person_from_control(control_db, keyring, slug, person) == {}
