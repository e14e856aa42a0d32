"""People are warned before a token runs out; a token's own words are hints and never break anything."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from synkro_resources.amocrm.tokens import (
    ACCESS_LIFE,
    REFRESH_LIFE,
    claims,
    days_left,
    fingerprint,
    pair_of,
    token_warning,
)
from synkro_resources.model.clock import FixedClock

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def jwt(**payload: object) -> SecretStr:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, allow_nan=False).encode()).decode().rstrip("=")

    return SecretStr(f"{part({'alg': 'RS256'})}.{part(payload)}.c2ln")


class Stored:
    def __init__(self, secrets: dict[str, SecretStr], **public: str) -> None:
        self._secrets = secrets
        self._public = public

    def text(self, name: str, default: str = "") -> str:
        return self._public.get(name, default)

    def secret(self, name: str) -> SecretStr:
        return self._secrets.get(name, SecretStr(""))


def lasting(days: float) -> SecretStr:
    return jwt(exp=int((NOW + timedelta(days=days)).timestamp()))


def test_the_documented_claims_are_read() -> None:
    token = jwt(
        aud="client",
        iat=1767225600,
        exp=1767312000,
        sub="9001001",
        account_id=31900077,
        base_domain="amocrm.ru",
        scopes=["crm", "files"],
        api_domain="api-b.amocrm.ru",
    )
    found = claims(token)
    assert found is not None
    assert (found.account_id, found.user_id, found.client_id) == (31900077, 9001001, "client")
    assert found.expires_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert found.scopes == ("crm", "files")
    assert not hasattr(found, "api_domain"), "nothing may be sent to the host that an unproven claim names"


@given(st.text(max_size=200))
def test_any_text_may_stand_where_a_token_should_be(text: str) -> None:
    known = claims(SecretStr(text))
    assert known is None or known.account_id is None or isinstance(known.account_id, int)


@given(st.dictionaries(st.sampled_from(["exp", "iat", "sub", "aud", "scopes", "account_id"]), st.from_type(object)))
def test_claims_of_odd_shapes_are_left_out(payload: dict[str, object]) -> None:
    plain = {key: value for key, value in payload.items() if isinstance(value, str | int | float | bool | None)}
    try:
        token = jwt(**plain)
    except ValueError:
        return
    assert claims(token) is not None
    assert days_left(token, NOW) is None or isinstance(days_left(token, NOW), int)


def test_the_sandboxs_fixed_tokens_say_nothing_and_that_is_fine() -> None:
    token = SecretStr("sandbox-amocrm-demo")
    assert claims(token) is None
    assert days_left(token, NOW) is None
    assert token_warning(Stored({"token": token}), FixedClock(NOW)) is None


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (400, None),
        (31.5, None),
        (30.5, "30 дн."),
        (8.5, "8 дн."),
        (7.5, "Срочно: Долгосрочный токен amoCRM действует ещё 7 дн."),
        (0.5, "Срочно: Долгосрочный токен amoCRM действует ещё 0 дн."),
        (-0.5, "срок истёк"),
    ],
)
def test_a_long_lived_token_warns_a_month_ahead_and_urgently_a_week_ahead(days: float, words: str | None) -> None:
    warning = token_warning(Stored({"token": lasting(days)}), FixedClock(NOW))
    if words is None:
        assert warning is None
        return
    assert warning is not None
    what, remedy = warning
    assert words in what.ru
    assert what.en
    assert "Выпустите новый" in remedy.ru
    assert ("Срочно" in what.ru) == (0 <= days < 8)


@pytest.mark.parametrize(("age_days", "warned"), [(0, False), (74, False), (75, True), (89, True), (91, True)])
def test_an_oauth_pair_warns_when_it_was_not_renewed_for_two_and_a_half_months(age_days: int, warned: bool) -> None:
    until = NOW - timedelta(days=age_days) + REFRESH_LIFE
    stored = Stored({"token": lasting(1)}, auth="oauth", refresh_expires_at=until.isoformat())
    warning = token_warning(stored, FixedClock(NOW))
    assert (warning is not None) == warned
    if warning is not None:
        assert "Настройки" in warning[1].ru


def test_an_answer_without_server_time_or_life_is_still_a_pair() -> None:
    pair = pair_of({"access_token": "a", "refresh_token": "r"}, NOW)
    assert pair is not None
    assert pair.access_expires_at == NOW + ACCESS_LIFE
    assert pair.refresh_expires_at == NOW + REFRESH_LIFE
    assert "a" not in repr(pair.access)


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"access_token": "a"}, {"access_token": "a\nb", "refresh_token": "r"}, {"access_token": 1}],
)
def test_what_cannot_be_sent_is_no_pair(answer: object) -> None:
    assert pair_of(answer, NOW) is None


def test_a_fingerprint_recognises_a_token_and_does_not_hold_it() -> None:
    token = SecretStr("def50200secret")
    assert fingerprint(token) == fingerprint(SecretStr("def50200secret")) != fingerprint(SecretStr("other"))
    assert "secret" not in fingerprint(token)
