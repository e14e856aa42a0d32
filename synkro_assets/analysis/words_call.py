"""One call that asks the tenant's model for words only; a provider that fails never holds back the figures."""

from __future__ import annotations

from decimal import Decimal

import httpx
import orjson

from synkro_assets.tenant_run import TenantRun
from synkro_resources.ai.client import MAX_OUTPUT_TOKENS, AiAnswer, AiClient, JsonObject
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.ai.rungs import Rung
from synkro_resources.control.ai_ledger import AiLedger, CallResult, PlannedCall
from synkro_resources.model.errors import PermanentError, SynkroError

CHARACTERS_PER_TOKEN = 2


def ask_for_words(
    run: TenantRun,
    *,
    name: str,
    schema: JsonObject,
    system: str,
    user: str,
    narrative_id: str,
    max_output: int = MAX_OUTPUT_TOKENS,
) -> AiAnswer | None:
    """The provider's answer, paid and kept in the ledger; None without a provider or budget, or where the call failed.

    The very same request of the last 30 days is not asked again: its answer is read from the ledger. The run's notes
    under `name` say why there is none.
    """
    client: AiClient | None = run.context.resources.ai.of(run.tenant)
    if client is None:
        return None
    price: ModelPrice | None = run.context.resources.ai.price_of(run.tenant)
    ledger = AiLedger(run.platform.control, run.tenant, run.clock, run.settings.ai_monthly_cap)
    month_of = run.window.day_of(run.clock.now())
    request = f"{system}\n\n{user}"
    if (paid := ledger.paid_words(narrative_id, client.model, request)) is not None:
        run.notes.extra[f"{name}_read_again"] = True
        return AiAnswer(orjson.loads(paid), "stop", None, None, None)
    estimate = price.cost(len(request) // CHARACTERS_PER_TOKEN, max_output) if price else Decimal(0)
    planned = PlannedCall(
        provider=client.profile.name,
        host=httpx.URL(client.base_url).host,
        model=client.model,
        rung=client.rung.number,
        request=request,
        estimate=estimate,
        currency=price.currency if price else "",
        narrative_id=narrative_id,
    )
    call_id = ledger.reserve(planned, month_of)
    if call_id is None:
        run.notes.extra[name] = "budget"
        return None
    try:
        answer = client.structured(name=name, schema=schema, system=system, user=user, max_output=max_output)
    except SynkroError as error:
        # A refusal costs nothing; what got lost on the way may have been billed.
        cost = Decimal(0) if isinstance(error, PermanentError) or error.code == "ai.rate_limited" else None
        ledger.settle(call_id, CallResult(None, cost, client.rung.number), month_of)
        run.context.log.warning("%s is left out: %s", name, error.code)
        run.notes.extra[name] = error.code
        return None
    ledger.settle(call_id, _result(answer, price, client.rung), month_of)
    run.notes.extra |= {"tokens_in": answer.tokens_in or 0, "tokens_out": answer.tokens_out or 0}
    return answer


def _result(answer: AiAnswer, price: ModelPrice | None, rung: Rung) -> CallResult:
    if answer.tokens_in is None or answer.tokens_out is None:
        return CallResult(200, None, rung.number, request_id=answer.request_id)
    cost = price.cost(answer.tokens_in, answer.tokens_out) if price else Decimal(0)
    return CallResult(
        200,
        cost,
        rung.number,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        request_id=answer.request_id,
        answer="" if answer.content is None else orjson.dumps(answer.content).decode(),
    )
