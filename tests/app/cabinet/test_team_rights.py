"""Who may invite, change, remove and let in again, as the pages ask for it; and what the record then says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from synkro_app.cabinet.components.browsers import browser_name
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import journal, profile, team
from synkro_app.cabinet.services.journal import Filters
from synkro_resources.control import second_factors, sessions, signin, totp, users
from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import Role
from synkro_resources.settings import Settings
from tests.app.people import PASSWORD, new_person


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Installation:
    settings = Settings.load(
        lake_url=str(tmp_path), secret_keys=SecretStr(new_key()), public_url="https://cabinet.example.org/"
    )
    return Installation(settings, control_db, control_clock)


def member(place: Installation, tenant: Tenant, role: Role) -> SessionUser:
    """A person of the company with an open session."""
    person = new_person(place.control, place.clock, tenant, role)
    return seen(place, sessions.open_session(place.control, person.user_id, place.clock, tenant=tenant.slug))


def seen(place: Installation, token: str) -> SessionUser:
    found = sessions.find_session(place.control, token, place.clock)
    assert found is not None
    return found


def refused(code: str):
    return pytest.raises(SynkroError, check=lambda error: error.code == code)


def with_factor(place: Installation, user: SessionUser) -> list[str]:
    setup = profile.begin_factor(place, user, PASSWORD)
    code = totp.code_at(setup.secret.replace(" ", ""), totp.step_of(place.clock.now()))
    return profile.confirm_factor(place, user, code)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_people_who_lead_nobody_may_do_nothing_with_the_team(place: Installation, tenant_a: Tenant, role: Role) -> None:
    owner, other = member(place, tenant_a, Role.OWNER), member(place, tenant_a, role)
    slug, target = tenant_a.slug, owner.user_id
    for deed in (team.members, team.managers, team.invitations):
        with refused("rights.not_found"):
            deed(place, other, slug)
    for deed in (team.remove, team.reset_link, team.reset_factor, team.revoke):
        with refused("rights.not_found"):
            deed(place, other, slug, target)
    with refused("rights.not_found"):
        team.invite(place, other, slug, "a@example.com", Role.VIEWER)
    with refused("rights.not_found"):
        team.change(place, other, slug, other.user_id, Role.OWNER)
    assert team.roles_to_give(other, slug) == []


def test_an_administrator_invites_everybody_but_owners(place: Installation, tenant_a: Tenant) -> None:
    admin = member(place, tenant_a, Role.ADMIN)
    with refused("team.only_owner"):
        team.invite(place, admin, tenant_a.slug, "boss@example.com", Role.OWNER)
    link = team.invite(place, admin, tenant_a.slug, "new@example.com", Role.ADMIN, can_read_texts=True)
    assert link.address.startswith("https://cabinet.example.org/invite/")
    assert link.expires_at == place.clock.now() + timedelta(days=7)
    (listed,) = team.invitations(place, admin, tenant_a.slug)
    assert (listed.email, listed.role, listed.invited_by) == ("new@example.com", Role.ADMIN, f"user:{admin.user_id}")
    assert Role.OWNER not in team.roles_to_give(admin, tenant_a.slug)


def test_an_administrator_opens_neither_an_owners_access_nor_his_own(place: Installation, tenant_a: Tenant) -> None:
    owner, admin = member(place, tenant_a, Role.OWNER), member(place, tenant_a, Role.ADMIN)
    with refused("team.only_owner"):
        team.reset_link(place, admin, tenant_a.slug, owner.user_id)
    with refused("team.own_access"):  # the old password is asked in the profile
        team.reset_link(place, admin, tenant_a.slug, admin.user_id)
    with refused("rights.not_found"):
        team.reset_factor(place, admin, tenant_a.slug, owner.user_id)
    may = {item.user.user_id: item.may_change for item in team.members(place, admin, tenant_a.slug)}
    assert may == {owner.user_id: False, admin.user_id: True}


def test_an_owner_takes_a_lost_factor_away_on_record_but_not_of_somebody_who_works_elsewhere_too(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    owner, admin = member(place, tenant_a, Role.OWNER), member(place, tenant_a, Role.ADMIN)
    with_factor(place, admin)
    guarded = [item.user.user_id for item in team.members(place, owner, tenant_a.slug) if item.has_factor]
    assert guarded == [admin.user_id]
    users.set_membership(place.control, admin.user_id, tenant_b.slug, Role.VIEWER, clock=place.clock)
    with refused("reset.other_tenants"):
        team.reset_factor(place, owner, tenant_a.slug, admin.user_id)
    users.remove_membership(place.control, admin.user_id, tenant_b.slug, clock=place.clock)
    assert team.reset_factor(place, owner, tenant_a.slug, admin.user_id)
    day = place.clock.now().date()
    shown = journal.page(place, owner, tenant_a.slug, Filters(day, day, actor=f"user:{owner.user_id}")).events
    assert ("user.factor_off", admin.user_id) in [(event.action, event.target) for event in shown]


def test_the_profile_asks_for_the_password_before_anything_that_guards_the_account(
    place: Installation, tenant_a: Tenant
) -> None:
    user = member(place, tenant_a, Role.VIEWER)
    for deed in (profile.begin_factor, profile.renew_codes, profile.switch_factor_off):
        with refused("user.wrong_password"):
            deed(place, user, "not the password")
    signin.authenticate(place.control, user.email, PASSWORD, place.clock)  # forgets the mistakes
    first = with_factor(place, user)
    second = profile.renew_codes(place, user, PASSWORD)
    assert not set(first) & set(second)
    with place.control.auth() as connection:
        keyring = Keyring.from_settings(place.settings)
        assert not second_factors.spend_code(connection, keyring, user.user_id, first[0], place.clock.now())
    profile.switch_factor_off(place, user, PASSWORD)
    assert profile.factor(place, user) == second_factors.Factor(None, 0)


def test_a_person_ends_own_sessions_and_nobody_elses(place: Installation, tenant_a: Tenant) -> None:
    user, other = member(place, tenant_a, Role.VIEWER), member(place, tenant_a, Role.OWNER)
    phone = seen(place, sessions.open_session(place.control, user.user_id, place.clock))
    assert {item.sid for item in profile.open_sessions(place, user)} == {user.sid, phone.sid}
    assert not profile.end_session(place, user, other.sid)
    assert profile.end_session(place, user, phone.sid)
    assert [item.sid for item in profile.open_sessions(place, user)] == [user.sid]
    assert [item.sid for item in profile.open_sessions(place, other)] == [other.sid]


def test_the_record_is_read_page_by_page_without_gaps_or_repetitions(place: Installation, tenant_a: Tenant) -> None:
    owner, now = member(place, tenant_a, Role.OWNER), place.clock.now()
    count = journal.PAGE_LENGTH * 2 + 1
    with place.control.tenant(tenant_a.slug) as connection:
        for number in range(count):  # at one instant, so that only the ids tell them apart
            record(connection, at=now, actor="user:x", action="run.requested", tenant=tenant_a.slug, target=str(number))
    filters = Filters(now.date(), now.date(), actor="user:x")
    found, before, sizes = list[str](), None, list[int]()
    while True:
        page = journal.page(place, owner, tenant_a.slug, filters, before=before)
        found += [event.target for event in page.events]
        sizes.append(len(page.events))
        if page.next is None:
            break
        before = page.next
    assert found == [str(number) for number in reversed(range(count))]
    assert sizes == [50, 50, 1]
    actors, actions, _ = journal.choices(place, owner, tenant_a.slug, filters)
    assert "user:x" in actors
    assert "run.requested" in actions


@pytest.mark.parametrize("days", [-1, 366])
def test_the_record_of_no_period_or_of_years_is_refused(place: Installation, tenant_a: Tenant, days: int) -> None:
    owner, day = member(place, tenant_a, Role.OWNER), place.clock.now().date()
    with refused("journal.bad_period"):
        journal.page(place, owner, tenant_a.slug, Filters(day - timedelta(days=days), day))


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36", "Chrome, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 YaBrowser/26.1 Safari/537.36", "Yandex Browser, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Firefox/150.0", "Firefox, Android"),
        ("curl/8", "curl/8"),
        ("", ""),
    ],
)
def test_a_session_is_told_by_its_browsers_name(agent: str, name: str) -> None:
    assert browser_name(agent) == name
