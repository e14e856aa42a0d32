"""Packages, report documents and reports sent, for every kind of period; stored in the control database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from synkro_assets.analysis.day_sentence import sentence_for
from synkro_assets.reports.delivery.sending import (
    NOT_REQUESTED,
    is_requested,
    link_resolver,
    longer_report_this_morning,
    send_report,
    wish_of,
)
from synkro_assets.reports.delivery.telegram_text import Resolve
from synkro_assets.reports.document.compose import compose_day, shortened
from synkro_assets.reports.document.compose_period import compose_period
from synkro_assets.reports.document.wording import word_facts
from synkro_assets.reports.package.build import build_package, build_waiting_now
from synkro_assets.reports.package.reading import data_until, read_inputs
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.packages import latest_package, save_package
from synkro_resources.control.report_files import FileFormat, save_file
from synkro_resources.control.reports import latest_report, save_report
from synkro_resources.cycles import no_search_for_cycles
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.report import ReportDocument
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import CRM_TABLES
from synkro_resources.model.tables.dialogs import DIALOG_TABLES, TURN
from synkro_resources.rules import formats
from synkro_resources.rules.working_time import Calendar

Write = Callable[[Package, ReportDocument, Resolve, str], bytes]
DESCRIPTIONS = {
    PeriodKind.DAY: "a local day",
    PeriodKind.WEEK: "an ISO week",
    PeriodKind.MONTH: "a calendar month",
    PeriodKind.CUSTOM: "the days that the run's config names",
}


def build_packages(run: TenantRun) -> None:
    """Every figure of the period with the rows behind it; the same rows again create nothing."""
    created = 0
    for period in _periods_to_build(run):
        inputs = read_inputs(run, period)
        with no_search_for_cycles():  # a large company's deals and rows are a million objects
            package = build_package(
                inputs,
                tenant=run.tenant,
                settings=run.settings,
                period=period,
                data_until=data_until(run, inputs),
                clock=run.clock,
            )
            stored = save_package(run.platform.control, package)
        created += stored.created
        key = period.report_id
        run.notes.extra |= {f"revision {key}": stored.revision, f"verdict {key}": str(package.verdict)}
    run.notes.extra["packages_created"] = created


def draw_reports(run: TenantRun) -> None:
    """The report document of the period, drawn from its package; a model may only word what the package says."""
    for period in run.periods:
        package_id, revision, package = _package(run, period)
        sentence = None
        if period.kind is PeriodKind.DAY:
            before = latest_report(run.platform.control, run.tenant, period.report_id)
            known = before is not None and before.package_id == package_id
            sentence = _sentence_of(before) if known else sentence_for(run, package)
        else:
            word_facts(run, package_id, package)
            package_id, revision, package = _package(run, period)
        document = _document(run, package_id, revision, package, sentence, run.settings.language)
        save_report(run.platform.control, run.tenant, document)
        run.notes.extra[f"document {period.report_id}"] = document.doc_id


def write_files(run: TenantRun) -> None:
    """The workbook and the PDF of the report, from the same package; an empty period has none."""
    # Loaded here: every other run, most of them loads, would wait for libraries of paper and charts at its start.
    from synkro_assets.reports.files.pdf import write_pdf
    from synkro_assets.reports.files.workbook import write_workbook

    writers: dict[FileFormat, Write] = {"xlsx": write_workbook, "pdf": write_pdf}
    for period in run.periods:
        _, _, package = _package(run, period)
        document = latest_report(run.platform.control, run.tenant, period.report_id)
        if document is None or package.verdict is Verdict.EMPTY:
            continue
        resolve, language = link_resolver(run, document), run.settings.language
        root = run.platform.settings.lake_root
        for file_format, write in writers.items():
            content = write(package, document, resolve, language)
            stored = save_file(run.platform.control, root, run.tenant, document.doc_id, file_format, content)
            run.notes.extra[f"{file_format} {period.report_id}"] = stored.size_bytes


def send_reports(run: TenantRun) -> None:
    """The report delivered: only in a run that an open report request asked for; a load or a range sends nothing."""
    if not is_requested(run):
        run.notes.extra["delivery"] = NOT_REQUESTED
        return
    wish = wish_of(run)
    language = wish.language or run.settings.language
    for period in run.periods:
        package_id, revision, package = _package(run, period)
        before = latest_report(run.platform.control, run.tenant, period.report_id)
        sentence = _sentence_of(before) if before is not None and before.language == language else None
        document = _document(run, package_id, revision, package, sentence, language)
        save_report(run.platform.control, run.tenant, document)
        sent = shortened(document) if longer_report_this_morning(run, period) else document
        run.notes.extra[f"delivery {period.report_id}"] = send_report(run, sent, package, wish)


def _assets_of(kind: PeriodKind) -> tuple[TenantAsset, ...]:
    """Package, document, files and delivery of one kind of period."""
    package, report, files, sent = (f"reports/{name}_{kind}" for name in ("package", "report", "files", "sent_report"))
    described = DESCRIPTIONS[kind]

    def declare(
        key: str, body: Callable[[TenantRun], None], *, after: Sequence[Table | str], kinds: Sequence[str], **more: Any
    ) -> TenantAsset:
        about = f"{(body.__doc__ or '').strip()} Its partitions: {described}."
        return tenant_asset(key, after=after, kinds=kinds, period=kind, description=about, **more)(body)

    return (
        declare(package, build_packages, after=(*CRM_TABLES, *DIALOG_TABLES), kinds=("postgres", "pandas")),
        declare(report, draw_reports, after=(package,), kinds=("postgres",), resources=("ai",)),
        declare(files, write_files, after=(report,), kinds=("excel",)),
        declare(sent, send_reports, after=(report, files), kinds=("telegram",), resources=("channels",)),
    )


def _periods_to_build(run: TenantRun) -> list[Period]:
    """The run's periods; with a day also the days off after it, whose one line its report carries."""
    last = run.periods[-1]
    off = _days_off_since(run, last.last_day) if last.kind is PeriodKind.DAY else []
    return [*run.periods, *map(Period.day, off)]


