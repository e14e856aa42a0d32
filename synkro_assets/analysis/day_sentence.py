"""Asking the tenant's model for the day's sentence, from facts in words without a number, a name or a quote."""

from __future__ import annotations

from collections.abc import Mapping

from synkro_assets.analysis.plain_words import LANGUAGES
from synkro_assets.analysis.summary import SCHEMA, SYSTEM, accept
from synkro_assets.analysis.words_call import ask_for_words
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.package import Package, Verdict

FACTS: Mapping[str, Mapping[tuple[int, str], str]] = {
    "ru": {
        (4, "unanswered"): "есть обращения без ответа",
        (9, "lost"): "есть отказы",
        (9, "won"): "есть успешно закрытые сделки",
        (8, "new_silent"): "есть новые сделки без сообщений и звонков",
    },
    "en": {
        (4, "unanswered"): "some inquiries are left without an answer",
        (9, "lost"): "some deals were lost",
        (9, "won"): "some deals were won",
        (8, "new_silent"): "some new deals have no messages and no calls",
    },
}
HEAD: Mapping[str, str] = {"ru": "Факты дня", "en": "Facts of the day"}
CALM: Mapping[str, str] = {
    "ru": "все клиенты получили ответ, отказов нет",
    "en": "clients got their answers, no deal was lost",
}
SENTENCE = "day_sentence"


def sentence_for(run: TenantRun, package: Package) -> str | None:
    """The checked sentence; None without a provider or budget, where the call fails, or where it may not stand."""
    language = run.settings.language
    if package.verdict is Verdict.EMPTY or language not in LANGUAGES:
        return None
    answer = ask_for_words(
        run,
        name=SENTENCE,
        schema=SCHEMA,
        system=SYSTEM[language],
        user=facts_of(package, language),
        narrative_id=f"{package.period.report_id}:sentence",
    )
    if answer is None:
        return None
    sentence = accept(answer.content, language)
    run.notes.extra[SENTENCE] = "accepted" if sentence else f"rejected ({answer.reason})"
    return sentence


def facts_of(package: Package, language: str) -> str:
    """What is true of the day, in words without a number, a name or a quote: nothing else reaches the provider."""
    present = [
        text
        for (number, code), text in FACTS[language].items()
        if (metric := package.metric(number, code)) is not None and metric.value
    ]
    lines = present or [CALM[language]]
    return f"{HEAD[language]}:\n" + "\n".join(f"- {line}" for line in lines)
