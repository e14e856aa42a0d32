"""A run that dies between a model's words and their report must not buy the same words again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from synkro_resources.control.ai_ledger import AiLedger, CallResult, PlannedCall
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock

WORDS = '{"items":[]}'


def test_words_that_were_paid_for_are_found_by_the_same_question_to_the_same_model_for_thirty_days(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock
) -> None:
    ledger = AiLedger(control_db, tenant_a.slug, control_clock)
    day = control_clock.now().date()
    for narrative, answer in (("week:facts", WORDS), ("day:facts", "")):
        planned = PlannedCall("p", "host", "m", 1, "request", Decimal(1), "RUB", narrative_id=narrative)
        call = ledger.reserve(planned, day)
        assert call is not None
        ledger.settle(call, CallResult(200, Decimal(1), 1, answer=answer), day)
    assert ledger.paid_words("week:facts", "m", "request") == WORDS
    assert ledger.paid_words("day:facts", "m", "request") is None, "an answer that could not be read is asked for again"
    assert ledger.paid_words("week:facts", "m", "other request") is None
    assert ledger.paid_words("week:facts", "other", "request") is None
    assert AiLedger(control_db, tenant_b.slug, control_clock).paid_words("week:facts", "m", "request") is None
    control_clock.move(timedelta(days=31))
    assert ledger.paid_words("week:facts", "m", "request") is None
