"""The daily report document, drawn from a package and the clients who wait now (docs/report.md, «Daily»).

Nothing is computed here: every figure comes from the package, every word from the catalogue. Names of clients, phones
and deal titles never enter the text; deals appear as their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from synkro_assets.reports.document.period_parts import NO_LABELS
from synkro_assets.reports.document.sections import document_of, section_of
from synkro_assets.reports.words.day_texts import SOURCE_NAMES, TEXTS
from synkro_assets.reports.words.figure_words import FigureWords
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.report import BlockKind, Line, ReportDocument, Run, Section, text_line
from synkro_resources.rules import formats
from synkro_resources.rules.metrics.unanswered import UnansweredRow, WaitingNow

LISTED_CLIENTS = 3
IN_SHORT = frozenset(("status", "waiting", "cabinet"))
"""Sections of a daily report beside a weekly or monthly one: figures of the day would repeat what those tell."""


def compose_day(
    package: Package,
    waiting: WaitingNow,
    *,
    package_id: str,
    revision: int,
    language: str,
    company_name: str,
    summary_sentence: str | None,
    composed_at: datetime,
    off_days: Sequence[Package] = (),
) -> ReportDocument:
    """The document of the package's day in `language`, as of `composed_at` (UTC).

    `off_days`: packages of the days off between the reported day and the morning of sending; they add one line.
    """
    draft = _Draft(package, waiting, language, composed_at, tuple(off_days))
    return document_of(
        package,
        package_id=package_id,
        revision=revision,
        language=language,
        title=draft.title(),
        subtitle=draft.subtitle(company_name),
        sections=draft.sections(summary_sentence),
    )


def shortened(document: ReportDocument) -> ReportDocument:
    """The daily report as it is sent on the morning of a weekly or monthly one: who waits now, and nothing else."""
    kept = tuple(section for section in document.sections if section.code in IN_SHORT)
    return document.model_copy(update={"sections": kept})


@dataclass(frozen=True, slots=True)
class _Draft:
    package: Package
    waiting: WaitingNow
    language: str
    composed_at: datetime
    off_days: tuple[Package, ...] = ()

    @property
    def words(self) -> FigureWords:
        return FigureWords(self.package, self.language)

    def say(self, key: str, **values: object) -> str:
        return TEXTS[self.language][key].format(**values)

    def title(self) -> str:
        day = self.package.period.first_day
        covered = max((day, *(package.period.last_day for package in self.off_days)))
        if self.package.verdict is Verdict.PRELIMINARY:
            return self.say("preliminary", day=formats.short_day(day, self.language))
        if self._today() == covered + timedelta(days=1):
            return self.say("title_morning", day=formats.short_day(self._today(), self.language))
        return self.say("title_day", day=formats.short_day(day, self.language))

    def subtitle(self, company_name: str) -> str:
        until = self.waiting.as_of
        name = formats.zone_name(until, self.package.zone, self.language)
        return self.say("subtitle", company=company_name, until=self._moment(until), zone=name)

    def _today(self) -> date:
        return self.composed_at.astimezone(ZoneInfo(self.package.zone)).date()

    def sections(self, sentence: str | None) -> Iterator[Section]:
        if self.package.verdict is Verdict.PRELIMINARY:
            yield section_of("status", "", 0, BlockKind.STATUS, [text_line(self._preliminary_reason())])
        if self.package.verdict is Verdict.EMPTY:
            line = f"{self.say('empty')}: {self._source_times()}"
            yield section_of("status", "", 0, BlockKind.STATUS, [text_line(line)])
            yield self._cabinet()
            return
        yield section_of("waiting", "", 1, BlockKind.ACTIONS, list(self._waiting_lines()), refs=("5:waiting",))
        if sentence:
            yield section_of("summary", "", 4, BlockKind.CONCLUSIONS, [text_line(Run(text=sentence, style="italic"))])
        refs = ("0:new_episodes", "1:frt_median", "3:in_sla", "4:unanswered", "8:new_silent", "9:lost", "9:won")
        yield section_of("figures", self._figures_title(), 3, BlockKind.FIGURES, list(self._figure_lines()), refs=refs)
        yield section_of("health", "", 8, BlockKind.NOTE, list(self._health_lines()))
        yield self._cabinet()

    def _cabinet(self) -> Section:
        line = text_line(Run(text=self.say("cabinet"), link="report"))
        return section_of("cabinet", "", 0, BlockKind.FILES, [line])

    def _preliminary_reason(self) -> str:
        reasons = "; ".join(self._reasons())
        return self.say("preliminary_reason", reasons=reasons[:1].upper() + reasons[1:])

    def _reasons(self) -> Iterator[str]:
        """Why the report is preliminary, in the words of the reader."""
        coverage = next((item.value for item in self.package.health if item.code == "dialog_coverage"), None)
        for reason in self.package.verdict_reasons:
            if reason == "dialog_coverage" and coverage is not None:
                yield self.say(reason, coverage=self._per_cent(coverage))
            elif reason == "period_not_over":
                yield self.say(reason, until=formats.clock_time(self.package.as_of, self.package.zone))
            else:
                yield self.say(reason)

    def _per_cent(self, value: float) -> str:
        return formats.share(formats.half_up(value * 1000), 1000, self.language)

    def _waiting_lines(self) -> Iterator[Line]:
        rows = self.waiting.rows
        not_due = self.say("not_due", count=self.waiting.not_due)
        if not rows:
            yield text_line(f"{self.say('nobody')}. {not_due}")
            return
        longest = formats.minutes(max(row.age_min for row in rows), self.language)
        head = Run(text=self.say("waiting", count=len(rows)), style="bold")
        yield text_line(head, self.say("longest", time=longest))
        for row in rows[:LISTED_CLIENTS]:
            yield self._waiting_line(row)
        hidden = len(rows) - LISTED_CLIENTS
        if hidden > 0:
            yield text_line(Run(text=self.say("more", count=hidden), link="report"), f". {not_due}")
        else:
            yield text_line(not_due)

    def _waiting_line(self, row: UnansweredRow) -> Line:
        deal: Run | str = self.say("no_deal")
        parts: list[str] = []
        if row.deal_id is not None:
            deal = Run(text=self.say("deal", deal=row.deal_id), link=f"deal:{row.deal_id}")
            parts.append(formats.money(row.price, self.language))
        manager = self.package.names.get("manager", {}).get(str(row.manager_id))
        if manager:
            parts.append(manager)
        parts.append(formats.minutes(row.age_min, self.language))
        return text_line("• ", deal, " · " + formats.listed(parts))

    def _figures_title(self) -> str:
        day = self.package.period.first_day
        is_yesterday = self._today() == day + timedelta(days=1)
        title = self.say("yesterday" if is_yesterday else "other_day", day=formats.short_day(day, self.language))
        previous = self.package.prev_period
        if previous is None:
            return title
        return title + self.say("compared", day=formats.short_day(previous.first_day, self.language))

    def _figure_lines(self) -> Iterator[Line]:
        yield text_line(
            formats.listed(
                [
                    self.say("episodes", count=self.words.count(0, "new_episodes")),
                    self.say("first_response", time=self.words.minutes(1, "frt_median")),
                    self.say("in_sla", share=self.words.share(3, "in_sla")),
                ]
            )
        )
        lost = self.say("lost", count=self.words.count(9, "lost"))
        without_reason = self.package.metric(9, "lost_without_reason")
        if without_reason is not None and without_reason.value:
            lost += self.say("lost_without_reason", count=formats.whole(int(without_reason.value)))
        line = [self.say("unanswered", count=self.words.count(4, "unanswered")), lost]
        if self.package.metric(9, "won") is not None:
            line.append(self.say("won", count=self.words.count(9, "won")))
        yield text_line(formats.listed(line))
        without_deal = self.package.metric(7, "no_deal")
        if without_deal is not None and without_deal.value is not None:
            yield text_line(self.say("without_deal", count=self.words.count(7, "no_deal")))
        elif without_deal is not None and without_deal.note in NO_LABELS:
            yield text_line(self.words.say(f"no_labels_{without_deal.note}"))
        silent = self.package.metric(8, "new_silent")
        if silent is not None and silent.num:
            yield text_line(self.say("silent", share=self.words.share(8, "new_silent")))
        if self.off_days:
            yield text_line(self._off_days())
        if self.package.prev_period is None and self.package.prev_note in ("holidays", "not_loaded"):
            yield text_line(self.say(f"not_compared_{self.package.prev_note}"))

    def _off_days(self) -> str:
        def total(code: str) -> str:
            found = [package.metric(0, code) for package in self.off_days]
            return formats.whole(sum(int(metric.value or 0) for metric in found if metric is not None))

        days = formats.counted(len(self.off_days), "off_day", self.language)
        return self.say("off_days", days=days, episodes=total("new_episodes"), unanswered=total("new_without_answer"))

    def _health_lines(self) -> Iterator[Line]:
        values = {item.code: item.value for item in self.package.health}
        facts = [
            self.say(key, share=self._per_cent(value))
            for key, code in (("attribution", "attribution_share"), ("unmatched", "unmatched_share"))
            if (value := values.get(code)) is not None
        ]
        undelivered = values.get("undelivered")
        if undelivered:
            facts.append(self.say("undelivered", count=formats.whole(int(undelivered))))
        if facts:
            yield text_line(formats.listed(facts))
        if injected := values.get("injection"):
            dialogs = formats.counted(int(injected), "dialog_in", self.language)
            yield text_line(self.words.say("injection", count=dialogs))
        yield text_line(f"{self._failures()} · {self._source_times()}")

    def _failures(self) -> str:
        reasons = list(self._reasons())
        return self.say("failures", what="; ".join(reasons)) if reasons else self.say("no_failures")

    def _source_times(self) -> str:
        """When each source was loaded: at sending if it is known, else at the build of the package."""
        times = dict(self.waiting.sources) or {
            item.code.removeprefix("lag:"): datetime.fromisoformat(item.text)
            for item in self.package.health
            if item.code.startswith("lag:") and item.text
        }
        return ", ".join(
            self.say("source", name=SOURCE_NAMES.get(source, source), time=self._moment(time))
            for source, time in sorted(times.items(), reverse=True)
        )

    def _moment(self, instant: datetime) -> str:
        """«08:22», with the day before it if that is not today."""
        shown = formats.clock_time(instant, self.package.zone)
        local = instant.astimezone(ZoneInfo(self.package.zone)).date()
        return shown if local == self._today() else f"{formats.short_day(local, self.language)} {shown}"
