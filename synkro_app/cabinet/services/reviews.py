"""What the list «На проверку» asks: findings that chance has chosen and that nobody has judged yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.dialogs import questions_of
from synkro_app.cabinet.services.rights import EVERYBODY, own_manager, require_contents
from synkro_resources.control.labels import StoredFinding
from synkro_resources.control.reviews import draw_week, last_full_week, waiting_findings
from synkro_resources.control.rubrics import rubrics_of
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.errors import Sentence
from synkro_resources.model.feedback import Sampling
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.masking.tokens import Language, with_labels


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A finding to judge. `quote`: in its masked form; `period`: the week in which the list holds its dialog."""

    finding: StoredFinding
    quote: str
    kind: Sampling
    period: Period
    items: Mapping[str, Sentence] | None
    """The questions of the checklist's version that gave it; None: the product's."""


def to_review(place: Installation, user: SessionUser, tenant: str) -> list[ReviewItem]:
    """The findings that wait for a verdict, newest week first; a viewer bound to a manager gets only that manager's.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, EVERYBODY)
    now = place.clock.now()
    today = TenantWindow(tenant, get_tenant(place.control, tenant).zone, now.date(), now.date()).day_of(now)
    draw_week(place.control, tenant, last_full_week(today), place.clock)
    found = waiting_findings(place.control, tenant, today, manager_id=own_manager(user, tenant))
    language: Language = "en" if user.language == "en" else "ru"
    rubrics = rubrics_of(place.control, tenant)
    return [
        ReviewItem(
            item.finding,
            with_labels(item.finding.quote or "", language).replace(" ⏎ ", "\n"),
            item.kind,
            Period.custom(item.week, item.week + timedelta(days=6)),
            questions_of(rubrics, item.rubric),
        )
        for item in found
    ]
