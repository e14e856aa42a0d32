"""The page of reports: a doubtful part goes once more by a person's word alone, and two reports stand side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.pages import reports as page
from synkro_app.cabinet.services import comparing, estimates, sending
from synkro_resources.control import outbox, outcomes
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.run_requests import list_requests
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import Role
from synkro_resources.model.package import PackageMetric
from synkro_resources.model.period import Period
from synkro_resources.settings import Settings
from tests.app.cabinet.test_overview import figures, person
from tests.resources.control.test_packages import DAY, document, package

EARLIER = DAY - timedelta(days=7)
WHO_SENDS = {Role.OWNER, Role.ADMIN, Role.ANALYST}


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Installation:
    return Installation(Settings.load(lake_url=str(tmp_path)), control_db, control_clock)


def kept(place: Installation, tenant: str, day: date, metrics: tuple[PackageMetric, ...]) -> str:
    """A day's package with its document."""
    built = replace(package(tenant), period=Period.day(day), metrics=metrics)
    package_id = save_package(place.control, built).package_id
    drawn = document(tenant, package_id).model_copy(
        update={"report_id": built.period.report_id, "title": f"Отчёт {day:%d.%m}"}
    )
    save_report(place.control, tenant, drawn)
    return package_id


@pytest.fixture
def parts(place: Installation, tenant_a: Tenant) -> dict[str, str]:
    """Ids of the three parts of a report by what became of them."""
    package_id = kept(place, tenant_a.slug, DAY, figures(54, 42))
    chat = add_destination(
        place.control, tenant_a.slug, channel="telegram", chat_id="501", title="Отчёты", actor="test"
    ).destination_id
    wanted = [outbox.NewPart(chat, "telegram", number, 3, {"text": str(number)}) for number in (1, 2, 3)]
    report_id = Period.day(DAY).report_id
    outbox.enqueue(
        place.control,
        tenant_a.slug,
        report_id=report_id,
        package_id=package_id,
        revision=1,
        parts=wanted,
        clock=place.clock,
    )
    first = outbox.claim_next(place.control, tenant_a.slug, chat, place.clock)
    assert first is not None
    outcomes.mark_sent(place.control, tenant_a.slug, first.delivery.delivery_id, "m1", place.clock)
    second = outbox.claim_next(place.control, tenant_a.slug, chat, place.clock)
    assert second is not None
    outcomes.mark_uncertain(place.control, tenant_a.slug, second.delivery.delivery_id, place.clock, code="timeout")
    return {part.state: part.delivery_id for part in outbox.deliveries(place.control, tenant_a.slug, report_id)}


def state_of(place: Installation, tenant: str, delivery_id: str) -> str:
    return next(part.state for part in outbox.deliveries(place.control, tenant) if part.delivery_id == delivery_id)


def test_a_part_that_arrived_never_goes_twice_and_only_who_may_ask_sends_again(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, parts: dict[str, str]
) -> None:
    slug, report_id = tenant_a.slug, Period.day(DAY).report_id
    owner = person(slug, Role.OWNER)
    for state in ("sent", "pending"):
        with pytest.raises(RefusedError, match=r"delivery\.wrong_state"):
            sending.resend(place, owner, slug, report_id, parts[state])
    for stranger, tenant in ((person(slug, Role.VIEWER), slug), (person(tenant_b.slug, Role.OWNER), tenant_b.slug)):
        with pytest.raises(RefusedError):
            sending.resend(place, stranger, tenant, report_id, parts["uncertain"])
        with pytest.raises(RefusedError):
            sending.accept(place, stranger, tenant, parts["uncertain"])
    assert list_requests(place.control, slug, 5) == []
    assert sending.resend(place, owner, slug, report_id, parts["uncertain"]).is_resend
    assert [request.period for request in list_requests(place.control, slug, 5)] == [Period.day(DAY)]
    assert "delivery.send_again" in {event.action for event in tenant_events(place.control, slug)}
    with pytest.raises(RefusedError, match=r"delivery\.wrong_state"):  # a second click on the same page
        sending.resend(place, owner, slug, report_id, parts["uncertain"])


def test_two_reports_of_one_kind_are_compared_figure_by_figure(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    slug, owner = tenant_a.slug, person(tenant_a.slug, Role.OWNER)
    before, after = kept(place, slug, EARLIER, figures(40, 30)), kept(place, slug, DAY, figures(54, 42))
    found = comparing.compare(place, owner, slug, before, after)
    assert found is not None
    told = {one.code: one.difference for one in found.figures}
    assert told == {"new_episodes": 14.0, "frt_median": 0.0, "in_sla": pytest.approx(0.24)}
    week = save_package(place.control, replace(package(slug), period=Period.week_of(EARLIER))).package_id
    with pytest.raises(UserInputError, match=r"report\.other_kind"):
        comparing.compare(place, owner, slug, week, after)
    assert comparing.compare(place, person(tenant_b.slug, Role.OWNER), tenant_b.slug, before, after) is None


def test_an_estimate_says_that_nothing_is_known_before_the_first_load(place: Installation, tenant_a: Tenant) -> None:
    found = estimates.of_report(place, person(tenant_a.slug, Role.VIEWER), tenant_a.slug, Period.week_of(DAY))
    assert (found.load.days, found.load.duration, found.labels.cost) == (7, None, None)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, place: Installation, tenant_a: Tenant) -> dict[str, SessionUser]:
    """The page as it is drawn for a person."""
    who = {"user": person(tenant_a.slug, Role.OWNER)}
    for module in (page, deeds):
        monkeypatch.setattr(module, "viewer", lambda: who["user"])
        monkeypatch.setattr(module, "installation", lambda: place)
    return who


def drawn() -> AppTest:
    def script() -> None:
        from synkro_app.cabinet.pages.reports import draw

        draw()

    return AppTest.from_function(script).run()


def test_the_page_offers_a_decision_about_the_doubtful_part_only(
    place: Installation, tenant_a: Tenant, parts: dict[str, str], shown: dict[str, SessionUser]
) -> None:
    for role in Role:
        for language in ("ru", "en"):
            shown["user"] = person(tenant_a.slug, role, language=language)
            app = drawn()
            assert not app.exception
            offered = {str(button.key) for button in app.button}
            wanted = {f"accept_{parts['uncertain']}", f"again_{parts['uncertain']}"}
            assert offered == (wanted if role in WHO_SENDS else set())
    shown["user"] = person(tenant_a.slug, Role.OWNER)
    app = drawn()
    app.button(key=f"accept_{parts['uncertain']}").click().run()
    assert not app.exception
    assert "доставлено" in app.success[0].value
    assert state_of(place, tenant_a.slug, parts["uncertain"]) == "sent"
