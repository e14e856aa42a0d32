"""What pages ask about reports: the list, one document, its deliveries, and a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import (
    EVERYBODY,
    WHO_ASKS_FOR_REPORTS,
    actor_of,
    own_manager,
    require_contents,
    require_state,
)
from synkro_resources import charts
from synkro_resources.control.audit import record
from synkro_resources.control.outbox import Delivery, deliveries
from synkro_resources.control.packages import package_figures, package_lists, package_rows
from synkro_resources.control.report_files import ReportFile, files_of, read_file
from synkro_resources.control.reports import ReportSummary, get_report, latest_report, list_reports
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.standings import corrected_since
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.package import PackageRow
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.report import ReportDocument

LIST_LENGTH = 50
SHOWN_ROWS = 500
"""Rows of a list that a page shows; the workbook holds all of them."""


def latest(place: Installation, user: SessionUser, tenant: str) -> ReportDocument | None:
    """The newest document, or None before the first report."""
    require_contents(user, tenant, EVERYBODY)
    return latest_report(place.control, tenant)


def listing(place: Installation, user: SessionUser, tenant: str) -> list[ReportSummary]:
    """The newest documents, newest first."""
    require_state(user, tenant, EVERYBODY)
    return list_reports(place.control, tenant, LIST_LENGTH)


def document(place: Installation, user: SessionUser, tenant: str, doc_id: str) -> ReportDocument | None:
    """One document of this tenant; None for an id of nobody or of another tenant."""
    require_contents(user, tenant, EVERYBODY)
    return get_report(place.control, tenant, doc_id)


def newer_revision(place: Installation, user: SessionUser, tenant: str, shown: ReportDocument) -> ReportDocument | None:
    """The newest document of the same report, if `shown` is of an older revision: chats keep links to what was sent."""
    require_contents(user, tenant, EVERYBODY)
    newest = latest_report(place.control, tenant, shown.report_id)
    return newest if newest is not None and newest.revision > shown.revision else None


def corrected(place: Installation, user: SessionUser, tenant: str, package_id: str) -> int:
    """How many labels behind a report people have taken out since it was made; its numbers stay."""
    require_contents(user, tenant, EVERYBODY)
    return corrected_since(place.control, tenant, package_id, manager_id=own_manager(user, tenant))


@dataclass(frozen=True, slots=True)
class FigureRows:
    """One list behind the figures of a report: its first rows, and how many there are in all."""

    rows: tuple[PackageRow, ...]
    total: int
    managers: dict[str, str]


def list_sizes(place: Installation, user: SessionUser, tenant: str, package_id: str) -> dict[str, int]:
    """How many rows stand behind each list of a package; empty for a package of nobody or of another tenant.

    A viewer who is bound to a manager finds only that manager's rows, here and in `rows_behind`.
    """
    require_contents(user, tenant, EVERYBODY)
    return package_lists(place.control, tenant, package_id, manager_id=own_manager(user, tenant))


@dataclass(frozen=True, slots=True)
class ReportChart:
    """A chart of a report as a Vega-Lite specification; `subject` names what it is about, if there are several."""

    code: str
    subject: str
    spec: dict[str, object]


def charts_of(place: Installation, user: SessionUser, tenant: str, package_id: str, language: str) -> list[ReportChart]:
    """The charts that a package has enough figures for; none for a package of nobody or of another tenant.

    A viewer who is bound to a manager does not get the chart of people.
    """
    require_contents(user, tenant, EVERYBODY)
    package = package_figures(place.control, tenant, package_id)
    if package is None:
        return []
    pipelines = dict.fromkeys(step.scope_id.partition(":")[0] for step in package.scoped(10, "conversion", "step"))
    names = package.names.get("pipeline", {})
    drawn = [
        ("managers", "", charts.managers(package, language) if own_manager(user, tenant) is None else None),
        ("hours", "", charts.hours(package, language)),
        *(("funnel", names.get(one, one), charts.funnel(package, one, language)) for one in pipelines),
    ]
    return [ReportChart(code, subject, chart.to_dict()) for code, subject, chart in drawn if chart is not None]


def rows_behind(place: Installation, user: SessionUser, tenant: str, package_id: str, list_code: str) -> FigureRows:
    """The rows of one list of a package. They name deals and dialogs by number and hold no text of a client."""
    require_contents(user, tenant, EVERYBODY)
    rows, total, names = package_rows(
        place.control, tenant, package_id, list_code, SHOWN_ROWS, manager_id=own_manager(user, tenant)
    )
    return FigureRows(tuple(rows), total, names.get("manager", {}))


def files(place: Installation, user: SessionUser, tenant: str, doc_id: str) -> list[ReportFile]:
    """The files of a document; none for a document of nobody or of another tenant.

    Files tell of the whole team: a viewer who is bound to a manager gets none.
    """
    require_contents(user, tenant, EVERYBODY)
    if own_manager(user, tenant) is not None:
        return []
    return files_of(place.control, tenant, doc_id)


def open_file(place: Installation, user: SessionUser, tenant: str, file: ReportFile) -> bytes:
    """The content of a file of this tenant; every opening is written to the audit.

    Raises:
        DataError: `report.file_damaged`. RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, EVERYBODY if own_manager(user, tenant) is None else ())
    content = read_file(place.settings.lake_root, tenant, file)
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=place.clock.now(),
            actor=actor_of(user, tenant),
            action="report.file_opened",
            tenant=tenant,
            target=f"{file.doc_id}:{file.format}",
        )
    return content


def deliveries_of(place: Installation, user: SessionUser, tenant: str, report_id: str) -> list[Delivery]:
    """The parts of a report that were sent, or are to be sent."""
    require_contents(user, tenant, EVERYBODY)
    return deliveries(place.control, tenant, report_id)


def period_of(kind: PeriodKind, first_day: date, last_day: date) -> Period:
    """The period that a person means by its kind and the days picked; only own dates have a last day of their own."""
    match kind:
        case PeriodKind.DAY:
            return Period.day(first_day)
        case PeriodKind.WEEK:
            return Period.week_of(first_day)
        case PeriodKind.MONTH:
            return Period.month_of(first_day)
        case PeriodKind.CUSTOM:
            return Period.custom(first_day, last_day)


def ask_for_report(place: Installation, user: SessionUser, tenant: str, period: Period) -> RunRequest:
    """Ask for the report of a period of local days; data are loaded first where they are missing or stale.

    Raises:
        RefusedError: `rights.not_found`, `plan.manual_requests`, `plan.history` or `tenant.suspended`.
        UserInputError: `report.period_too_long` or `report.period_not_begun`.
    """
    require_state(user, tenant, WHO_ASKS_FOR_REPORTS)
    return create_request(
        place.control,
        tenant=tenant,
        kind=RequestKind.REPORT,
        period=period,
        requested_by=actor_of(user, tenant),
        reason="cabinet",
        clock=place.clock,
    )
