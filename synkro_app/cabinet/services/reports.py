"""What pages ask about reports: the list, one document, its deliveries, and a new one."""

from __future__ import annotations

from datetime import date

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, WHO_ASKS_FOR_REPORTS, require
from synkro_resources.control.outbox import Delivery, deliveries
from synkro_resources.control.reports import ReportSummary, get_report, latest_report, list_reports
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument

LIST_LENGTH = 50


def latest(place: Installation, user: SessionUser, tenant: str) -> ReportDocument | None:
    """The newest document, or None before the first report."""
    require(user, tenant, EVERYBODY)
    return latest_report(place.control, tenant)


def listing(place: Installation, user: SessionUser, tenant: str) -> list[ReportSummary]:
    """The newest documents, newest first."""
    require(user, tenant, EVERYBODY)
    return list_reports(place.control, tenant, LIST_LENGTH)


def document(place: Installation, user: SessionUser, tenant: str, doc_id: str) -> ReportDocument | None:
    """One document of this tenant; None for an id of nobody or of another tenant."""
    require(user, tenant, EVERYBODY)
    return get_report(place.control, tenant, doc_id)


def deliveries_of(place: Installation, user: SessionUser, tenant: str, report_id: str) -> list[Delivery]:
    """The parts of a report that were sent, or are to be sent."""
    require(user, tenant, EVERYBODY)
    return deliveries(place.control, tenant, report_id)


def ask_for_report(place: Installation, user: SessionUser, tenant: str, day: date) -> RunRequest:
    """Ask for the report of a local day; its data are loaded first where they are missing or stale.

    Raises:
        RefusedError: `rights.not_found`, `plan.manual_requests` or `tenant.suspended`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    return create_request(
        place.control,
        tenant=tenant,
        kind=RequestKind.REPORT,
        period=Period.day(day),
        requested_by=f"user:{user.user_id}",
        reason="cabinet",
        clock=place.clock,
    )
