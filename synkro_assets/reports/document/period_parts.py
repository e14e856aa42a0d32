"""Two parts of a period's document that have many variants: what is known of the data, and the table of people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from synkro_assets.reports.document.sections import section_of
from synkro_assets.reports.words.figure_words import FigureWords
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import PeriodKind
from synkro_resources.model.report import BlockKind, Line, Section, text_line
from synkro_resources.rules import formats

MANAGER_FROM_EPISODES = 20  # below, a person's figures would be luck (docs/metrics.md, «Statistics and display»)
NO_LABELS = ("no_llm", "budget", "plan", "not_analysed")
COMPARISONS_OFF = ("attribution", "preliminary", "sample")


def status_lines(words: FigureWords, sources: str) -> Iterator[str]:
    """What stands below the title: whether the report is final, how much was analysed, what it is compared with."""
    package = words.package
    if package.verdict is Verdict.EMPTY:
        yield words.say("empty", sources=sources)
        return
    if package.verdict is Verdict.PRELIMINARY:
        yield words.say("preliminary", reasons=". ".join(_reasons(words)))
    if package.prev_note == "first":
        yield words.say("first")
    elif package.prev_period is None and package.prev_note:
        yield words.say("not_compared", reason=words.say(f"not_compared_{package.prev_note}"))
    elif package.period.kind is PeriodKind.CUSTOM and package.prev_period is not None:
        earlier = formats.period_name(package.prev_period.first_day, package.prev_period.last_day, words.language)
        days = formats.counted(package.prev_working_days or 0, "work_day", words.language)
        yield words.say("compared_custom", period=earlier, days=days)
    yield from _coverage(words)


def _reasons(words: FigureWords) -> Iterator[str]:
    package = words.package
    values = {item.code: item for item in package.health}
    for reason in package.verdict_reasons:
        code = reason.partition(":")[0]
        known = values.get(code)
        match code:
            case "period_not_over":
                until = formats.moment(package.as_of, package.zone, words.language)
                yield words.say("reason_period_not_over", until=until)
            case "days_missing":
                coverage = values.get("load_coverage")
                days = (
                    [date.fromisoformat(text) for text in coverage.text.split(", ")]
                    if coverage and coverage.text
                    else []
                )
                yield words.say("reason_days_missing", days=formats.days_listed(days, words.language) if days else "–")
            case "dialog_coverage" | "analysis_coverage":
                value = 0.0 if known is None or known.value is None else known.value
                yield words.say(f"reason_{code}", share=per_cent(value, words.language))
            case _:
                yield words.say(f"reason_{code}")


def _coverage(words: FigureWords) -> Iterator[str]:
    package = words.package
    unmatched = package.health_of("unmatched_share")
    share = None if unmatched is None else unmatched.value
    matched = "–" if share is None else per_cent(1 - share, words.language)
    analysed, example = words.metric(23, "analysed"), words.metric(7, "no_deal")
    if analysed is None or example is None or example.note in NO_LABELS:
        count = formats.whole(words.whole_of(0, "active_episodes"))
        yield words.say("matched", count=count, matched=matched)
        yield words.say(f"no_labels_{'no_llm' if example is None or example.note not in NO_LABELS else example.note}")
        return
    num, den = analysed.num or 0, analysed.den or 0
    line = words.say(
        "analysed",
        num=formats.whole(num),
        den=formats.whole(den),
        share=formats.share(num, den, words.language, small=False),
        matched=matched,
    )
    skipped = _skipped(words)
    yield f"{line}. {skipped}" if skipped else line


def _skipped(words: FigureWords) -> str:
    """«Не разобрано 29: только стикеры и файлы 21, без сообщений клиента 8»."""
    found = {
        item.code.removeprefix("skipped:"): int(item.value or 0)
        for item in words.package.health
        if item.code.startswith("skipped:") and item.code.removeprefix("skipped:") in SKIPPED
    }
    if not found:
        return ""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    if len(ordered) == 1:
        reasons = words.say(f"skip_{ordered[0][0]}")
    else:
        reasons = ", ".join(
            words.say("skipped_part", reason=words.say(f"skip_{code}"), count=formats.whole(count))
            for code, count in ordered
        )
    return words.say("skipped", count=formats.whole(sum(found.values())), reasons=reasons)


SKIPPED = (
    "no_text",
    "closing_only",
    "outbound_only",
    "bot_only",
    "refused",
    "invalid",
    "budget",
    "plan",
    "provider_error",
)
"""Reasons why an episode has no labels; one that is labelled but too short to be scored is not among them."""


def people_section(words: FigureWords) -> Iterator[Section]:
    """The managers by their share in time, or alphabetically with the reason where they must not be compared."""
    package = words.package
    people = _people(package)
    if not people:
        return
    share = package.health_of("attribution_share")
    attributed = "–" if share is None or share.value is None else per_cent(share.value, words.language)
    title = words.say("managers", share=attributed)
    lines: list[Line] = []
    if len(people) == 1:
        name = package.names.get("manager", {}).get(people[0], people[0])
        lines.append(text_line(words.say("one_manager", name=name)))
    else:
        comparison = package.health_of("manager_comparison")
        if comparison is not None and comparison.status == "off" and comparison.text in COMPARISONS_OFF:
            lines.append(text_line(words.say(f"off_{comparison.text}", share=attributed)))
        scored = bool(package.scoped(14, "checklist_mean", "manager"))
        lines.append(text_line(words.say("managers_columns" if scored else "managers_columns_plain")))
        lines += [text_line(_person(words, manager, scored=scored)) for manager in people]
    yield section_of("managers", title, 4, BlockKind.TABLE, lines, refs=("3:in_sla", "1:frt_median"))


def _people(package: Package) -> list[str]:
    known = {item.scope_id: item for item in package.scoped(3, "in_sla", "manager")}
    names = package.names.get("manager", {})
    comparison = package.health_of("manager_comparison")

    def alphabetical(manager: str) -> tuple[str, str]:
        return names.get(manager, manager).casefold(), manager

    if comparison is None or comparison.status != "on":
        return sorted(known, key=alphabetical)
    enough = {manager for manager in known if _sample(package, manager) >= MANAGER_FROM_EPISODES}
    ranked = sorted(enough, key=lambda manager: (-(known[manager].value or 0), *alphabetical(manager)))
    return [*ranked, *sorted(set(known) - enough, key=alphabetical)]


def _sample(package: Package, manager: str) -> int:
    """Episodes of a manager, or his judged turns where the package does not count episodes by manager."""
    episodes = package.metric(0, "active_episodes", "manager", manager)
    judged = package.metric(3, "in_sla", "manager", manager)
    if episodes is not None and episodes.value is not None:
        return int(episodes.value)
    return 0 if judged is None else judged.den or 0


def _person(words: FigureWords, manager: str, *, scored: bool) -> str:
    name = words.package.names.get("manager", {}).get(manager, manager)
    sample = _sample(words.package, manager)
    if sample < MANAGER_FROM_EPISODES:
        return words.say("manager_few", name=name, count=formats.counted(sample, "episode", words.language))
    scope = {"scope": "manager", "scope_id": manager}
    figures = [words.minutes(1, "frt_median", **scope), words.share(3, "in_sla", **scope)]
    if scored:
        figures.append(words.points(14, "checklist_mean", **scope))
    figures.append(formats.whole(words.whole_of(4, "unanswered", "manager", manager)))
    return words.say("manager_row", name=name, figures=formats.listed(figures))


def per_cent(value: float, language: str) -> str:
    """A share of health as a whole per cent."""
    return formats.share(formats.half_up(value * 1000), 1000, language)
