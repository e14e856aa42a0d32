"""Asking the tenant's model for the day's sentence; a provider that fails never holds back the figures."""

from __future__ import annotations

from synkro_assets.analysis.summary import SCHEMA, SYSTEM, accept
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.package import Package, Verdict

FACTS = {
    (4, "unanswered"): "есть обращения без ответа",
    (9, "lost"): "есть отказы",
    (9, "won"): "есть успешно закрытые сделки",
    (8, "new_silent"): "есть новые сделки без сообщений и звонков",
}


def sentence_for(run: TenantRun, package: Package) -> str | None:
    """The checked sentence, or None where no provider is connected, it fails, or its answer may not stand."""
    client = run.context.resources.ai.of(run.tenant)
    if client is None or package.verdict is Verdict.EMPTY:
        return None
    try:
        answer = client.structured(name="day_sentence", schema=SCHEMA, system=SYSTEM, user=facts_of(package))
    except SynkroError as error:
        run.context.log.warning("the day's sentence is left out: %s", error.code)
        run.notes.extra["sentence"] = error.code
        return None
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
