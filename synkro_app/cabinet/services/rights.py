"""Who may do what in a tenant; every service asks here, pages never decide."""

from __future__ import annotations

from collections.abc import Collection

from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import Role

EVERYBODY = frozenset(Role)
WHO_ASKS_FOR_REPORTS = frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST})
WHO_CONNECTS = frozenset({Role.OWNER, Role.ADMIN})
WHO_LEADS_PEOPLE = frozenset({Role.OWNER, Role.ADMIN})


def require(user: SessionUser, tenant: str, roles: Collection[Role]) -> None:
    """Let the call go on only for a member of this tenant with one of these roles.

    Raises:
        RefusedError: `rights.not_found`; a foreign tenant and a missing one look the same.
    """
    membership = next((item for item in user.memberships if item.tenant == tenant), None)
    if membership is None or membership.role not in roles:
        raise RefusedError(
            "rights.not_found",
            Sentence("Не найдено, или у вашей роли нет на это права.", "Not found, or your role may not do this."),
            Sentence("Обратитесь к владельцу кабинета.", "Ask the owner of the account."),
            tenant=tenant,
        )


def require_operator(user: SessionUser) -> None:
    """Let the call go on only for the platform's own people, whatever roles somebody has in companies.

    Raises:
        RefusedError: `rights.not_found`.
    """
    if not user.is_operator:
        raise RefusedError(
            "rights.not_found",
            Sentence("Не найдено, или у вашей роли нет на это права.", "Not found, or your role may not do this."),
            Sentence("Обратитесь к владельцу кабинета.", "Ask the owner of the account."),
        )


def may_operate(user: SessionUser) -> bool:
    """Whether to offer the operator's page; its services check again."""
    return user.is_operator


def own_manager(user: SessionUser, tenant: str) -> int | None:
    """The amoCRM user whose rows alone this person may see; None for everybody who sees the whole team."""
    membership = next((item for item in user.memberships if item.tenant == tenant), None)
    return membership.manager_id if membership is not None and membership.role is Role.VIEWER else None


def may_ask_for_reports(user: SessionUser) -> bool:
    """Whether to offer the button; the service checks again."""
    return user.role in WHO_ASKS_FOR_REPORTS


def may_connect(user: SessionUser) -> bool:
    """Whether to offer the pages that connect something; the services check again."""
    return user.role in WHO_CONNECTS


def may_lead_people(user: SessionUser) -> bool:
    """Whether to offer the pages of the team and of the record; the services check again."""
    return user.role in WHO_LEADS_PEOPLE
