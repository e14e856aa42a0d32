"""Who may do what in a tenant; every service asks here, pages never decide."""

from __future__ import annotations

from collections.abc import Collection

from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.users import Membership
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import Role

EVERYBODY = frozenset(Role)
WHO_ASKS_FOR_REPORTS = frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST})
WHO_CONNECTS = frozenset({Role.OWNER, Role.ADMIN})
WHO_LEADS_PEOPLE = frozenset({Role.OWNER, Role.ADMIN})


def require(user: SessionUser, tenant: str, roles: Collection[Role]) -> None:
    """Let the call go on only for a member of this tenant with one of these roles, never for an operator at work here.

    Raises:
        RefusedError: `rights.not_found`; a foreign tenant and a missing one look the same. `rights.members_only`.
    """
    if _membership(user, tenant, roles).is_support:
        raise RefusedError(
            "rights.members_only",
            Sentence("Это делают только сотрудники компании.", "Only the company's own people do this."),
            Sentence("Попросите владельца кабинета.", "Ask the owner of the account."),
            tenant=tenant,
        )


def require_state(user: SessionUser, tenant: str, roles: Collection[Role]) -> None:
    """Like `require`, for states and settings, which hold no word of a client: also for an operator at work here.

    Raises:
        RefusedError: `rights.not_found`.
    """
    _membership(user, tenant, roles)


def require_contents(user: SessionUser, tenant: str, roles: Collection[Role]) -> None:
    """Like `require`, for reading what clients wrote: also for an operator whom the owner has given leave.

    Raises:
        RefusedError: `rights.not_found` or `rights.contents_closed`.
    """
    membership = _membership(user, tenant, roles)
    if membership.is_support and not membership.can_read_texts:
        raise RefusedError(
            "rights.contents_closed",
            Sentence(
                "Переписки, отчёты и файлы компании закрыты для сотрудников Synkro.",
                "The company's dialogs, reports and files are closed to Synkro's staff.",
            ),
            Sentence(
                "Владелец может открыть их на время на странице «Команда».",
                "The owner can open them for a time on the page of the team.",
            ),
            tenant=tenant,
        )


def actor_of(user: SessionUser, tenant: str) -> str:
    """Who does something in this tenant, as the record names him."""
    is_support = any(item.tenant == tenant and item.is_support for item in user.memberships)
    return f"{'operator' if is_support else 'user'}:{user.user_id}"


def _membership(user: SessionUser, tenant: str, roles: Collection[Role]) -> Membership:
    membership = next((item for item in user.memberships if item.tenant == tenant), None)
    if membership is None or membership.role not in roles:
        raise RefusedError(
            "rights.not_found",
            Sentence("Не найдено, или у вашей роли нет на это права.", "Not found, or your role may not do this."),
            Sentence("Обратитесь к владельцу кабинета.", "Ask the owner of the account."),
            tenant=tenant,
        )
    return membership


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


def may_read_texts(user: SessionUser, tenant: str) -> bool:
    """Whether this person may read what clients wrote, word for word."""
    return any(item.tenant == tenant and item.can_read_texts for item in user.memberships)


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
