"""What a company sets up for itself: working time, norms, limits, first steps; a wrong value changes nothing."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import ai_limits, company, data_flow, onboarding
from synkro_app.cabinet.services.company import read_hours, written_hours
from synkro_app.cabinet.services.onboarding import Step
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant, save_tenant_settings, tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.settings import Settings
from tests.app.cabinet.test_integration_rights import person
from tests.resources.control.test_packages import document, package

AMO, RADIST = IntegrationKind.AMOCRM, IntegrationKind.RADIST


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock) -> Installation:
    return Installation(Settings.load(secret_keys=SecretStr(new_key())), control_db, control_clock)


def test_a_lunch_break_and_a_night_shift_are_read_as_they_are_written() -> None:
    assert written_hours(read_hours("9:00-13:00; 14.00 – 18:30")) == "09:00–13:00, 14:00–18:30"
    assert written_hours(read_hours("18:00–24:00, 09:00–12:00")) == "09:00–12:00, 18:00–24:00"
    assert read_hours(" ") == ()


@given(st.lists(st.integers(0, 24 * 60), min_size=2, max_size=8, unique=True).filter(lambda cuts: len(cuts) % 2 == 0))
def test_any_working_day_survives_being_shown_and_saved_again(cuts: list[int]) -> None:
    written = [f"{cut // 60:02}:{cut % 60:02}" for cut in sorted(cuts)]
    text = ", ".join(f"{start}–{end}" for start, end in zip(written[::2], written[1::2], strict=True))
    assert written_hours(read_hours(text)) == text


@pytest.mark.parametrize("hours", ["9-18", "18:00–09:00", "09:00–12:00, 11:00–13:00", "25:00–26:00", "09:60–10:00"])
def test_hours_that_cannot_be_are_refused_and_change_nothing(place: Installation, tenant_a: Tenant, hours: str) -> None:
    owner, before = person(tenant_a.slug), tenant_settings(place.control, tenant_a.slug)
    with pytest.raises(UserInputError):
        company.save_week(place, owner, tenant_a.slug, {1: hours}, "RU")
    assert tenant_settings(place.control, tenant_a.slug) == before


def test_the_calendar_is_the_one_that_reports_count_by(place: Installation, tenant_a: Tenant) -> None:
    owner, slug = person(tenant_a.slug), tenant_a.slug
    company.save_week(place, owner, slug, {1: "10:00–19:00", 2: "", 6: "11:00–15:00"}, "")
    company.set_day(place, owner, slug, date(2026, 12, 31), "")
    company.set_day(place, owner, slug, date(2026, 12, 30), "10:00–14:00")
    calendar = tenant_settings(place.control, slug).work_calendar
    assert {day: written_hours(hours) for day, hours in calendar.weekly.items()} == {1: "10:00–19:00", 6: "11:00–15:00"}
    assert calendar.public_holidays is None
    assert calendar.overrides[date(2026, 12, 31)] == ()
    company.set_day(place, owner, slug, date(2026, 12, 31), None)
    assert list(tenant_settings(place.control, slug).work_calendar.overrides) == [date(2026, 12, 30)]


def test_norms_are_saved_and_what_a_page_does_not_show_stays(place: Installation, tenant_a: Tenant) -> None:
    owner, slug = person(tenant_a.slug), tenant_a.slug
    known = tenant_settings(place.control, slug).model_copy(update={"excluded_pipelines": (7,)})
    save_tenant_settings(place.control, slug, known, changed_by="cli", clock=place.clock)
    company.save(place, owner, slug, {"sla_minutes": 5, "zone": "Europe/Moscow", "quiet_from": time(22)})
    saved = tenant_settings(place.control, slug)
    assert (saved.sla_minutes, saved.zone, saved.quiet_from, saved.excluded_pipelines) == (
        5,
        "Europe/Moscow",
        time(22),
        (7,),
    )
    for changes in ({"sla_minutes": 0}, {"zone": "Mars/Olympus"}):
        with pytest.raises(UserInputError):
            company.save(place, owner, slug, changes)
    assert tenant_settings(place.control, slug) == saved


def test_a_monthly_limit_is_set_and_lifted(place: Installation, tenant_a: Tenant) -> None:
    owner, slug = person(tenant_a.slug), tenant_a.slug
    ai_limits.save(place, owner, slug, monthly_cap="5 000,50", history="all")
    saved = tenant_settings(place.control, slug)
    assert (saved.ai_monthly_cap, saved.label_history) == (Decimal("5000.50"), "all")
    with pytest.raises(UserInputError):
        ai_limits.save(place, owner, slug, monthly_cap="much", history="all")
    ai_limits.save(place, owner, slug, monthly_cap="", history="sample")
    assert tenant_settings(place.control, slug).ai_monthly_cap is None


def test_the_first_steps_end_with_the_first_report_and_do_not_begin_anew(place: Installation, tenant_a: Tenant) -> None:
    owner, slug = person(tenant_a.slug), tenant_a.slug
    keyring = Keyring.from_settings(place.settings)
    assert onboarding.progress(place, owner, slug).current is Step.AMOCRM
    for kind in (AMO, RADIST):
        set_integration(place.control, keyring, slug, kind, {}, {"token": "t"}, "u")
        assert onboarding.progress(place, owner, slug).states[Step(kind)] == "open"  # saved, and never checked
        mark_integration(place.control, slug, kind, "ok")
    with pytest.raises(RefusedError):
        onboarding.leave_for_later(place, owner, slug, Step.RADIST)
    for step in (Step.SUPABASE, Step.AI, Step.TELEGRAM):
        onboarding.leave_for_later(place, owner, slug, step)
    onboarding.return_to(place, owner, slug, Step.AI)
    assert onboarding.progress(place, owner, slug).current is Step.AI
    onboarding.leave_for_later(place, owner, slug, Step.AI)
    state = onboarding.progress(place, owner, slug)
    assert (state.passed, state.current, state.may_load) == (5, Step.REPORT, True)
    first = onboarding.ask_for_first_report(place, owner, slug)
    assert onboarding.ask_for_first_report(place, owner, slug).id == first.id  # a second click is no second load
    assert (first.period.first_day, first.period.last_day) == (date(2026, 10, 21), date(2026, 11, 19))
    assert onboarding.progress(place, owner, slug).request == first
    save_report(place.control, slug, document(slug, save_package(place.control, package(slug)).package_id))
    mark_integration(place.control, slug, AMO, "broken", "amocrm.token_refused")
    assert onboarding.progress(place, owner, slug).is_finished
    assert not onboarding.is_needed(place, owner)


def test_the_sheet_names_the_hosts_and_the_fields_that_this_company_really_has(
    place: Installation, tenant_a: Tenant
) -> None:
    slug, keyring = tenant_a.slug, Keyring.from_settings(place.settings)
    secret = "a-secret-of-the-sheet"
    set_integration(place.control, keyring, slug, AMO, {"base_url": "https://a-b.amocrm.ru"}, {"token": secret}, "u")
    russian, english = (data_flow.sheet(place, person(slug), slug, one) for one in ("ru", "en"))
    assert "| amoCRM | a-b.amocrm.ru |" in russian
    assert "| Radist | не подключено |" in russian
    assert "`normalized/contact_phone`" in russian
    assert "Телефон как записан" in russian
    assert "| amoCRM | a-b.amocrm.ru |" in english
    assert not any(sign in english for sign in "абвгд")
    assert secret not in russian + english
