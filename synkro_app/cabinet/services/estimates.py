"""What a report of a period would take, told before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, require_state
from synkro_resources.control.ai_usage import LabelEstimate, estimate_labels
from synkro_resources.control.estimates import LoadEstimate, estimate_load
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.period import Period

CHUNK_DAYS = 7


@dataclass(frozen=True, slots=True)
class ReportEstimate:
    """As if no day were loaded or labelled yet; those that are cost nothing again. Unknown parts are None."""

    load: LoadEstimate
    labels: LabelEstimate


def of_report(place: Installation, user: SessionUser, tenant: str, period: Period) -> ReportEstimate:
    """Time, requests to the vendors and the AI's price, from what this tenant's earlier days have taken."""
    require_state(user, tenant, EVERYBODY)
    return ReportEstimate(
        estimate_load(place.control, tenant, period.first_day, period.last_day, chunk_days=CHUNK_DAYS),
        estimate_labels(place.control, tenant, len(period.days)),
    )
