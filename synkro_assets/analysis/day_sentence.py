"""Asking the tenant's model for the day's sentence, from facts in words without a number, a name or a quote."""

from __future__ import annotations

from synkro_assets.analysis.summary import SCHEMA, SYSTEM, accept
from synkro_assets.analysis.words_call import ask_for_words
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.package import Package, Verdict

FACTS = {
    (4, "unanswered"): "есть обращения без ответа",
    (9, "lost"): "есть отказы",
    (9, "won"): "есть успешно закрытые сделки",
    (8, "new_silent"): "есть новые сделки без сообщений и звонков",
}
SENTENCE = "day_sentence"


def sentence_for(run: TenantRun, package: Package) -> str | None:
    """The checked sentence; None without a provider or budget, where the call fails, or where it may not stand."""
    if package.verdict is Verdict.EMPTY:
        return None
    answer = ask_for_words(
        run,
        name=SENTENCE,
        schema=SCHEMA,
        system=SYSTEM,
        user=facts_of(package),
        narrative_id=f"{package.period.report_id}:sentence",
    )
    if answer is None:
        return None
    sentence = accept(answer.content)
    run.notes.extra[SENTENCE] = "accepted" if sentence else f"rejected ({answer.reason})"
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
