"""Changing what members of a tenant may do, and taking them out: a tenant never loses its last owner."""

from __future__ import annotations

from sqlalchemy import Connection, Row, delete, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.invitations import only_owner
from synkro_resources.control.tables.people import membership
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import Role

RANK = {Role.VIEWER: 0, Role.ANALYST: 1, Role.ADMIN: 2, Role.OWNER: 3}


def change_member(
    db: Database, tenant: str, user_id: str, wanted: Membership, *, actor_id: str, by_owner: bool, clock: Clock
) -> Membership:
    """Give a member the role, the binding and the right to texts of `wanted`.

    `by_owner`: whether the person `actor_id` may decide about owners. Nobody raises himself.

    Raises:
        UserInputError: `team.unknown_member`.
        RefusedError: `team.only_owner`, `team.own_role` or `team.last_owner`.
    """
    manager_id = wanted.manager_id if wanted.role is Role.VIEWER else None
    values = {"role": wanted.role.value, "manager_id": manager_id, "can_read_texts": wanted.can_read_texts}
    with db.tenant(tenant) as connection:
        row = _locked(connection, tenant, user_id, by_owner=by_owner)
        if wanted.role is Role.OWNER and not by_owner:
            raise only_owner(tenant)
        if user_id == actor_id and _is_more(wanted, manager_id, row):
            raise RefusedError(
                "team.own_role",
                Sentence("Свои права повысить нельзя.", "Nobody raises his own rights."),
                Sentence("Попросите владельца.", "Ask an owner."),
                tenant=tenant,
            )
        if row.role == Role.OWNER and wanted.role is not Role.OWNER:
            _keep_an_owner(connection, tenant, user_id)
        connection.execute(update(membership).where(membership.c.user_id == user_id).values(values))
        record(
            connection,
            at=clock.now(),
            actor=f"user:{actor_id}",
            action="membership.set",
            tenant=tenant,
            target=user_id,
            details={**values, "role_before": row.role},
        )
    return Membership(tenant, wanted.role, manager_id, wanted.can_read_texts)


def remove_member(db: Database, tenant: str, user_id: str, *, actor_id: str, by_owner: bool, clock: Clock) -> None:
    """Take a member out; the account stays, open pages lose the tenant at their next look.

    Raises:
        UserInputError: `team.unknown_member`. RefusedError: `team.only_owner` or `team.last_owner`.
    """
    with db.tenant(tenant) as connection:
        row = _locked(connection, tenant, user_id, by_owner=by_owner)
        if row.role == Role.OWNER:
            _keep_an_owner(connection, tenant, user_id)
        connection.execute(delete(membership).where(membership.c.user_id == user_id))
        record(
            connection,
            at=clock.now(),
            actor=f"user:{actor_id}",
            action="membership.removed",
            tenant=tenant,
            target=user_id,
            details={"role_before": row.role},
        )


def _locked(connection: Connection, tenant: str, user_id: str, *, by_owner: bool) -> Row[tuple[object, ...]]:
    """The member's row, held with those of all owners: two owners who demote each other take turns."""
    held = connection.execute(
        select(membership)
        .where((membership.c.user_id == user_id) | (membership.c.role == Role.OWNER))
        .order_by(membership.c.user_id)
        .with_for_update()
    ).all()
    row = next((item for item in held if item.user_id == user_id), None)
    if row is None:
        raise UserInputError(
            "team.unknown_member",
            Sentence("Этого человека нет в команде.", "This person is not in the team."),
            Sentence("Обновите страницу.", "Reload the page."),
            tenant=tenant,
        )
    if row.role == Role.OWNER and not by_owner:
        raise only_owner(tenant)
    return row


def _keep_an_owner(connection: Connection, tenant: str, user_id: str) -> None:
    others = select(membership.c.user_id).where(membership.c.role == Role.OWNER, membership.c.user_id != user_id)
    if connection.execute(others.limit(1)).first() is None:
        raise RefusedError(
            "team.last_owner",
            Sentence("Это последний владелец компании.", "This is the company's last owner."),
            Sentence("Сначала сделайте владельцем кого-нибудь ещё.", "Make somebody else an owner first."),
            tenant=tenant,
        )


def _is_more(wanted: Membership, manager_id: int | None, now: Row[tuple[object, ...]]) -> bool:
    """Whether `wanted` allows something that the present rights do not."""
    frees = now.manager_id is not None and manager_id != now.manager_id
    return RANK[wanted.role] > RANK[Role(now.role)] or (wanted.can_read_texts and not now.can_read_texts) or frees
