"""Asking once more for a scheduled report that went out as preliminary and whose days are whole by now.

Whether readers are told anything is decided where it is sent (`reports/retelling.py`).
"""

from __future__ import annotations

from datetime import timedelta

from synkro_assets.day_marks import loaded_at
from synkro_resources.control import run_requests
from synkro_resources.control.packages import newest_verdict
from synkro_resources.control.run_requests import RunRequest, Scheduled, create_request
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.package import Verdict
from synkro_resources.platform import Platform

REFINED_WITHIN = timedelta(hours=48)


def ask_for_refinements(platform: Platform) -> list[RunRequest]:
    """The requests for reports of the last 48 hours that can be told whole now; each is made once."""
    now = platform.clock.now()
    found = run_requests.refinable_requests(platform.control, platform.settings.cell, now - REFINED_WITHIN)
    asked = [_refine(platform, request) for request in found if _is_whole_now(platform, request)]
    return [request for request in asked if request is not None]


def _is_whole_now(platform: Platform, request: RunRequest) -> bool:
    known = newest_verdict(platform.control, request.tenant, request.period.report_id)
    if known is None or known[0] is not Verdict.PRELIMINARY:
        return False
    _, built_at = known
    loads = loaded_at(platform.control, request.tenant, request.period.first_day, request.period.last_day)
    is_whole = set(loads) == set(request.period.days)
    return is_whole and max(loads.values()) > built_at


def _refine(platform: Platform, request: RunRequest) -> RunRequest | None:
    if request.schedule_id is None:
        return None
    return create_request(
        platform.control,
        tenant=request.tenant,
        kind=RequestKind.REPORT,
        period=request.period,
        requested_by=f"{run_requests.SCHEDULE_PREFIX}{request.schedule_id}",
        reason="the missing days of a preliminary report are there",
        clock=platform.clock,
        scheduled=Scheduled(request.schedule_id, platform.clock.now(), is_refinement=True),
    )
