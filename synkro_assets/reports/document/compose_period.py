"""Weekly, monthly and custom report documents, drawn from a package (docs/report.md, «Weekly», «Monthly», «Custom»).

Nothing is computed here: figures come from the package, words from the catalogue. Names of clients, phones and deal
titles never enter the text; deals appear as their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from synkro_assets.reports.document.period_parts import people_section, status_lines
from synkro_assets.reports.document.sections import document_of, section_of
from synkro_assets.reports.words.day_texts import SOURCE_NAMES
from synkro_assets.reports.words.facts import shown_facts, shown_sentence, top_objection
from synkro_assets.reports.words.figure_words import ARROWS, FigureWords
from synkro_assets.reports.words.period_texts import MONTHS_IN
from synkro_resources.model.package import Package, PackageMetric, Verdict
from synkro_resources.model.period import PeriodKind
from synkro_resources.model.report import BlockKind, Line, ReportDocument, Run, Section, text_line
from synkro_resources.rules import formats
from synkro_resources.rules.metrics.unanswered import WaitingNow

LISTED_CLIENTS = 3
LISTED_NAMES = 3
"""Reasons and objections named one by one; the rest is «прочее»."""


def compose_period(
    package: Package,
    waiting: WaitingNow | None,
    *,
    package_id: str,
    revision: int,
    language: str,
    company_name: str,
    composed_at: datetime,
) -> ReportDocument:
    """The document of a week, month or custom period in `language`.

    `waiting`: who waits at the moment of sending, for the weekly list of what to do today; None leaves it out.
    """
    draft = _Draft(package, waiting, FigureWords(package, language), composed_at)
    return document_of(
        package,
        package_id=package_id,
        revision=revision,
        language=language,
        title=draft.title(),
        subtitle=draft.subtitle(company_name),
        sections=draft.sections(),
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    package: Package
    waiting: WaitingNow | None
    words: FigureWords
    composed_at: datetime

    @property
    def language(self) -> str:
        return self.words.language

    @property
    def kind(self) -> PeriodKind:
        return self.package.period.kind

    def title(self) -> str:
        key = "title"
        if self.package.verdict is Verdict.PRELIMINARY:
            key = "title_preliminary"
        elif self.package.prev_note == "first":
            key = "title_first"
        return self.words.say(key, period=self._period())

    def subtitle(self, company_name: str) -> str:
        until, zone = self.package.data_until, self.package.zone
        return self.words.say(
            "subtitle",
            company=company_name,
            days=self._working_days(),
            until=formats.moment(until, zone, self.language),
            zone=formats.zone_name(until, zone, self.language),
        )

    def _period(self) -> str:
        first, last = self.package.period.first_day, self.package.period.last_day
        if self.kind is PeriodKind.MONTH:
            return formats.month_name(first, self.language)
        return formats.period_name(first, last, self.language)

    def _working_days(self) -> str:
        days = formats.counted(self.package.working_days, "work_day", self.language)
        previous = self.package.prev_period
        if self.package.holidays and self.kind is not PeriodKind.MONTH:
            off = formats.days_listed(self.package.holidays, self.language)
            return self.words.say("days_holidays", days=days, holidays=off)
        if self.kind is PeriodKind.MONTH and previous is not None and self.package.prev_working_days is not None:
            month = self._in_month(previous.first_day)
            return self.words.say("days_month", days=days, month=month, before=self.package.prev_working_days)
        return days

    def _in_month(self, day: date) -> str:
        known = MONTHS_IN.get(self.language)
        return known[day.month - 1] if known else formats.bare_month(day, self.language)

    def sections(self) -> Iterator[Section]:
        yield section_of("status", "", 0, BlockKind.STATUS, map(text_line, status_lines(self.words, self._sources())))
        if self.package.verdict is Verdict.EMPTY:
            yield self._cabinet()
            return
        if self.kind is PeriodKind.WEEK and self.waiting is not None:
            yield from self._todo(self.waiting)
        yield section_of("main", self.words.say("main"), 2, BlockKind.CONCLUSIONS, self._facts())
        yield section_of(
            "figures", self._figures_title(), 3, BlockKind.FIGURES, map(text_line, self._figures()), refs=FIGURE_REFS
        )
        yield from people_section(self.words)
        yield from self._losses()
        if self.kind is not PeriodKind.WEEK:
            yield from self._funnels()
        else:
            yield from self._example()
        yield section_of("quality", "", 8, BlockKind.NOTE, map(text_line, self._quality()))
        yield self._cabinet()

    def _sources(self) -> str:
        times = {
            item.code.removeprefix("lag:"): datetime.fromisoformat(item.text)
            for item in self.package.health
            if item.code.startswith("lag:") and item.text
        }
        return ", ".join(
            self.words.say(
                "source", name=SOURCE_NAMES.get(source, source), time=formats.clock_time(at, self.package.zone)
            )
            for source, at in sorted(times.items(), reverse=True)
        )

    def _facts(self) -> Iterator[Line]:
        for number, fact in enumerate(shown_facts(self.package), start=1):
            yield text_line(f"{number}. {shown_sentence(fact, self.words)}")

    def _todo(self, waiting: WaitingNow) -> Iterator[Section]:
        lines: list[Line] = []
        if waiting.rows:
            lines.append(self._answer(waiting))
        without = self.words.metric(7, "no_deal")
        if without is not None and without.num:
            count = formats.counted(without.num, "episode", self.language)
            lines.append(text_line(Run(text=self.words.say("create_deals", count=count), link="list:no_deal")))
        silent = self.words.metric(8, "new_silent")
        if silent is not None and silent.num:
            count = formats.counted(silent.num, "new_deal", self.language)
            lines.append(text_line(Run(text=self.words.say("look_at_deals", count=count), link="list:silent_deals")))
        if lines:
            yield section_of("todo", self.words.say("todo"), 1, BlockKind.ACTIONS, lines, refs=("5:waiting",))

    def _answer(self, waiting: WaitingNow) -> Line:
        runs: list[Run | str] = [self.words.say("answer")]
        for place, row in enumerate(waiting.rows[:LISTED_CLIENTS]):
            runs.append(", " if place else "")
            if row.deal_id is None:
                runs.append(self.words.say("dialog_without_deal"))
            else:
                runs.append(Run(text=self.words.say("deal", deal=row.deal_id), link=f"deal:{row.deal_id}"))
                runs.append(f" ({formats.money(row.price, self.language)})")
        hidden = len(waiting.rows) - LISTED_CLIENTS
        if hidden > 0:
            runs += [", ", Run(text=self.words.say("more", count=hidden), link="list:unanswered")]
        return text_line(*(run for run in runs if run != ""))

    def _figures_title(self) -> str:
        title = self.words.say(f"figures_{self.kind}")
        previous = self.package.prev_period
        if previous is None:
            return title
        if self.kind is PeriodKind.WEEK:
            return title + self.words.say("in_brackets_week")
        named = (
            formats.bare_month(previous.first_day, self.language)
            if self.kind is PeriodKind.MONTH
            else formats.period_name(previous.first_day, previous.last_day, self.language)
        )
        return title + self.words.say("in_brackets", period=named)

    def _figures(self) -> Iterator[str]:
        words = self.words
        told = {fact.code for fact in shown_facts(self.package)}
        by_day = self.kind is PeriodKind.MONTH or self._days_differ()
        episodes = words.say("new_episodes", count=words.count(0, "new_episodes"))
        yield episodes + self._per_day(0, "new_episodes_per_day", wanted=by_day)
        yield words.say("first_response", median=words.minutes(1, "frt_median"), p90=words.minutes(1, "frt_p90"))
        if "F_SLA" not in told:
            yield words.say("in_sla", share=words.share(3, "in_sla"))
        if self.kind is PeriodKind.WEEK or "F_UNANSWERED" not in told:
            yield words.say(f"unanswered_{self.kind}", count=words.count(4, "unanswered"))
        checklist = words.metric(14, "checklist_mean")
        if checklist is not None and checklist.value is not None:
            points, before = words.points(14, "checklist_mean"), words.points_before(14, "checklist_mean")
            yield words.say("checklist", points=points, before=before)
        negative = words.metric(12, "sentiment_negative")
        if negative is not None and negative.value is not None:
            yield words.say("negative", share=words.share(12, "sentiment_negative"))
        closed = words.say("closed", won=words.count(9, "won"), lost=words.count(9, "lost"))
        yield closed + self._per_day(9, "lost_per_day", wanted=by_day)

    def _days_differ(self) -> bool:
        """Counts of periods with unequal working days are compared per working day."""
        before = self.package.prev_working_days
        return before is not None and before != self.package.working_days

    def _per_day(self, number: int, code: str, *, wanted: bool) -> str:
        found = self.words.metric(number, code)
        if found is None or found.value is None:
            return ""
        if wanted:
            return self.words.say("per_day", count=self.words.per_day(number, code))
        return self.words.change(found) if found.verdict in ARROWS else ""

    def _losses(self) -> Iterator[Section]:
        lines: list[Line] = []
        reasons = self._top(self.package.scoped(9, "lost", "reason"), "reason", key="value")
        if reasons:
            lines.append(text_line(Run(text=self.words.say("lost_by_reason", reasons=reasons), link="list:lost")))
        objections = self._top(self.package.scoped(13, "objection", "objection"), "objection", key="num", rest=False)
        if objections and top_objection(self.package) is not None:
            lines.append(
                text_line(Run(text=self.words.say("objections", objections=objections), link="list:objection"))
            )
        if lines:
            yield section_of("losses", self.words.say("losses"), 5, BlockKind.TABLE, lines, refs=("9:lost",))

    def _top(self, metrics: Iterable[PackageMetric], kind: str, *, key: str, rest: bool = True) -> str:
        """«дорого 18, не указана 11, купили у других 9, прочее 9»."""
        known = sorted(
            ((int(getattr(item, key) or 0), item.scope_id) for item in metrics), key=lambda one: (-one[0], one[1])
        )
        names = self.package.names.get(kind, {})
        shown = [
            self.words.say("named_count", name=self._named(names, scope_id), count=formats.whole(count))
            for count, scope_id in known[:LISTED_NAMES]
            if count
        ]
        left = sum(count for count, _ in known[LISTED_NAMES:])
        if rest and left:
            shown.append(self.words.say("named_count", name=self.words.say("other"), count=formats.whole(left)))
        return ", ".join(shown)

    def _named(self, names: dict[str, str], scope_id: str) -> str:
        name = names.get(scope_id, "") if scope_id else self.words.say("no_reason")
        return (name[:1].lower() + name[1:]) if name else scope_id

    def _funnels(self) -> Iterator[Section]:
        by_pipeline: dict[str, list[PackageMetric]] = {}
        for step in self.package.scoped(10, "conversion", "step"):
            by_pipeline.setdefault(step.scope_id.partition(":")[0], []).append(step)
        for pipeline, steps in by_pipeline.items():
            name = self.package.names.get("pipeline", {}).get(pipeline, pipeline)
            days = int(self.package.versions.get("conversion_horizon_days", "30"))
            title = self.words.say(
                "funnel",
                pipeline=name,
                cohort=self.words.cohort(steps[0]),
                horizon=formats.counted(days, "day", self.language),
            )
            lines = [text_line(line) for line in self._steps(steps)]
            yield section_of(f"funnel_{pipeline}", title, 6, BlockKind.TABLE, lines, refs=("10:conversion",))

    def _steps(self, steps: list[PackageMetric]) -> Iterator[str]:
        names = self.package.names.get("step", {})
        for step in steps:
            if step.display == "hidden" or not step.den:
                continue
            name = names.get(step.scope_id, step.scope_id)
            share = self.words.share_now(step)
            if step.display == "few":
                yield self.words.say("step_few", step=name, share=share)
                continue
            before = "" if step.prev_value is None else f" ({self.words.share_before(step)})"
            before += self.words.change(step)
            yield self.words.say("step", step=name, share=share, den=formats.whole(step.den), before=before)
        if all(step.display == "hidden" for step in steps):
            yield self.words.say("too_young", cohort=self.words.cohort(steps[0]))
        pipeline = steps[0].scope_id.partition(":")[0]
        young = [
            item for item in self.package.scoped(10, "young_mature", "step") if item.scope_id.startswith(f"{pipeline}:")
        ]
        if young and young[0].den:
            cohort = self.words.cohort(young[0])
            yield self.words.say("young", cohort=cohort, num=formats.whole(young[0].num or 0), den=young[0].den)

    def _example(self) -> Iterator[Section]:
        """The most valuable client without an answer who was quoted; without a quote there is no example."""
        quoted = [row for row in self.package.list_rows("unanswered") if row.extra.get("quote") and row.deal_id]
        if not quoted:
            return
        row = max(quoted, key=lambda one: (one.amount or 0, one.row_no))
        at = "" if row.at is None else formats.moment(row.at, self.package.zone, self.language)
        line = self.words.say(
            "example_line",
            deal=self.words.say("deal", deal=row.deal_id),
            at=at,
            quote=row.extra["quote"],
            age=formats.minutes(row.age_min, self.language),
        )
        yield section_of("example", self.words.say("example"), 7, BlockKind.QUOTE, [text_line(line)])

    def _quality(self) -> Iterator[str]:
        agreement = self.words.metric(23, "agreement")
        if agreement is not None and agreement.den and agreement.ci_low is not None and agreement.ci_high is not None:
            yield self.words.say(
                "agreement",
                num=agreement.num,
                den=agreement.den,
                share=self.words.share_now(agreement),
                low=formats.half_up(agreement.ci_low * 100),
                high=formats.half_up(agreement.ci_high * 100),
            )
        health = {item.code: item.value for item in self.package.health}
        if health.get("undelivered"):
            yield self.words.say("undelivered", count=formats.whole(int(health["undelivered"] or 0)))
        if health.get("injection"):
            count = formats.counted(int(health["injection"] or 0), "dialog_in", self.language)
            yield self.words.say("injection", count=count)
        yield self.words.say("files")

    def _cabinet(self) -> Section:
        line = text_line(Run(text=self.words.say("cabinet"), link="report"))
        return section_of("cabinet", "", 0, BlockKind.FILES, [line])


FIGURE_REFS = (
    "0:new_episodes",
    "1:frt_median",
    "3:in_sla",
    "4:unanswered",
    "14:checklist_mean",
    "9:won",
    "9:lost",
)
"""What a reader may open from the block of figures."""
