"""A member of one company gets nothing out of another one's, whatever service or file address is called.

Generated from the services themselves: a new function is called as well, or this fails until there is a way to.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, date, datetime, time
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from synkro_app.cabinet import services
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import operator
from synkro_app.cabinet.services.journal import Filters
from synkro_resources.control.database import Database
from synkro_resources.control.report_files import ReportFile
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import DataError, RefusedError, UserInputError
from synkro_resources.model.ids import Role
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.settings import Settings
from tests.resources.control.test_packages import document

DAY = date(2026, 11, 20)
SAMPLES: dict[object, object] = {
    str: "sample",
    int: 1,
    float: 1.0,
    bool: True,
    bytes: b"sample",
    date: DAY,
    time: time(8, 30),
    datetime: datetime(2026, 11, 20, 12, tzinfo=UTC),
    Period: Period.day(DAY),
    Filters: Filters(DAY, DAY),
    ReportFile: ReportFile("d", "pdf", "reports/files/x/d.pdf", "0" * 64, 1, datetime(2026, 11, 20, tzinfo=UTC)),
    ReportDocument: document("sample", "sample"),
}
ABOUT_ONESELF = {"rights.own_manager", "rights.may_read_texts", "team.roles_to_give"}
"""They tell what the asking person may do and read nothing; elsewhere that is nothing."""
CONTENTS = {
    *("comparing.compare", "conclusions.to_judge", "crm_meaning.spoken", "data_quarantine.examples"),
    *("data_quarantine.note_opening", "dialog.note_reading", "dialog.opened", "dialogs.listing"),
    *("reports.charts_of", "reports.corrected", "reports.deliveries_of", "reports.document", "reports.files"),
    *("reports.latest", "reports.list_sizes", "reports.newer_revision", "reports.open_file", "reports.rows_behind"),
    *("reviews.to_review", "rights.require_contents", "rubric.checklist", "today.to_do", "unmatched.worklist"),
}
"""What clients wrote, and what quotes them: for Synkro's people only while the owner has opened it."""
STATES = {
    *("addresses.attached_files", "addresses.is_connected", "addresses.listing"),
    *("ai_limits.estimate", "ai_limits.save", "ai_limits.usage"),
    *("company.save", "company.save_week", "company.set_day", "company.settings_of"),
    *("crm_meaning.crm_words", "crm_meaning.save", "data.journal", "data.month", "data.year", "data_counts.counts"),
    *("data_dictionary.tables", "data_flow.sheet", "data_loads.ask_for_load", "data_loads.offer"),
    *("data_quarantine.put_aside", "destinations.listing", "destinations.pending", "estimates.of_report"),
    *("integrations.check", "integrations.consent_link", "integrations.listing", "integrations.newest_check"),
    *("integrations.save", "journal.choices", "journal.page", "key_figures.key_figures"),
    *("onboarding.ask_for_first_report", "onboarding.leave_for_later", "onboarding.progress", "onboarding.return_to"),
    *("overview.company", "overview.data_state", "overview.unheard", "plan.plan_page"),
    *(
        "reports.ask_for_report",
        "reports.listing",
        "rights.require_state",
        "runs.cancel",
        "runs.progress_of",
        "runs.requests_of",
        "runs.retry",
    ),
    *("schedules.are_allowed", "schedules.listing", "schedules.pause", "schedules.recipients", "schedules.resume"),
    *(
        "schedules.save",
        "radist_events.subscriptions",
        "radist_events.switch",
        "support.leave",
        "support.presence",
        "team.invitations",
        "team.managers",
        "team.members",
    ),
    *("today.steps_today", "vendor_lists.choices", "warehouse_schema.apply", "warehouse_schema.script"),
}
"""What Synkro's people may see and do while they work in a company's cabinet: states and settings."""


