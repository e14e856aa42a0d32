"""What calls to the AI provider cost: reserved before a call, settled after it, kept as an audit.

A reservation and its row are written before the call leaves. If the process dies, both stay: the call may have been
billed, so it counts by its estimate (docs/analysis.md, «Price»).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import ai_call, episode_analysis
from synkro_resources.control.tables.tenancy import usage_month
from synkro_resources.model.clock import Clock

TEXTS_KEPT = timedelta(days=30)
ANSWERED = 200
SILENT = ("stop", "empty")
"""Why an answer ended that should have had words."""
_PAID_COLUMNS = (
    "masked_request",
    "masked_answer",
    "finish_reason",
    "vendor_request_id",
    "rung",
    "latency_ms",
    "tokens_in",
    "tokens_cached",
    "tokens_out",
    "cost",
)
"""Of the fields of `PaidAnswer`, in their order."""
FIRST_RATIO, LEAST_RATIO, MOST_RATIO, RATIO_STEP = 2.0, 1.5, 4.0, 0.5


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that is about to leave. `request`: what is sent, masked. `estimate`: money in `currency`."""

    provider: str
    host: str
    model: str
    rung: int
    request: str
    estimate: Decimal
    currency: str
    analysis_key: str | None = None
    episode_key: str | None = None
    """Whose words are sent: who is erased takes them out of the ledger, also where no answer was stored."""
    narrative_id: str | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """What became of it. `cost` None: unknown, so the estimate stays; `answer`: as received, masked."""

    http_status: int | None
    cost: Decimal | None
    rung: int
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    latency_ms: int = 0
    request_id: str | None = None
    answer: str = ""
    finish_reason: str | None = None
    """Why the answer ended; None without one."""


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """An answer that was settled and belongs to no stored analysis: its run died between the two."""

    request: str
    answer: str
    finish_reason: str
    request_id: str | None
    rung: int
    latency_ms: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class AiLedger:
    """The calls of one tenant. `monthly_cap`: money per month of `day`; None: no limit."""

    db: Database
    tenant: str
    clock: Clock
    monthly_cap: Decimal | None = None

    def reserve(self, call: PlannedCall, month_of: date) -> str | None:
        """The id of the call, or None if its estimate no longer fits the month's budget."""
        if self.monthly_cap is not None and call.estimate > self.monthly_cap:
            return None
        call_id = str(uuid.uuid4())
        with self.db.tenant(self.tenant) as connection:
            if not self._add(connection, month_of, call):
                return None
            connection.execute(
                postgresql.insert(ai_call).values(
                    tenant=self.tenant,
                    call_id=call_id,
                    analysis_key=call.analysis_key,
                    episode_key=call.episode_key,
                    narrative_id=call.narrative_id,
                    called_at=self.clock.now(),
                    provider=call.provider,
                    host=call.host,
                    model=call.model,
                    rung=call.rung,
                    tokens_in=0,
                    tokens_cached=0,
                    tokens_out=0,
                    cost=call.estimate,
                    currency=call.currency,
                    cost_is_estimate=True,
                    latency_ms=0,
                    masked_request=call.request,
                    request_hash=digest(call.request),
                    answer_hash="",
                )
            )
        return call_id

    def settle(self, call_id: str, result: CallResult, month_of: date) -> Decimal:
        """Replace the estimate by what is known; returns what the call counts."""
        with self.db.tenant(self.tenant) as connection:
            row = connection.execute(
                select(ai_call.c.cost, ai_call.c.cost_is_estimate).where(ai_call.c.call_id == call_id).with_for_update()
            ).one()
            cost: Decimal = row.cost if result.cost is None else result.cost
            connection.execute(
                update(ai_call)
                .where(ai_call.c.call_id == call_id)
                .values(
                    http_status=result.http_status,
                    rung=result.rung,
                    vendor_request_id=result.request_id,
                    tokens_in=result.tokens_in,
                    tokens_cached=result.tokens_cached,
                    tokens_out=result.tokens_out,
                    cost=cost,
                    cost_is_estimate=result.cost is None,
                    latency_ms=result.latency_ms,
                    masked_answer=result.answer,
                    finish_reason=result.finish_reason,
                    answer_hash=digest(result.answer) if result.answer else "",
                )
            )
            month = usage_month.c.month == month_of.replace(day=1)
            connection.execute(
                update(usage_month)
                .where(month)
                .values(
                    ai_cost=usage_month.c.ai_cost + (cost - row.cost),
                    ai_calls=usage_month.c.ai_calls + 1,
                    ai_tokens=usage_month.c.ai_tokens + result.tokens_in + result.tokens_out,
                )
            )
        return cost

    def unread_answers(self, kept: Collection[str]) -> dict[str, list[PaidAnswer]]:
        """By analysis key the answers, in their order, whose texts are there and whose analysis is not.

        `kept`: statuses of analyses that are not asked about again. An answer without a word is none: reading it
        again would keep the provider's silence for as long as the ledger keeps texts.
        """
        row = ai_call.c
        stored = (
            exists()
            .where(episode_analysis.c.analysis_key == row.analysis_key, episode_analysis.c.status.in_(sorted(kept)))
            .correlate(ai_call)
        )
        query = (
            select(row.analysis_key, *(row[name] for name in _PAID_COLUMNS))
            .where(row.called_at >= self.clock.now() - TEXTS_KEPT, row.http_status == ANSWERED)
            .where(row.masked_request.is_not(None), row.masked_answer.is_not(None), row.finish_reason.is_not(None))
            .where(row.analysis_key.is_not(None), ~stored)
            .where(or_(row.masked_answer != "", row.finish_reason.not_in(SILENT)))
            .order_by(row.called_at, row.finish_reason != "length", row.call_id)
        )
        found: dict[str, list[PaidAnswer]] = {}
        with self.db.tenant(self.tenant) as connection:
            for analysis_key, *values in connection.execute(query):
                found.setdefault(analysis_key, []).append(PaidAnswer(*values))
        return found

    def paid_words(self, narrative_id: str, model: str, request: str) -> str | None:
        """The model's newest answer (JSON) to the very same request for words; None if there was none or it is gone.

        A run that died between the answer and the package finds it here and pays nothing again.
        """
        row = ai_call.c
        query = (
            select(row.masked_answer)
            .where(row.narrative_id == narrative_id, row.masked_request == request, row.http_status == ANSWERED)
            .where(row.called_at >= self.clock.now() - TEXTS_KEPT, row.model == model)
            .where(row.masked_answer.startswith('{"'))
            .order_by(row.called_at.desc(), row.call_id)
            .limit(1)
        )
        with self.db.tenant(self.tenant) as connection:
            return connection.execute(query).scalar_one_or_none()

    def spent(self, month_of: date) -> Decimal:
        """Money of the month, reservations included."""
        with self.db.tenant(self.tenant) as connection:
            found = connection.execute(
                select(usage_month.c.ai_cost).where(usage_month.c.month == month_of.replace(day=1))
            ).scalar_one_or_none()
        return Decimal(0) if found is None else found

    def characters_per_token(self, model: str) -> float:
        """Measured on this tenant's settled calls, in steps of a half between 1.5 and 4; 2 before there are any.

        Steps, because the measure decides how much of a long conversation is sent: a drift would ask everything again.
        """
        row = ai_call.c
        with self.db.tenant(self.tenant) as connection:
            found = connection.execute(
                select(func.sum(func.length(row.masked_request)), func.sum(row.tokens_in)).where(
                    row.model == model, row.tokens_in > 0, row.masked_request.is_not(None)
                )
            ).one()
        if not found[1]:
            return FIRST_RATIO
        steps = round(float(found[0]) / float(found[1]) / RATIO_STEP)
        return min(MOST_RATIO, max(LEAST_RATIO, steps * RATIO_STEP))

    def forget_texts(self) -> int:
        """Blank requests and answers older than 30 days; hashes, sizes and costs stay. Returns how many calls."""
        with self.db.tenant(self.tenant) as connection:
            return connection.execute(
                update(ai_call)
                .where(
                    ai_call.c.called_at < self.clock.now() - TEXTS_KEPT,
                    or_(ai_call.c.masked_request.is_not(None), ai_call.c.masked_answer.is_not(None)),
                )
                .values(masked_request=None, masked_answer=None)
            ).rowcount

    def _add(self, connection: Connection, month_of: date, call: PlannedCall) -> bool:
        """Take the estimate from the month's budget; False if it does not fit. One row per month: no race."""
        month = month_of.replace(day=1)
        insert = postgresql.insert(usage_month).values(
            tenant=self.tenant,
            month=month,
            dialogs=0,
            reports=0,
            ai_calls=0,
            ai_tokens=0,
            ai_cost=call.estimate,
            ai_currency=call.currency,
        )
        total = usage_month.c.ai_cost + call.estimate
        currency = call.currency or usage_month.c.ai_currency  # a call without a known price says nothing of it
        taken = connection.execute(
            insert.on_conflict_do_update(
                index_elements=["tenant", "month"],
                set_={"ai_cost": total, "ai_currency": currency},
                where=None if self.monthly_cap is None else total <= self.monthly_cap,
            ).returning(usage_month.c.ai_cost)
        ).scalar_one_or_none()
        return taken is not None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def calls_of(db: Database, tenant: str, since: datetime) -> list[dict[str, object]]:
    """Calls since an instant, newest first, as the tenant may read them."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(
            select(ai_call).where(ai_call.c.called_at >= since).order_by(ai_call.c.called_at.desc())
        )
        return [dict(row) for row in rows.mappings()]
