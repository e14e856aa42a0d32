"""What people decide about a request: to cancel it, or to go on with one that has failed."""

from __future__ import annotations

from sqlalchemy import exists, select, update

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.run_requests import RunRequest, get_request
from synkro_resources.control.sentences import error_columns
from synkro_resources.control.tables.runs import OPEN_STATUSES, run_request
from synkro_resources.control.tenants import require_active
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence

ENDED_BADLY = ("failed", "cancelled")


def cancel_request(db: Database, tenant: str, request_id: str, *, actor: str, clock: Clock) -> RunRequest:
    """Start no further run of an open request; its present run ends by itself and sends nothing.

    Raises:
        UserInputError: `run.unknown_request`. RefusedError: `run.not_open`.
    """
    get_request(db, tenant, request_id)
    now, columns = clock.now(), run_request.c
    with db.tenant(tenant) as connection:
        changed = connection.execute(
            update(run_request)
            .where(columns.request_id == request_id, columns.status.in_(OPEN_STATUSES))
            .values(status="cancelled", finished_at=now)
        )
        if changed.rowcount == 0:
            raise RefusedError(
                "run.not_open",
                Sentence("Этот запрос уже завершён.", "This request has ended already."),
                Sentence("Отменять нечего.", "There is nothing to cancel."),
                tenant=tenant,
            )
        record(connection, at=now, actor=actor, action="run.cancelled", tenant=tenant, target=request_id)
    return get_request(db, tenant, request_id)


def retry_request(db: Database, tenant: str, request_id: str, *, actor: str, clock: Clock) -> RunRequest:
    """Go on with a failed or cancelled request at the stage where it stopped.

    The next attempt has a run key of its own, and what was sent is not sent again.

    Raises:
        UserInputError: `run.unknown_request` or `tenant.unknown`.
        RefusedError: `run.not_failed`, `run.asked_again` or `tenant.suspended`.
    """
    known, now, columns = get_request(db, tenant, request_id), clock.now(), run_request.c
    with db.tenant(tenant) as connection:
        require_active(connection, tenant)
        twin = exists().where(
            columns.status.in_(OPEN_STATUSES),
            columns.kind == known.kind.value,
            columns.period_kind == known.period.kind.value,
            columns.first_day == known.period.first_day,
            columns.last_day == known.period.last_day,
        )
        if connection.scalar(select(twin)):
            raise RefusedError(
                "run.asked_again",
                Sentence("Такой же запрос уже выполняется.", "The same is being carried out by another request."),
                Sentence("Дождитесь его.", "Wait for it."),
                tenant=tenant,
            )
        changed = connection.execute(
            update(run_request)
            .where(columns.request_id == request_id, columns.status.in_(ENDED_BADLY))
            .values(
                status="running" if known.stage else "open",
                attempt=columns.attempt + 1,
                finished_at=None,
                **error_columns(None),
            )
        )
        if changed.rowcount == 0:
            raise RefusedError(
                "run.not_failed",
                Sentence("Этот запрос не завершился ошибкой.", "This request has not failed."),
                Sentence("Сделайте новый запрос.", "Make a new request."),
                tenant=tenant,
            )
        record(connection, at=now, actor=actor, action="run.retried", tenant=tenant, target=request_id)
    return get_request(db, tenant, request_id)
