"""What the page of the team asks: who is there, invitations, changes of rights, links for people who are locked out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_LEADS_PEOPLE, actor_of, require, require_state
from synkro_resources.control import invitations as stored
from synkro_resources.control import new_passwords, second_factors, team
from synkro_resources.control.invitations import Invitation, only_owner
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.users import Membership, User, tenant_users
from synkro_resources.lake import Lake
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import Role
from synkro_resources.model.tables.crm import MANAGER


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the tenant; `may_change`: whether the asking person may decide about this one."""

    user: User
    membership: Membership
    has_factor: bool
    is_self: bool
    may_change: bool


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link as it is shown, once; `expires_at` is a UTC instant."""

    address: str
    email: str
    expires_at: datetime


def members(place: Installation, user: SessionUser, tenant: str) -> list[Member]:
    """The people of the tenant, by name."""
    require_state(user, tenant, WHO_LEADS_PEOPLE)
    found = tenant_users(place.control, tenant)
    guarded = second_factors.people_with_factor(place.control, [person.user_id for person, _ in found])
    is_owner = _is_owner(user, tenant)
    return [
        Member(
            user=person,
            membership=membership,
            has_factor=person.user_id in guarded,
            is_self=person.user_id == user.user_id,
            may_change=is_owner or membership.role is not Role.OWNER,
        )
        for person, membership in found
    ]


def managers(place: Installation, user: SessionUser, tenant: str) -> dict[int, str]:
    """The users of the tenant's amoCRM to whom a viewer can be bound, by name; none before the first load."""
    require_state(user, tenant, WHO_LEADS_PEOPLE)
    rows = Lake(place.settings.lake_root).read_current(MANAGER, tenant, columns=["manager_id", "name"]).to_pylist()
    named = {int(row["manager_id"]): str(row["name"] or row["manager_id"]) for row in rows}
    return dict(sorted(named.items(), key=lambda item: item[1]))


def invitations(place: Installation, user: SessionUser, tenant: str) -> list[Invitation]:
    """The newest invitations, newest first."""
    require_state(user, tenant, WHO_LEADS_PEOPLE)
    return stored.invitations(place.control, tenant)


def roles_to_give(user: SessionUser, tenant: str) -> list[Role]:
    """The roles that this person may give; none to somebody who leads nobody."""
    role = _role(user, tenant)
    if role not in WHO_LEADS_PEOPLE:
        return []
    return [item for item in Role if role is Role.OWNER or item is not Role.OWNER]


def invite(
    place: Installation,
    user: SessionUser,
    tenant: str,
    email: str,
    role: Role,
    *,
    manager_id: int | None = None,
    can_read_texts: bool = False,
) -> OneTimeLink:
    """A link for one address, to be passed on.

    Raises:
        UserInputError: `user.bad_email`. RefusedError: `rights.not_found`, `team.only_owner`, `invitation.is_member`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    if role not in roles_to_give(user, tenant):
        raise only_owner(tenant)
    made, token = stored.invite(
        place.control,
        tenant,
        email,
        role,
        clock=place.clock,
        actor=actor_of(user, tenant),
        manager_id=manager_id,
        can_read_texts=can_read_texts,
    )
    return OneTimeLink(f"{place.settings.cabinet_url}/invite/{token}", made.email, made.expires_at)


def revoke(place: Installation, user: SessionUser, tenant: str, invitation_id: str) -> None:
    """Take an invitation back.

    Raises:
        RefusedError: `rights.not_found`, `invitation.not_open` or `team.only_owner`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    by_owner = _is_owner(user, tenant)
    stored.revoke(
        place.control, tenant, invitation_id, clock=place.clock, actor=actor_of(user, tenant), by_owner=by_owner
    )


def change(
    place: Installation,
    user: SessionUser,
    tenant: str,
    user_id: str,
    role: Role,
    *,
    manager_id: int | None = None,
    can_read_texts: bool = False,
) -> Membership:
    """Change what a member may do.

    Raises:
        UserInputError: `team.unknown_member`.
        RefusedError: `rights.not_found`, `team.only_owner`, `team.own_role` or `team.last_owner`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    wanted = Membership(tenant, role, manager_id, can_read_texts)
    by_owner = _is_owner(user, tenant)
    return team.change_member(
        place.control, tenant, user_id, wanted, actor_id=user.user_id, by_owner=by_owner, clock=place.clock
    )


def remove(place: Installation, user: SessionUser, tenant: str, user_id: str) -> None:
    """Take a member out of the tenant.

    Raises:
        UserInputError: `team.unknown_member`. RefusedError: `rights.not_found`, `team.only_owner`, `team.last_owner`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    by_owner = _is_owner(user, tenant)
    team.remove_member(place.control, tenant, user_id, actor_id=user.user_id, by_owner=by_owner, clock=place.clock)


def reset_link(place: Installation, user: SessionUser, tenant: str, user_id: str) -> OneTimeLink:
    """A link with which a member chooses a new password.

    Raises:
        UserInputError: `team.unknown_member`.
        RefusedError: `rights.not_found`, `team.only_owner`, `team.own_access` or `reset.other_tenants`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    person = _other_member(place, user, tenant, user_id)
    now = place.clock.now()
    token = new_passwords.make_reset(
        place.control, user_id, clock=place.clock, actor=actor_of(user, tenant), tenant=tenant
    )
    address = f"{place.settings.cabinet_url}/reset/{token}"
    return OneTimeLink(address, person.email, now + new_passwords.LINK_LIFETIME)


def reset_factor(place: Installation, user: SessionUser, tenant: str, user_id: str) -> bool:
    """Take the second factor of a member away who has lost it; False if there was none. Owners only.

    Raises:
        UserInputError: `team.unknown_member`. RefusedError: `rights.not_found`, `team.own_access`,
        `reset.other_tenants`.
    """
    require(user, tenant, (Role.OWNER,))
    _other_member(place, user, tenant, user_id)
    with place.control.auth() as connection:
        new_passwords.refuse_if_known_elsewhere(connection, user_id, tenant)
    return second_factors.remove_factor(place.control, user_id, clock=place.clock, actor=actor_of(user, tenant))


def _other_member(place: Installation, user: SessionUser, tenant: str, user_id: str) -> User:
    """A member whose access the asking person may open; nobody's own, which is what the profile is for."""
    found = next((item for item in tenant_users(place.control, tenant) if item[0].user_id == user_id), None)
    if found is None:
        raise UserInputError(
            "team.unknown_member",
            Sentence("Этого человека нет в команде.", "This person is not in the team."),
            Sentence("Обновите страницу.", "Reload the page."),
            tenant=tenant,
        )
    person, membership = found
    if membership.role is Role.OWNER and not _is_owner(user, tenant):
        raise only_owner(tenant)
    if user_id == user.user_id:
        raise RefusedError(
            "team.own_access",
            Sentence("Свой пароль и второй фактор меняют в профиле.", "Your own access is changed in your profile."),
            Sentence("Откройте страницу «Профиль».", "Open the page of your profile."),
            tenant=tenant,
        )
    return person


def _role(user: SessionUser, tenant: str) -> Role | None:
    return next((item.role for item in user.memberships if item.tenant == tenant), None)


def _is_owner(user: SessionUser, tenant: str) -> bool:
    return _role(user, tenant) is Role.OWNER
