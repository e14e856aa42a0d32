"""What a client is billed for is counted from stored rows: nothing twice, and nobody beyond the plan unnoticed."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner

from synkro_app.cli import main
from synkro_resources.control import plans, usage
from synkro_resources.control.analyses import DayLink, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.invitations import accept, invite
from synkro_resources.control.rubrics import apply_rubric, edit_rubric
from synkro_resources.control.schedules import allows_schedules
from synkro_resources.control.tenants import Tenant, add_tenant
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.ids import Role
from tests.control_fixtures import NOON, new_tenant
from tests.resources.control.test_labels import analysis

MONTH, TODAY = date(2026, 11, 1), NOON.date()


def answered(db: Database, tenant: str, dialog: int, day: date, contact: int | None = None, status: str = "ok") -> None:
    """One episode of the chat on this day, with what became of the question about it."""
    key = f"{dialog}:{day}"
    save_analysis(db, tenant, analysis(key, episode=key, status=status))
    link_days(db, tenant, [DayLink(day, key, key, cache_hit=False, contact_id=contact)])


@pytest.fixture
def basic(control_db: Database, control_clock: FixedClock) -> Tenant:
    return new_tenant(control_db, control_clock, "u", plan="base")


def person(db: Database, clock: FixedClock) -> str:
    email = f"{secrets.token_hex(5)}@example.org"
    return add_user(db, email=email, name="Анна", password="a long enough password 7", clock=clock).user_id


def second(db: Database, clock: FixedClock, first: Tenant, plan: str) -> None:
    account = f"account of {first.slug}"
    add_tenant(db, slug=f"{first.slug}-2", name="", zone="UTC", account=account, cell="main", plan=plan, clock=clock)


def test_a_client_is_one_dialog_of_the_month_however_often_and_wherever_he_writes(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    slug = tenant_a.slug
    for day in (2, 3, 20):
        answered(control_db, slug, 1, MONTH.replace(day=day), contact=70)
    answered(control_db, slug, 2, MONTH.replace(day=5), contact=70)  # the same client in another messenger
    answered(control_db, slug, 3, MONTH.replace(day=6))  # nobody's yet
    answered(control_db, slug, 3, MONTH.replace(day=9), contact=71)
    answered(control_db, slug, 4, MONTH.replace(day=9))
    answered(control_db, slug, 5, MONTH.replace(day=9), status="budget")
    answered(control_db, slug, 6, MONTH - timedelta(days=1), contact=72)
    answered(control_db, tenant_b.slug, 8, MONTH, contact=80)
    for _ in range(2):
        usage.store_usage(control_db, tenant_a, {MONTH, date(2026, 10, 1)})
        found = usage.month_so_far(control_db, tenant_a, NOON)
        assert (found.usage.dialogs, dict(found.counted.new)) == (
            3,
            {date(2026, 11, 2): 1, date(2026, 11, 6): 1, date(2026, 11, 9): 1},
        )
        assert [(one.month, one.dialogs) for one in found.past] == [(date(2026, 10, 1), 1)]


def test_the_forecast_goes_on_at_the_pace_of_the_last_week_and_not_of_the_months_first_days() -> None:
    days = {MONTH + timedelta(days=number): 100 if number < 3 else 10 for number in range(10)}
    counted = usage.Counted(MONTH, days, {})
    assert usage.forecast(counted, date(2026, 11, 11)) == 370 + 10 * 20
    assert usage.forecast(usage.Counted(MONTH, {MONTH: 5}, {}), MONTH) is None
    assert usage.forecast(counted, date(2026, 11, 30)) == 370


def test_the_basic_plan_is_for_buttons_and_the_ready_checklist(
    control_db: Database, control_clock: FixedClock, basic: Tenant, tenant_a: Tenant
) -> None:
    assert not allows_schedules(control_db, basic.slug)
    version = edit_rubric(
        control_db, basic.slug, {"CK01": {"question": "Менеджер поздоровался?"}}, actor="op", clock=control_clock
    ).version
    with pytest.raises(RefusedError) as refusal:
        apply_rubric(control_db, basic.slug, version, actor="op", clock=control_clock)
    assert refusal.value.code == "plan.analytics"


def test_two_invitations_at_once_do_not_share_the_last_seat(
    control_db: Database, control_clock: FixedClock, basic: Tenant
) -> None:
    for _ in range(2):
        set_membership(control_db, person(control_db, control_clock), basic.slug, Role.ADMIN, clock=control_clock)

    def ask(_: int) -> str:
        try:
            email = f"{secrets.token_hex(5)}@example.org"
            return invite(control_db, basic.slug, email, Role.VIEWER, clock=control_clock, actor="op")[1]
        except RefusedError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert sorted(answers)[1:] == ["plan.users"] * 3 or answers.count("plan.users") == 3
    # Whoever was let in meanwhile takes the invitation's seat: the link then says so.
    set_membership(control_db, person(control_db, control_clock), basic.slug, Role.VIEWER, clock=control_clock)
    with pytest.raises(RefusedError) as refusal:
        set_membership(control_db, person(control_db, control_clock), basic.slug, Role.VIEWER, clock=control_clock)
    assert refusal.value.code == "plan.users"


def test_a_link_lets_nobody_in_beyond_the_plan(control_db: Database, control_clock: FixedClock, basic: Tenant) -> None:
    email = f"{secrets.token_hex(5)}@example.org"
    invited = add_user(control_db, email=email, name="Б", password="a long enough password 7", clock=control_clock)
    _, token = invite(control_db, basic.slug, email, Role.VIEWER, clock=control_clock, actor="op")
    for _ in range(3):
        set_membership(control_db, person(control_db, control_clock), basic.slug, Role.ADMIN, clock=control_clock)
    with pytest.raises(RefusedError) as refusal:
        accept(control_db, token, invited.user_id, email, control_clock)
    assert refusal.value.code == "plan.users"


def test_an_account_has_no_more_companies_than_its_plan(
    control_db: Database, control_clock: FixedClock, basic: Tenant
) -> None:
    with pytest.raises(RefusedError) as refusal:
        second(control_db, control_clock, basic, "base")
    assert refusal.value.code == "plan.tenants"
    second(control_db, control_clock, basic, "pro")


def test_the_commands_show_and_set_the_plan_and_tell_what_is_used(
    control_db: Database, basic: Tenant, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_db.url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("SYNKRO_CLOCK", "2026-11-20T12:00:00Z")
    answered(control_db, basic.slug, 1, TODAY)

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        return result.output

    assert "reports by schedule: no" in run("plan", "show", "--tenant", basic.slug)
    assert "1 dialogs" in run("usage", "--tenant", basic.slug)
    run("plan", "set", "--tenant", basic.slug, "--plan", "enterprise", "--reason", "paid")
    assert plans.tenant_plan(control_db, basic.slug).promises_send_time
    assert "enterprise (Enterprise): 0% of 100000" in run("usage", "--tenant", basic.slug)
    assert usage.share_of(0, 0) == Decimal(1)
