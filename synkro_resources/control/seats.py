"""How many people a plan has room for: asked in the transaction that would add one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, text

from synkro_resources.control.plans import plan_of
from synkro_resources.control.tables.people import invitation, membership
from synkro_resources.model.errors import RefusedError, Sentence


def take_seat(connection: Connection, tenant: str, *, invited_at: datetime | None = None) -> None:
    """Let one more person in, or be invited at `invited_at`: open invitations then take their seats, too.

    Raises:
        RefusedError: `plan.users`.
    """
    # Without turns, two invitations at once would both find the last seat free.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"seats:{tenant}"})
    plan = plan_of(connection, tenant)
    taken = connection.scalar(select(func.count()).where(membership.c.tenant == tenant)) or 0
    if invited_at is not None:
        waiting = select(func.count()).where(
            invitation.c.tenant == tenant,
            invitation.c.accepted_at.is_(None),
            invitation.c.revoked_at.is_(None),
            invitation.c.expires_at > invited_at,
        )
        taken += connection.scalar(waiting) or 0
    if taken >= plan.users:
        raise RefusedError(
            "plan.users",
            Sentence(
                f"Тариф «{plan.name}» рассчитан на пользователей: {plan.users}. Все места заняты.",
                f"All seats of the plan “{plan.name}” are taken: {plan.users}.",
            ),
            Sentence(
                "Отзовите лишнее приглашение, уберите участника или смените тариф.",
                "Take an invitation back, remove a member, or change the plan.",
            ),
            tenant=tenant,
        )