def functions() -> dict[str, Callable[..., object]]:
    """Every public function of the services that takes a tenant, by `module.name`; a name is no answer."""
    found: dict[str, Callable[..., object]] = {}
    for item in pkgutil.walk_packages(services.__path__, f"{services.__name__}."):
        module = import_module(item.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            is_own = function.__module__ == module.__name__ and not name.startswith("_") and name != "actor_of"
            if is_own and "tenant" in inspect.signature(function).parameters:
                found[f"{item.name.removeprefix(services.__name__ + '.')}.{name}"] = function
    return found


FUNCTIONS = functions()


def sample(hint: object) -> object:
    """A value of the type, so that nothing but the rights can be what stops the call."""
    if hint in SAMPLES:
        return SAMPLES[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return None if type(None) in parts else sample(parts[0])
    if origin is Literal:
        return parts[0]
    if origin is Collection and parts == (Role,):
        return tuple(Role)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Collection):
        return origin() if origin in (list, dict, tuple, set, frozenset) else ()
    raise AssertionError(f"no sample of {hint}: add one to SAMPLES, so that isolation is tested for what takes it")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_service_answers_a_member_of_another_company(
    name: str, control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tenant_b: Tenant, lake: Path
) -> None:
    member = Membership(tenant_a.slug, Role.OWNER, None, can_read_texts=True)
    owner = SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant_a.slug, Role.OWNER, is_operator=False)
    place = Installation(Settings.load(lake_url=str(lake), state_dir=lake), control_db, control_clock)
    function = FUNCTIONS[name]
    hints = get_type_hints(function)
    given: dict[str, Any] = {"place": place, "user": owner, "tenant": tenant_b.slug}
    arguments = {
        parameter: given[parameter] if parameter in given else sample(hints[parameter])
        for parameter in inspect.signature(function).parameters
    }
    if name in ABOUT_ONESELF:
        assert not function(**arguments)
        return
    with pytest.raises(RefusedError) as refusal:
        function(**arguments)
    assert refusal.value.code == "rights.not_found"


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - STATES - ABOUT_ONESELF))
def test_an_operator_at_work_in_a_company_reads_no_dialogs_and_does_nothing_in_its_peoples_place(
    name: str, control_db: Database, control_clock: FixedClock, tenant_b: Tenant, lake: Path
) -> None:
    """What is not named as a state or a setting is closed to him; with the owner's leave he reads, and reads only."""
    place = Installation(Settings.load(lake_url=str(lake), state_dir=lake), control_db, control_clock)
    function = FUNCTIONS[name]
    hints = get_type_hints(function)
    for reads in (False, True):
        visit = Membership(tenant_b.slug, Role.ADMIN, None, can_read_texts=reads, is_support=True)
        user = SessionUser("o1", "o@example.com", "", "ru", "s", (visit,), tenant_b.slug, Role.ADMIN, is_operator=False)
        given: dict[str, Any] = {"place": place, "user": user, "tenant": tenant_b.slug}
        arguments = {
            parameter: given[parameter] if parameter in given else sample(hints[parameter])
            for parameter in inspect.signature(function).parameters
        }
        if reads and name in CONTENTS:
            with suppress(UserInputError, DataError):  # of what is not there
                function(**arguments)
            continue
        with pytest.raises(RefusedError) as refusal:
            function(**arguments)
        code = "rights.contents_closed" if name in CONTENTS else "rights.members_only"
        assert refusal.value.code in (code, "rights.not_found"), name


@pytest.mark.parametrize("role", Role)
def test_nobody_but_the_platforms_own_people_gets_anything_out_of_the_operators_page(
    role: Role, control_db: Database, control_clock: FixedClock, tenant_a: Tenant, lake: Path
) -> None:
    """Also about one's own company: whoever owns it neither suspends it nor chooses what it pays for."""
    member = Membership(tenant_a.slug, role, None, can_read_texts=True)
    user = SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant_a.slug, role, is_operator=False)
    place = Installation(Settings.load(lake_url=str(lake), state_dir=lake), control_db, control_clock)
    given: dict[str, Any] = {"place": place, "user": user, "tenant": tenant_a.slug}
    found = [
        function
        for name, function in inspect.getmembers(operator, inspect.isfunction)
        if function.__module__ == operator.__name__ and not name.startswith("_")
    ]
    assert len(found) > 6
    for function in found:
        hints = get_type_hints(function)
        parameters = inspect.signature(function).parameters
        with pytest.raises(RefusedError) as refusal:
            function(**{name: given[name] if name in given else sample(hints[name]) for name in parameters})
        assert refusal.value.code == "rights.not_found", function.__name__


def test_the_services_are_found() -> None:
    assert {"reports.open_file", "destinations.confirm", "team.invite", "journal.export"} <= FUNCTIONS.keys()
    assert FUNCTIONS.keys() >= ABOUT_ONESELF


def test_a_value_of_an_unknown_type_is_asked_for() -> None:
    with pytest.raises(AssertionError, match="add one to SAMPLES"):
        sample(Path)
