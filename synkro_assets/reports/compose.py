"""The daily report document, drawn from a package and the clients who wait now (docs/report.md, «Daily»).

Nothing is computed here: every figure comes from the package, every word from the catalogue. Names of clients, phones
and deal titles never enter the text; deals appear as their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from synkro_assets.reports.day_texts import SOURCE_NAMES, TEXTS
from synkro_resources.model.package import Package, PackageMetric, Verdict
from synkro_resources.model.report import Block, BlockKind, Line, ReportDocument, Run, Section, text_line
from synkro_resources.rules import formats
from synkro_resources.rules.metrics.unanswered import UnansweredRow, WaitingNow

LISTED_CLIENTS = 3
MINUTES_WITHOUT_UNIT = 60
"""A previous value below an hour repeats only the number: «6 мин (7)»."""


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
) -> ReportDocument:
    """The document of the package's day in `language`, as of `composed_at` (UTC)."""
    draft = _Draft(package, waiting, language, composed_at)
    report_id = package.period.report_id
    return ReportDocument(
        doc_id=f"{report_id}:r{revision}:{language}",
        package_id=package_id,
        tenant=package.tenant,
        report_id=report_id,
        revision=revision,
        kind=package.period.kind.value,
        language=language,
        title=draft.title(),
        subtitle=draft.subtitle(company_name),
        sections=tuple(draft.sections(summary_sentence)),
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    package: Package
    waiting: WaitingNow
    language: str
    composed_at: datetime

    def say(self, key: str, **values: object) -> str:
        return TEXTS[self.language][key].format(**values)

    def title(self) -> str:
        day = self.package.period.first_day
        local_today = self.composed_at.astimezone(ZoneInfo(self.package.zone)).date()
        if self.package.verdict is Verdict.PRELIMINARY:
            return self.say("preliminary", day=formats.short_day(day, self.language))
        if local_today == day + timedelta(days=1):
            return self.say("title_morning", day=formats.short_day(local_today, self.language))
        return self.say("title_day", day=formats.short_day(day, self.language))

    def subtitle(self, company_name: str) -> str:
        until, zone = self.waiting.as_of, self.package.zone
        shown = formats.clock_time(until, zone)
        local = until.astimezone(ZoneInfo(zone)).date()
        if local != self.composed_at.astimezone(ZoneInfo(zone)).date():
            shown = f"{formats.short_day(local, self.language)} {shown}"
        name = formats.zone_name(until, zone, self.language)
        return self.say("subtitle", company=company_name, until=shown, zone=name)

    def sections(self, sentence: str | None) -> Iterator[Section]:
        if self.package.verdict is Verdict.PRELIMINARY:
            yield _section("status", "", 0, BlockKind.STATUS, [text_line(self._preliminary_reason())])
        if self.package.verdict is Verdict.EMPTY:
            line = f"{self.say('empty')}: {self._source_times()}"
            yield _section("status", "", 0, BlockKind.STATUS, [text_line(line)])
            return
        yield _section("waiting", "", 1, BlockKind.ACTIONS, list(self._waiting_lines()), refs=("5:waiting",))
        if sentence:
            yield _section("summary", "", 4, BlockKind.CONCLUSIONS, [text_line(Run(text=sentence, style="italic"))])
        refs = ("0:new_episodes", "1:frt_median", "3:in_sla", "4:unanswered", "8:new_silent", "9:lost", "9:won")
        yield _section("figures", self._figures_title(), 3, BlockKind.FIGURES, list(self._figure_lines()), refs=refs)
        yield _section("health", "", 8, BlockKind.NOTE, list(self._health_lines()))

    def _preliminary_reason(self) -> str:
        coverage = next((item.value for item in self.package.health if item.code == "dialog_coverage"), None)
        share = formats.share(formats.half_up((coverage or 0) * 100), 100, self.language)
        return self.say("preliminary_reason", coverage=share)

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
        tail = f"{self.say('more', count=hidden)}. {not_due}" if hidden > 0 else not_due
        yield text_line(tail)

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
        is_yesterday = self.composed_at.astimezone(ZoneInfo(self.package.zone)).date() == day + timedelta(days=1)
        title = self.say("yesterday" if is_yesterday else "other_day", day=formats.short_day(day, self.language))
        previous = self.package.prev_period
        if previous is None:
            return title
        return title + self.say("compared", day=formats.short_day(previous.first_day, self.language))

    def _figure_lines(self) -> Iterator[Line]:
        yield text_line(
            formats.listed(
                [
                    self.say("episodes", count=self._count(0, "new_episodes")),
                    self.say("first_response", time=self._minutes(1, "frt_median")),
                    self.say("in_sla", share=self._share(3, "in_sla")),
                ]
            )
        )
        lost = self.say("lost", count=self._count(9, "lost"))
        without_reason = self._metric(9, "lost_without_reason")
        if without_reason is not None and without_reason.value:
            lost += self.say("lost_without_reason", count=formats.whole(int(without_reason.value)))
        line = [self.say("unanswered", count=self._count(4, "unanswered")), lost]
        if self._metric(9, "won") is not None:
            line.append(self.say("won", count=self._count(9, "won")))
        yield text_line(formats.listed(line))
        silent = self._metric(8, "new_silent")
        if silent is not None and silent.num:
            yield text_line(self.say("silent", share=self._share(8, "new_silent")))
        if self.package.prev_period is None and self.package.prev_note in ("holidays", "not_loaded"):
            yield text_line(self.say(f"not_compared_{self.package.prev_note}"))

    def _health_lines(self) -> Iterator[Line]:
        values = {item.code: item.value for item in self.package.health}
        shares = [
            self.say(key, share=formats.share(formats.half_up(value * 100), 100, self.language))
            for key, code in (("attribution", "attribution_share"), ("unmatched", "unmatched_share"))
            if (value := values.get(code)) is not None
        ]
        if shares:
            yield text_line(formats.listed(shares))
        yield text_line(f"{self._failures()} · {self._source_times()}")

    def _failures(self) -> str:
        reasons: list[str] = []
        for reason in self.package.verdict_reasons:
            code, _, source = reason.partition(":")
            known = {"no_load": "no_load", "load_coverage": "missing_days", "dialog_coverage": "missing_days"}
            if code in known:
                reasons.append(self.say(known[code], name=SOURCE_NAMES.get(source, source)))
        return self.say("failures", what=", ".join(reasons)) if reasons else self.say("no_failures")

    def _source_times(self) -> str:
        found: list[str] = []
        for item in self.package.health:
            if item.code.startswith("lag:") and item.text:
                source = item.code.removeprefix("lag:")
                time = formats.clock_time(datetime.fromisoformat(item.text), self.package.zone)
                found.append(self.say("source", name=SOURCE_NAMES.get(source, source), time=time))
        return ", ".join(found)

    def _metric(self, number: int, code: str) -> PackageMetric | None:
        return self.package.metric(number, code)

    def _count(self, number: int, code: str) -> str:
        metric = self._metric(number, code)
        if metric is None or metric.value is None:
            return TEXTS[self.language]["few"]
        before = "" if metric.prev_value is None else f" ({formats.whole(int(metric.prev_value))})"
        return formats.whole(int(metric.value)) + before

    def _minutes(self, number: int, code: str) -> str:
        metric = self._metric(number, code)
        if metric is None or metric.value is None or metric.display != "ok":
            return self.say("few")
        return formats.minutes(metric.value, self.language) + self._previous_minutes(metric)

    def _previous_minutes(self, metric: PackageMetric) -> str:
        if metric.prev_value is None:
            return ""
        rounded = formats.half_up(metric.prev_value)
        bare = (
            str(rounded) if 1 <= rounded < MINUTES_WITHOUT_UNIT else formats.minutes(metric.prev_value, self.language)
        )
        return f" ({bare})"

    def _share(self, number: int, code: str) -> str:
        metric = self._metric(number, code)
        if metric is None or metric.num is None or metric.den is None:
            return self.say("few")
        now = formats.share(metric.num, metric.den, self.language)
        if metric.prev_value is None:
            return now
        return f"{now} ({formats.share(formats.half_up(metric.prev_value * 100), 100, self.language)})"


def _section(
    code: str, title: str, priority: int, kind: BlockKind, lines: list[Line], *, refs: tuple[str, ...] = ()
) -> Section:
    block = Block(kind=kind, lines=tuple(lines), metric_refs=refs)
    return Section(code=code, title=title, priority=priority, blocks=(block,))
