"""Having a package's facts worded by the tenant's model, once per package, where the tenant has chosen it."""

from __future__ import annotations

from collections.abc import Sequence

from synkro_assets.analysis import narrative
from synkro_assets.analysis.narrative import FactTemplate
from synkro_assets.analysis.plain_words import LANGUAGES
from synkro_assets.analysis.words_call import ask_for_words
from synkro_assets.reports.words.facts import WORDED_IN, gaps_of, shown_facts, word_fact
from synkro_assets.reports.words.figure_words import FigureWords
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.packages import save_wordings
from synkro_resources.model.package import Package, PackageFact, Verdict
from synkro_resources.model.period import PeriodKind

NOTE = "fact_wording"
AROUND = " .,;:()"
"""Signs before and after a value that belong to the sentence around it."""


def word_facts(run: TenantRun, package_id: str, package: Package) -> None:
    """Store a model's wording of the facts that a report shows; the template stands where it may not be used."""
    settings, language = run.settings, run.settings.language
    facts = shown_facts(package)
    wanted = settings.facts_by_model and language in LANGUAGES and package.period.kind is not PeriodKind.DAY
    if not wanted or not facts or package.verdict is Verdict.EMPTY:
        return
    if any(fact.wording == "model" for fact in facts):
        return
    templates = templates_of(facts, FigureWords(package, language))
    answer = ask_for_words(
        run,
        name=NOTE,
        schema=narrative.SCHEMA,
        system=narrative.SYSTEM[language],
        user=narrative.asked(templates, language),
        narrative_id=f"{package.period.report_id}:facts",
        max_output=narrative.MAX_OUTPUT_TOKENS,
    )
    if answer is None:
        return
    people = list(package.names.get("manager", {}).values())
    worded = narrative.accept(answer.content, templates, names=people, language=language)
    by_fact = {fact.fact_id: worded.accepted.get(one.key) for fact, one in zip(facts, templates, strict=True)}
    accepted = {fact_id: text for fact_id, text in by_fact.items() if text is not None}
    save_wordings(
        run.platform.control,
        run.tenant,
        package_id,
        accepted,
        values={WORDED_IN: language},
        rejected=len(worded.rejected),
        asked=len(templates),
    )
    run.notes.extra[NOTE] = f"{len(accepted)} of {len(templates)}"
    if worded.rejected:
        run.notes.extra["facts_rejected"] = ", ".join(sorted(worded.rejected))


def templates_of(facts: Sequence[PackageFact], words: FigureWords) -> list[FactTemplate]:
    """The facts with a placeholder for every value that they have; parts that are empty are left out."""
    found: list[FactTemplate] = []
    for number, fact in enumerate(facts, start=1):
        key = f"F{number}"
        gaps = gaps_of(fact, words)
        given = {name: value.strip(AROUND) for name, value in gaps.items() if value.strip(AROUND)}
        marks = {
            name: value.replace(given[name], f"{{{{{key}.{name}}}}}") for name, value in gaps.items() if name in given
        }
        template = words.say(fact.code, **dict.fromkeys(gaps, "") | marks)
        found.append(FactTemplate(key, template, given, word_fact(fact, words)))
    return found
