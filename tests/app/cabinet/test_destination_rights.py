"""Who may connect chats: owners and administrators of the tenant, nobody else, whatever id they know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import destinations as service
from synkro_app.cabinet.services import overview
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.chat_links import SeenChat, create_code, use_code
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, list_destinations
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.notices import Failure, raise_notice
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.settings import Settings


def person(tenant: str, role: Role) -> SessionUser:
    member = Membership(tenant, role, None, can_read_texts=False)
    return SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock) -> Installation:
    return Installation(Settings.load(), control_db, control_clock)


@pytest.fixture
def chat(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Destination:
    """A linked chat that waits for its confirmation."""
    code = create_code(control_db, tenant_a.slug, bot_id="7", actor="u", clock=control_clock).code
    with control_db.tenant(tenant_a.slug) as connection:
        seen = SeenChat("501", "Ирина")
        now = control_clock.now() + timedelta(minutes=1)
        assert use_code(connection, tenant_a.slug, code, seen, bot_id="7", person="5", now=now) == "linked"
    return list_destinations(control_db, tenant_a.slug)[0]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_people_who_do_not_connect_services_may_not_confirm_or_remove_chats(
    place: Installation, tenant_a: Tenant, chat: Destination, role: Role
) -> None:
    somebody = person(tenant_a.slug, role)
    for deed in (service.confirm, service.remove, service.send_test):
        with pytest.raises(RefusedError) as refusal:
            deed(place, somebody, tenant_a.slug, chat.destination_id)
        assert refusal.value.code == "rights.not_found"
    with pytest.raises(RefusedError):
        service.link_for_chat(place, somebody, tenant_a.slug, group=False)


def test_an_owner_of_another_company_may_not_confirm_a_chat(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, chat: Destination
) -> None:
    with pytest.raises(RefusedError):
        service.confirm(place, person(tenant_b.slug, Role.OWNER), tenant_a.slug, chat.destination_id)


def test_an_administrator_confirms_a_chat_and_removes_it(
    place: Installation, tenant_a: Tenant, chat: Destination
) -> None:
    admin = person(tenant_a.slug, Role.ADMIN)
    assert service.pending(place, admin, tenant_a.slug) == [chat]
    assert service.confirm(place, admin, tenant_a.slug, chat.destination_id).enabled
    service.remove(place, admin, tenant_a.slug, chat.destination_id)
    assert [item.disabled_code for item in service.listing(place, admin, tenant_a.slug)] == ["removed"]


def test_every_deed_with_a_chat_is_in_the_audit(
    place: Installation, tenant_a: Tenant, chat: Destination, control_clock: FixedClock
) -> None:
    place = replace(place, settings=Settings.load(secret_keys=SecretStr(new_key())))
    keyring = Keyring.from_settings(place.settings)
    admin, slug = person(tenant_a.slug, Role.ADMIN), tenant_a.slug
    token = "7000000001:" + "A" * 35
    app = telegram_app(
        clock=control_clock,
        tokens={token: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={501: Chat(501, "private", "Ирина")},
    )
    with serve(app) as url:
        set_integration(
            place.control, keyring, slug, IntegrationKind.TELEGRAM, {"base_url": url}, {"token": token}, "test"
        )
        link = service.link_for_chat(place, admin, slug, group=True)
        assert link.address.startswith("https://t.me/synkro_bot?startgroup=")
        service.confirm(place, admin, slug, chat.destination_id)
        assert service.send_test(place, admin, slug, chat.destination_id).kind == "sent"
    service.remove(place, admin, slug, chat.destination_id)
    done = [event.action for event in tenant_events(place.control, slug) if event.actor == "user:u1"]
    assert sorted(done) == [
        "destination.confirmed",
        "destination.removed",
        "destination.tested",
        "telegram.code_created",
    ]


def test_what_nobody_was_told_of_is_shown_to_those_who_can_mend_it(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    failure = Failure("admins", "data_old", "radist", "data.old", Sentence("Старые.", "Old."))
    with place.control.tenant(tenant_a.slug) as connection:
        raise_notice(connection, tenant_a.slug, failure, place.clock.now())
    shown = overview.unheard(place, person(tenant_a.slug, Role.OWNER), tenant_a.slug)
    assert [item.failure for item in shown] == [failure]
    assert overview.unheard(place, person(tenant_a.slug, Role.VIEWER), tenant_a.slug) == []
    assert overview.unheard(place, person(tenant_b.slug, Role.OWNER), tenant_b.slug) == []
