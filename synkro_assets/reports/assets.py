"""A day's package, its report document, and the report sent; they live in the control database, not in the lake."""

from __future__ import annotations

from datetime import date, timedelta

from synkro_assets.analysis.day_sentence import sentence_for
from synkro_assets.reports.compose import compose_day
from synkro_assets.reports.package import build_day_package, build_waiting_now
from synkro_assets.reports.reading import data_until, read_inputs
from synkro_assets.reports.sending import NOT_REQUESTED, is_requested, send_report
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.packages import latest_package, save_package
from synkro_resources.control.reports import latest_report, save_report
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.model.tables.crm import CRM_TABLES
from synkro_resources.model.tables.dialogs import DIALOG_TABLES, TURN
from synkro_resources.rules.working_time import Calendar

PACKAGE, REPORT, SENT = "reports/package_day", "reports/report_day", "reports/sent_report_day"


@tenant_asset(PACKAGE, after=(*CRM_TABLES, *DIALOG_TABLES), kinds=("postgres", "pandas"))
def package_day(run: TenantRun) -> None:
    """Every figure of the day with the rows behind it; the same rows again create nothing."""
    created = 0
    for day in [*run.window.days, *_days_off_since(run, run.window.last_day)]:
        inputs = read_inputs(run, day)
        package = build_day_package(
            inputs,
            tenant=run.tenant,
            settings=run.settings,
            day=day,
            data_until=data_until(run, inputs),
            clock=run.clock,
        )
        stored = save_package(run.platform.control, package)
        created += stored.created
        run.notes.extra |= {f"revision_{day}": stored.revision, f"verdict_{day}": str(package.verdict)}
    run.notes.extra["packages_created"] = created


@tenant_asset(REPORT, after=(PACKAGE,), resources=("ai",), kinds=("postgres",))
def report_day(run: TenantRun) -> None:
    """The report document of the day, drawn from its package; a model may add one checked sentence."""
    for day in run.window.days:
        package_id, revision, package = _package(run, day)
        before = latest_report(run.platform.control, run.tenant, package.period.report_id)
        known = before is not None and before.package_id == package_id
        sentence = _sentence_of(before) if known else sentence_for(run, package)
        document = _document(run, day, package_id, revision, package, sentence)
        save_report(run.platform.control, run.tenant, document)
        run.notes.extra[f"document_{day}"] = document.doc_id


@tenant_asset(SENT, after=(REPORT,), resources=("telegram",), kinds=("telegram",))
def sent_report_day(run: TenantRun) -> None:
    """The report delivered: only in a run that an open report request asked for; a load or a range sends nothing."""
    if not is_requested(run):
        run.notes.extra["delivery"] = NOT_REQUESTED
        return
    for day in run.window.days:
        package_id, revision, package = _package(run, day)
        before = latest_report(run.platform.control, run.tenant, package.period.report_id)
        document = _document(run, day, package_id, revision, package, _sentence_of(before))
        save_report(run.platform.control, run.tenant, document)
        run.notes.extra[f"delivery_{day}"] = send_report(run, document)


def _package(run: TenantRun, day: date) -> tuple[str, int, Package]:
    """The newest package of the day, if readers may get it.

    Raises:
        DataError: `report.no_package`, `report.not_ready`.
    """
    found = latest_package(run.platform.control, run.tenant, Period.day(day).report_id)
    if found is None or found[2].verdict is Verdict.FAILED:
        code = "report.no_package" if found is None else "report.not_ready"
        raise DataError(
            code,
            Sentence(f"Отчёт за {day:%d.%m.%Y} не готов: нет данных.", f"The report of {day} is not ready: no data."),
            Sentence("Загрузите этот день и повторите.", "Load that day and try again."),
            tenant=run.tenant,
        )
    return found


def _document(
    run: TenantRun, day: date, package_id: str, revision: int, package: Package, sentence: str | None
) -> ReportDocument:
    """The document with the clients who wait now, read from the newest stored days."""
    today = run.clock.now().astimezone(run.window.tz).date()
    inputs = read_inputs(run, day, until=max(day, today))
    waiting = build_waiting_now(inputs, tenant=run.tenant, settings=run.settings, data_until=data_until(run, inputs))
    return compose_day(
        package,
        waiting,
        package_id=package_id,
        revision=revision,
        language=run.settings.language,
        company_name=run.settings.company_name or run.tenant,
        summary_sentence=sentence,
        composed_at=run.clock.now(),
        off_days=[
            found[2]
            for off in _days_off_since(run, day)
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
    """The checked sentence of a stored document, so that it is not paid for twice."""
    if document is None:
        return None
    for section in document.sections:
        if section.code == "summary":
            return "".join(run.text for block in section.blocks for line in block.lines for run in line)
    return None


REPORT_ASSETS: tuple[TenantAsset, ...] = (package_day, report_day, sent_report_day)