def _package(run: TenantRun, period: Period) -> tuple[str, int, Package]:
    """The newest package of the period, if readers may get it.

    Raises:
        DataError: `report.no_package`, `report.not_ready`.
    """
    found = latest_package(run.platform.control, run.tenant, period.report_id)
    if found is None or found[2].verdict is Verdict.FAILED:
        code = "report.no_package" if found is None else "report.not_ready"
        raise DataError(
            code,
            Sentence(
                f"Отчёт за {formats.period_name(period.first_day, period.last_day, 'ru')} не готов: нет данных.",
                f"The report of {formats.period_name(period.first_day, period.last_day, 'en')} is not ready: no data.",
            ),
            Sentence("Загрузите этот период и повторите.", "Load the period and try again."),
            tenant=run.tenant,
        )
    return found


def _document(
    run: TenantRun, package_id: str, revision: int, package: Package, sentence: str | None, language: str
) -> ReportDocument:
    """The document with the clients who wait now, read from the newest stored days."""
    period = package.period
    today = run.clock.now().astimezone(run.window.tz).date()
    inputs = read_inputs(run, Period.day(period.last_day), until=max(period.last_day, today))
    waiting = build_waiting_now(inputs, tenant=run.tenant, settings=run.settings, data_until=data_until(run, inputs))
    common: dict[str, Any] = {
        "package_id": package_id,
        "revision": revision,
        "language": language,
        "company_name": run.settings.company_name or run.tenant,
        "composed_at": run.clock.now(),
    }
    if period.kind is not PeriodKind.DAY:
        return compose_period(package, waiting, **common)
    return compose_day(
        package,
        waiting,
        **common,
        summary_sentence=sentence,
        off_days=[
            found[2]
            for off in _days_off_since(run, period.last_day)
            if (found := latest_package(run.platform.control, run.tenant, Period.day(off).report_id)) is not None
        ],
    )


def _days_off_since(run: TenantRun, day: date) -> list[date]:
    """The loaded days off between `day` and the morning after them: Friday's report goes out on Monday."""
    calendar, stored = Calendar.of(run.settings), set(run.lake.days(TURN, run.tenant))
    today = run.clock.now().astimezone(run.window.tz).date()
    found: list[date] = []
    following = day + timedelta(days=1)
    while following < today and following in stored and not calendar.is_working_day(following):
        found.append(following)
        following += timedelta(days=1)
    return found


def _sentence_of(document: ReportDocument | None) -> str | None:
    """The checked sentence of a stored day, so that it is not paid for twice; other kinds have none."""
    if document is None:
        return None
    for section in document.sections:
        if section.code == "summary":
            return "".join(run.text for block in section.blocks for line in block.lines for run in line)
    return None


REPORT_ASSETS: tuple[TenantAsset, ...] = tuple(asset for kind in PeriodKind for asset in _assets_of(kind))
