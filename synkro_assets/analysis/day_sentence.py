"""Asking the tenant's model for the day's sentence; a provider that fails never holds back the figures."""

from __future__ import annotations

from decimal import Decimal

import httpx

from synkro_assets.analysis.summary import SCHEMA, SYSTEM, accept
from synkro_assets.tenant_run import TenantRun
from synkro_resources.ai.client import MAX_OUTPUT_TOKENS, AiAnswer, AiClient
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.ai.profiles import profile_of
from synkro_resources.ai.rungs import Rung
from synkro_resources.control.ai_ledger import AiLedger, CallResult, PlannedCall
from synkro_resources.model.errors import PermanentError, SynkroError
from synkro_resources.model.package import Package, Verdict

FACTS = {
    (4, "unanswered"): "есть обращения без ответа",
    (9, "lost"): "есть отказы",
    (9, "won"): "есть успешно закрытые сделки",
    (8, "new_silent"): "есть новые сделки без сообщений и звонков",
}
CHARACTERS_PER_TOKEN = 2


def sentence_for(run: TenantRun, package: Package) -> str | None:
    """The checked sentence; None without a provider or budget, where the call fails, or where it may not stand."""
    client: AiClient | None = run.context.resources.ai.of(run.tenant)
    if client is None or package.verdict is Verdict.EMPTY:
        return None
    price: ModelPrice | None = run.context.resources.ai.price_of(run.tenant)
    ledger = AiLedger(run.platform.control, run.tenant, run.clock, run.settings.ai_monthly_cap)
    month_of = run.window.day_of(run.clock.now())
    facts = facts_of(package)
    call_id = ledger.reserve(_planned(client, price, facts, package), month_of)
    if call_id is None:
        run.notes.extra["sentence"] = "budget"
        return None
    try:
        answer = client.structured(name="day_sentence", schema=SCHEMA, system=SYSTEM, user=facts)
    except SynkroError as error:
        # A refusal costs nothing; what got lost on the way may have been billed.
        cost = Decimal(0) if isinstance(error, PermanentError) or error.code == "ai.rate_limited" else None
        ledger.settle(call_id, CallResult(None, cost, Rung.SCHEMA.number), month_of)
        run.context.log.warning("the day's sentence is left out: %s", error.code)
        run.notes.extra["sentence"] = error.code
        return None
    ledger.settle(call_id, _result(answer, price), month_of)
    sentence = accept(answer.content)
    run.notes.extra |= {
        "sentence": "accepted" if sentence else f"rejected ({answer.reason})",
        "tokens_in": answer.tokens_in or 0,
        "tokens_out": answer.tokens_out or 0,
    }
    return sentence


def facts_of(package: Package) -> str:
    """What is true of the day, in words without a number, a name or a quote: nothing else reaches the provider."""
    present = [
        text
        for (number, code), text in FACTS.items()
        if (metric := package.metric(number, code)) is not None and metric.value
    ]
    lines = present or ["все клиенты получили ответ, отказов нет"]
    return "Факты дня:\n" + "\n".join(f"- {line}" for line in lines)


def _planned(client: AiClient, price: ModelPrice | None, facts: str, package: Package) -> PlannedCall:
    request = f"{SYSTEM}\n\n{facts}"
    tokens = len(request) // CHARACTERS_PER_TOKEN
    return PlannedCall(
        provider=profile_of(client.base_url, client.model, {}).name,
        host=httpx.URL(client.base_url).host,
        model=client.model,
        rung=Rung.SCHEMA.number,
        request=request,
        estimate=price.cost(tokens, MAX_OUTPUT_TOKENS) if price else Decimal(0),
        currency=price.currency if price else "",
        narrative_id=f"{package.period.report_id}:sentence",
    )


def _result(answer: AiAnswer, price: ModelPrice | None) -> CallResult:
    if answer.tokens_in is None or answer.tokens_out is None:
        return CallResult(200, None, Rung.SCHEMA.number, request_id=answer.request_id)
    cost = price.cost(answer.tokens_in, answer.tokens_out) if price else Decimal(0)
    return CallResult(
        200,
        cost,
        Rung.SCHEMA.number,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        request_id=answer.request_id,
        answer=str(answer.content or ""),
    )
