"""The page of runs: who may ask for reports cancels what is open and goes on with what failed, nobody else does."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.pages import runs as page
from synkro_app.cabinet.services import reports, runs
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.run_requests import update_request
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import Role
from synkro_resources.model.period import Period
from synkro_resources.settings import Settings

FAILED = IntegrationError(
    "amocrm.token_refused",
    Sentence("amoCRM не принял токен.", "amoCRM refused the token."),
    Sentence("Создайте новый токен.", "Create a new token."),
)


def person(tenant: str, role: Role) -> SessionUser:
    member = Membership(tenant, role, None, can_read_texts=False)
    return SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock) -> Installation:
    return Installation(Settings.load(), control_db, control_clock)


@pytest.fixture
def request_id(place: Installation, tenant_a: Tenant) -> str:
    owner = person(tenant_a.slug, Role.OWNER)
    return reports.ask_for_report(place, owner, tenant_a.slug, Period.day(date(2026, 11, 19))).id


def test_an_open_request_is_cancelled_and_a_cancelled_one_goes_on(
    place: Installation, tenant_a: Tenant, request_id: str
) -> None:
    analyst, slug = person(tenant_a.slug, Role.ANALYST), tenant_a.slug
    assert runs.cancel(place, analyst, slug, request_id).status == "cancelled"
    with pytest.raises(RefusedError):
        runs.cancel(place, analyst, slug, request_id)
    assert runs.retry(place, analyst, slug, request_id).is_open
    assert {"run.cancelled", "run.retried"} <= {event.action for event in tenant_events(place.control, slug)}


def test_a_viewer_and_a_stranger_decide_nothing(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, request_id: str
) -> None:
    for decide in (runs.cancel, runs.retry):
        with pytest.raises(RefusedError):
            decide(place, person(tenant_a.slug, Role.VIEWER), tenant_a.slug, request_id)
        with pytest.raises(UserInputError):
            decide(place, person(tenant_b.slug, Role.OWNER), tenant_b.slug, request_id)
    assert runs.requests_of(place, person(tenant_a.slug, Role.OWNER), tenant_a.slug)[0].is_open


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, place: Installation, tenant_a: Tenant) -> dict[str, Role]:
    """The page as it is drawn for a person of the chosen role."""
    who = {"role": Role.OWNER}
    for module in (page, deeds):
        monkeypatch.setattr(module, "viewer", lambda: person(tenant_a.slug, who["role"]))
        monkeypatch.setattr(module, "installation", lambda: place)
    return who


def drawn() -> AppTest:
    def script() -> None:
        from synkro_app.cabinet.pages.runs import draw

        draw()

    return AppTest.from_function(script).run()


def test_the_buttons_fit_the_state_and_tell_what_they_did(
    place: Installation, tenant_a: Tenant, request_id: str, shown: dict[str, Role]
) -> None:
    app = drawn()
    app.button(key=f"run_cancel_{request_id}").click().run()
    assert not app.exception
    assert "Запрос отменён" in app.success[0].value
    update_request(place.control, tenant_a.slug, request_id, status="failed", error=FAILED, clock=place.clock)
    app.run()
    assert any("Создайте новый токен" in element.value for element in app.error)
    app.button(key=f"run_retry_{request_id}").click().run()
    assert "Запрос продолжен" in app.success[0].value
    shown["role"] = Role.VIEWER
    assert len(drawn().button) == 0
