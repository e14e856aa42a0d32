"""What a company sees and decides of Synkro's own people in its cabinet."""

from __future__ import annotations

from dataclasses import dataclass

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.rights import EVERYBODY, WHO_LEADS_PEOPLE, actor_of, require, require_state
from synkro_resources.control import support
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.support import Access, Visit
from synkro_resources.model.ids import Role


@dataclass(frozen=True, slots=True)
class Presence:
    """`visits`: operators at work here now; `access`: the owner's leave to read what clients wrote."""

    visits: tuple[Visit, ...]
    access: Access | None


def presence(place: Installation, user: SessionUser, tenant: str) -> Presence:
    """Who of Synkro is here now, for every member to know.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    frame = frame_of(place, tenant)
    return Presence(frame.visits, frame.access)


def open_access(place: Installation, user: SessionUser, tenant: str, days: int) -> Access:
    """Let Synkro's people read what clients wrote while they work here. Owners only.

    Raises:
        RefusedError: `rights.not_found` or `rights.members_only`. UserInputError: `support.bad_days`.
    """
    require(user, tenant, (Role.OWNER,))
    return support.grant_access(place.control, tenant, days, actor=actor_of(user, tenant), clock=place.clock)


def close_access(place: Installation, user: SessionUser, tenant: str) -> None:
    """Take that leave back at once.

    Raises:
        RefusedError: `rights.not_found` or `rights.members_only`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    support.revoke_access(place.control, tenant, actor=actor_of(user, tenant), clock=place.clock)


def show_out(place: Installation, user: SessionUser, tenant: str) -> int:
    """End the visits of all operators; returns how many there were.

    Raises:
        RefusedError: `rights.not_found` or `rights.members_only`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    return support.end_visits(place.control, tenant, actor=actor_of(user, tenant), clock=place.clock)


def leave(place: Installation, user: SessionUser, tenant: str) -> int:
    """End one's own visit; 0 for a member, who has none.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, EVERYBODY)
    actor = actor_of(user, tenant)
    return support.end_visits(place.control, tenant, actor=actor, user_id=user.user_id, clock=place.clock)
