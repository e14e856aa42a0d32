"""The operator sees who needs somebody first, and brings a company in without learning anything of its dialogs."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import company, dialogs, operator, overview, rights, support
from synkro_app.cli import main
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.checklist import checklist_of
from synkro_resources.control.database import Database
from synkro_resources.control.fleet import TenantHealth
from synkro_resources.control.integrations import mark_broken, mark_integration, set_integration
from synkro_resources.control.invitations import find_invitation
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.notices import open_notices
from synkro_resources.control.plans import tenant_plan
from synkro_resources.control.run_requests import create_request, update_request
from synkro_resources.control.sessions import SessionUser, find_session, open_session
from synkro_resources.control.tables.audit import audit_event
from synkro_resources.control.tables.people import platform_role
from synkro_resources.control.tables.runs import run, run_request
from synkro_resources.control.tenants import Tenant, get_tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind, RequestKind, Role
from synkro_resources.model.period import Period
from synkro_resources.settings import Settings
from tests.app.people import new_person
from tests.control_fixtures import NOON, new_tenant

OPERATOR = SessionUser("op1", "op@example.com", "", "ru", "s1", (), None, None, is_operator=True)
REVOKED = IntegrationError("amocrm.revoked", Sentence("Доступ отозван.", "Revoked."), Sentence("", ""))


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Installation:
    settings = Settings.load(lake_url=str(tmp_path), state_dir=tmp_path, dagster_url="http://127.0.0.1:1/ops")
    return Installation(settings, control_db, control_clock)


def due_report(db: Database, tenant: str, clock: FixedClock) -> str:
    """A report by schedule that was due an hour ago and still runs."""
    day = Period.day(NOON.date() - timedelta(days=1))
    made = create_request(
        db, tenant=tenant, kind=RequestKind.REPORT, period=day, requested_by="schedule:s", reason="", clock=clock
    )
    with db.tenant(tenant) as connection:
        connection.execute(run_request.update().values(due_at=NOON - timedelta(hours=1), status="running"))
    return made.id


def failed_run(db: Database, tenant: str, code: str) -> None:
    with db.tenant(tenant) as connection:
        connection.execute(
            insert(run).values(
                tenant=tenant,
                run_id=secrets.token_hex(6),
                job="j",
                stage="",
                chunk=0,
                attempt=1,
                status="failed",
                started_at=NOON,
                heartbeat_at=NOON,
                finished_at=NOON - timedelta(hours=2),
                error_code=code,
                what_ru="Сломалось.",
                what_en="Broke.",
                remedy_ru="",
                remedy_en="",
            )
        )


def of(place: Installation, tenant: Tenant) -> tuple[int, TenantHealth]:
    found = operator.installation_state(place, OPERATOR).tenants
    return next((number, one) for number, one in enumerate(found) if one.tenant.slug == tenant.slug)


def test_looking_at_the_page_is_on_record_once_a_visit_and_not_at_every_redraw(
    place: Installation, control_db: Database
) -> None:
    user = replace(OPERATOR, user_id=secrets.token_hex(4))
    for _ in range(3):
        operator.installation_state(place, user)
        operator.known_plans(place, user)
    with control_db.owner() as connection:
        seen = connection.execute(select(audit_event.c.reason).where(audit_event.c.actor == f"operator:{user.user_id}"))
        assert seen.scalars().all() == ["the state of the installation"]


def test_late_companies_come_before_broken_ones_and_those_before_the_rest(
    place: Installation, control_db: Database, control_clock: FixedClock, keyring: Keyring, tenant_a: Tenant
) -> None:
    broken, calm = (new_tenant(control_db, control_clock, letter) for letter in "cd")
    due_report(control_db, tenant_a.slug, control_clock)
    public = {"base_url": "https://x.amocrm.ru", "auth": "token"}
    set_integration(control_db, keyring, broken.slug, IntegrationKind.AMOCRM, public, {"token": "t" * 20}, "u")
    mark_broken(control_db, broken.slug, IntegrationKind.AMOCRM, REVOKED)
    code = f"x.{secrets.token_hex(4)}"
    for tenant in (tenant_a, broken):
        failed_run(control_db, tenant.slug, code)
    places = [of(place, tenant) for tenant in (tenant_a, broken, calm)]
    assert [number for number, _ in places] == sorted(number for number, _ in places)
    late, ill, well = (health for _, health in places)
    assert (late.level, late.late_reports, late.waiting) == ("late", 1, 1)
    assert (ill.level, ill.onboarding, [item.what.ru for item in ill.broken]) == (
        "broken",
        "connecting",
        ["Доступ отозван."],
    )
    assert (well.level, well.onboarding, well.plan) == ("ok", "new", "pro")
    errors = operator.installation_state(place, OPERATOR).errors
    kind = next(one for one in errors if one.code == code)
    assert (kind.count, set(kind.tenants)) == (2, {tenant_a.slug, broken.slug})


def test_the_operator_sees_which_steps_of_the_onboarding_are_open_as_the_company_does(
    place: Installation, control_db: Database, control_clock: FixedClock, keyring: Keyring, tenant_a: Tenant
) -> None:
    assert not any(of(place, tenant_a)[1].checklist.values())
    public = {"base_url": "https://x.amocrm.ru", "auth": "token"}
    set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.AMOCRM, public, {"token": "t" * 20}, "u")
    mark_integration(control_db, tenant_a.slug, IntegrationKind.AMOCRM, "ok")
    due_report(control_db, tenant_a.slug, control_clock)
    with control_db.tenant(tenant_a.slug) as connection:
        connection.execute(run_request.update().values(status="done"))
    seen = of(place, tenant_a)[1].checklist
    assert {item for item, is_done in seen.items() if is_done} == {"amocrm", "loaded", "report"}
    assert seen == checklist_of(control_db, tenant_a.slug)


def test_the_command_tells_the_same_of_a_cell(
    control_db: Database, control_clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = f"cell-{secrets.token_hex(3)}"
    tenant = new_tenant(control_db, control_clock, "e", cell=cell)
    due_report(control_db, tenant.slug, control_clock)
    failed_run(control_db, tenant.slug, "amocrm.revoked")
    settings = {"DATABASE_URL": control_db.url, "STATE_DIR": str(tmp_path), "CELL": cell}
    for name, value in {**settings, "CLOCK": "2026-11-20T12:00:00Z"}.items():
        monkeypatch.setenv(f"SYNKRO_{name}", value)
    told = CliRunner().invoke(main, ["status"])
    assert told.exit_code == 1
    assert f"! {tenant.slug} late: late reports 1" in told.output
    assert f"1 × amocrm.revoked ({tenant.slug}): Broke." in told.output


def test_a_company_is_made_with_a_link_for_its_owner_and_stopped_with_a_reason(
    place: Installation, control_db: Database, control_clock: FixedClock
) -> None:
    slug = f"op-{secrets.token_hex(4)}"
    values = {"slug": slug, "name": "  Двери ", "zone": "Asia/Omsk", "plan": "base"}
    with pytest.raises(UserInputError):  # nothing is made where nobody could come in
        operator.add_company(place, OPERATOR, **values, owner_email="nobody")
    link = operator.add_company(place, OPERATOR, **values, owner_email="Owner@Example.com")
    invited = find_invitation(control_db, link.address.rpartition("/")[2], control_clock)
    assert invited is not None
    assert (invited.email, invited.role, get_tenant(control_db, slug).name) == (
        "owner@example.com",
        Role.OWNER,
        "Двери",
    )
    with pytest.raises(UserInputError) as refusal:
        operator.suspend(place, OPERATOR, slug, "  ")
    assert refusal.value.code == "operator.no_reason"
    operator.suspend(place, OPERATOR, slug, "не оплачено")
    assert of(place, get_tenant(control_db, slug))[1].level == "suspended"
    operator.resume(place, OPERATOR, slug, "оплачено")
    operator.change_plan(place, OPERATOR, slug, "pro", "оплачено")
    assert tenant_plan(control_db, slug).code == "pro"
    told = {(event.action, event.actor) for event in tenant_events(control_db, slug)}
    assert {("tenant.suspended", "operator:op1"), ("plan.changed", "operator:op1")} <= told
    assert operator.daemons(place, OPERATOR) is None


def test_an_operator_works_in_a_company_for_an_hour_announced_and_reads_only_what_its_owner_has_opened(
    place: Installation, control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    slug, owner = tenant_a.slug, new_person(control_db, control_clock, tenant_a)
    person = new_person(control_db, control_clock, None)
    with control_db.operator("test", "appoint") as connection:
        connection.execute(
            insert(platform_role).values(user_id=person.user_id, role="operator", granted_at=NOON, granted_by="t")
        )
    tokens = [open_session(control_db, who.user_id, control_clock) for who in (person, owner)]

    def user(number: int = 0) -> SessionUser:
        found = find_session(control_db, tokens[number], control_clock)
        assert found is not None
        return found

    def refused(code: str) -> None:
        with pytest.raises(RefusedError) as refusal:
            dialogs.listing(place, user(), slug, Period.day(NOON.date()))
        assert refusal.value.code == code

    refused("rights.not_found")
    operator.act_for(place, user(), slug, "не грузятся сделки")
    assert (user().tenant, overview.company(place, user(), slug).slug) == (slug, slug)
    (notice,) = open_notices(control_db, slug)
    assert (notice.failure.kind, "не грузятся сделки" in notice.failure.what.ru) == ("support_visit", True)
    (visit,) = support.presence(place, user(1), slug).visits
    assert (visit.name, visit.expires_at - NOON) == ("Анна Проверкина", timedelta(minutes=60))
    refused("rights.contents_closed")
    with pytest.raises(RefusedError):
        support.open_access(place, user(), slug, 7)
    support.open_access(place, user(1), slug, 7)
    assert dialogs.listing(place, user(), slug, Period.day(NOON.date())).episodes == ()
    assert rights.may_read_texts(user(), slug)
    support.close_access(place, user(1), slug)
    refused("rights.contents_closed")
    company.save(place, user(), slug, {"company_name": "Двери"})
    control_clock.move(timedelta(minutes=60))
    refused("rights.not_found")
    assert (user().tenant, support.presence(place, user(1), slug).visits) == (None, ())
    told = {(event.action, event.actor) for event in tenant_events(control_db, slug)}
    by_him = f"operator:{person.user_id}"
    assert {("support.begun", by_him), ("support.access_on", f"user:{owner.user_id}")} <= told
    assert ("tenant.settings_saved", by_him) in told


def test_a_request_that_failed_and_was_made_again_is_no_trouble_any_more(
    place: Installation, control_db: Database, control_clock: FixedClock, tenant_a: Tenant
) -> None:
    request = due_report(control_db, tenant_a.slug, control_clock)
    update_request(control_db, tenant_a.slug, request, status="failed", error=REVOKED, clock=control_clock)
    assert of(place, tenant_a)[1].level == "late"
    update_request(control_db, tenant_a.slug, request, status="done", clock=control_clock)
    assert of(place, tenant_a)[1].late_reports == 0
