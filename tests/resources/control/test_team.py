"""A company keeps an owner, nobody raises himself, and administrators decide nothing about owners."""

from __future__ import annotations

import secrets
import threading

import pytest

from synkro_resources.control import team, users
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, SynkroError, UserInputError
from synkro_resources.model.ids import Role


class Company:
    """A tenant whose people are made by role; `change` and `remove` are called by their ids."""

    def __init__(self, db: Database, clock: FixedClock, tenant: Tenant) -> None:
        self.db, self.clock, self.slug = db, clock, tenant.slug

    def add(self, role: Role, *, manager_id: int | None = None) -> str:
        email = f"{secrets.token_hex(5)}@example.com"
        user = users.add_user(self.db, email=email, name="А", password="верный пароль 42", clock=self.clock)
        users.set_membership(self.db, user.user_id, self.slug, role, clock=self.clock, manager_id=manager_id)
        return user.user_id

    def change(
        self, who: str, by: str, role: Role, *, texts: bool = False, manager_id: int | None = None, owner: bool = True
    ) -> Membership:
        wanted = Membership(self.slug, role, manager_id, texts)
        return team.change_member(self.db, self.slug, who, wanted, actor_id=by, by_owner=owner, clock=self.clock)

    def remove(self, who: str, by: str, *, owner: bool = True) -> None:
        team.remove_member(self.db, self.slug, who, actor_id=by, by_owner=owner, clock=self.clock)

    def roles(self) -> dict[str, Role]:
        return {user.user_id: member.role for user, member in users.tenant_users(self.db, self.slug)}


@pytest.fixture
def company(control_db: Database, control_clock: FixedClock, tenant_a: Tenant) -> Company:
    return Company(control_db, control_clock, tenant_a)


def refused(code: str):
    return pytest.raises(SynkroError, check=lambda error: error.code == code)


def test_a_change_counts_and_is_on_record(company: Company) -> None:
    owner, other = company.add(Role.OWNER), company.add(Role.ANALYST)
    company.change(other, owner, Role.VIEWER, manager_id=7)
    assert company.roles()[other] is Role.VIEWER
    event = next(item for item in tenant_events(company.db, company.slug) if item.actor == f"user:{owner}")
    assert (event.action, event.target) == ("membership.set", other)
    assert [event.details[name] for name in ("role_before", "role", "manager_id")] == ["analyst", "viewer", 7]


def test_only_a_viewer_is_bound_to_a_manager(company: Company) -> None:
    owner, other = company.add(Role.OWNER), company.add(Role.VIEWER, manager_id=7)
    assert company.change(other, owner, Role.ANALYST, manager_id=7).manager_id is None


def test_the_last_owner_is_neither_demoted_nor_removed(company: Company) -> None:
    owner = company.add(Role.OWNER)
    with refused("team.last_owner"):
        company.change(owner, owner, Role.ADMIN)
    with refused("team.last_owner"):
        company.remove(owner, owner)
    company.add(Role.OWNER)
    company.change(owner, owner, Role.ADMIN)
    assert company.roles()[owner] is Role.ADMIN


def test_two_owners_who_remove_each_other_at_once_leave_one(company: Company) -> None:
    first, second = company.add(Role.OWNER), company.add(Role.OWNER)
    gate, refusals = threading.Barrier(2), list[str]()

    def remove(who: str, by: str) -> None:
        gate.wait()
        try:
            company.remove(who, by)
        except RefusedError as error:
            refusals.append(error.code)

    threads = [threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refusals == ["team.last_owner"]
    assert list(company.roles().values()) == [Role.OWNER]


def test_nobody_raises_himself(company: Company) -> None:
    company.add(Role.OWNER)
    admin, bound = company.add(Role.ADMIN), company.add(Role.VIEWER, manager_id=7)
    with refused("team.only_owner"):
        company.change(admin, admin, Role.OWNER, owner=False)
    with refused("team.own_role"):
        company.change(admin, admin, Role.ADMIN, texts=True, owner=False)
    with refused("team.own_role"):
        company.change(bound, bound, Role.VIEWER, manager_id=8, owner=False)
    company.change(admin, admin, Role.VIEWER, owner=False)
    with refused("team.own_role"):
        company.change(admin, admin, Role.ADMIN, owner=False)


def test_an_administrator_decides_nothing_about_owners(company: Company) -> None:
    owner, admin, other = company.add(Role.OWNER), company.add(Role.ADMIN), company.add(Role.VIEWER)
    company.add(Role.OWNER)
    for role in (Role.ADMIN, Role.OWNER):
        with refused("team.only_owner"):
            company.change(owner, admin, role, owner=False)
    with refused("team.only_owner"):
        company.remove(owner, admin, owner=False)
    with refused("team.only_owner"):
        company.change(other, admin, Role.OWNER, owner=False)
    company.change(other, admin, Role.ADMIN, owner=False)
    company.remove(other, admin, owner=False)
    assert other not in company.roles()


def test_another_companys_people_are_unknown(company: Company, tenant_b: Tenant) -> None:
    owner = company.add(Role.OWNER)
    stranger = Company(company.db, company.clock, tenant_b).add(Role.VIEWER)
    with pytest.raises(UserInputError, match="not in the team"):
        company.remove(stranger, owner)
    with pytest.raises(UserInputError, match="not in the team"):
        company.change(stranger, owner, Role.ADMIN)
