"""What «Неверный вывод» under a report leads to: the labels that the report's conclusions rest on, to be judged."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.dialogs import LONGEST_DAYS, questions_of
from synkro_app.cabinet.services.reports import document
from synkro_app.cabinet.services.reviews import ReviewItem
from synkro_app.cabinet.services.rights import EVERYBODY, own_manager, require_contents
from synkro_resources.control.labels import stored_labels
from synkro_resources.control.packages import get_package, package_rows
from synkro_resources.control.rubrics import rubrics_of
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.standings import NOTHING_SAID
from synkro_resources.model.feedback import Sampling
from synkro_resources.model.package import PackageRow
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.masking.tokens import Language, with_labels

LISTS = ("critical_fail", "objection", "lost_mismatch", "no_deal", "checklist_fail")
"""The lists of a package whose rows are conclusions, the gravest first."""
AT_ONCE = 40


def to_judge(place: Installation, user: SessionUser, tenant: str, doc_id: str) -> list[ReviewItem]:
    """At most 40 labels behind a report that this person has not judged; empty if there is no such report.

    A viewer who is bound to a manager gets only that manager's.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_contents(user, tenant, EVERYBODY)
    shown = document(place, user, tenant, doc_id)
    package = None if shown is None else get_package(place.control, tenant, shown.package_id, with_rows=False)
    if shown is None or package is None:
        return []
    rows = _rows(place, user, tenant, shown.package_id)
    keys = sorted({row.episode_key for row in rows.values() if row.episode_key})
    until = TenantWindow.of_period(tenant, package.zone, package.period).end
    answers, found, said = stored_labels(place.control, tenant, until=until, episode_keys=keys)
    by_id = {item.finding_id: item for item in found}
    language: Language = "en" if user.language == "en" else "ru"
    rubrics = rubrics_of(place.control, tenant)
    items: list[ReviewItem] = []
    for finding_id, row in rows.items():
        finding = by_id.get(finding_id)
        marks = said.get(finding_id, NOTHING_SAID).marks
        if finding is None or any(mark.user_id == user.user_id for mark in marks):
            continue
        answer = answers.get(finding.episode_key)
        quote = with_labels(finding.quote or "", language).replace(" ⏎ ", "\n")
        period = _period_with(row, package.period, package.zone)
        questions = questions_of(rubrics, None if answer is None else answer.rubric)
        items.append(ReviewItem(finding, quote, Sampling.VOLUNTARY, period, questions))
        if len(items) == AT_ONCE:
            break
    return items


def _rows(place: Installation, user: SessionUser, tenant: str, package_id: str) -> dict[str, PackageRow]:
    """The first row that rests on each finding."""
    found: dict[str, PackageRow] = {}
    for code in LISTS:
        rows, _, _ = package_rows(
            place.control, tenant, package_id, code, AT_ONCE * 2, manager_id=own_manager(user, tenant)
        )
        for row in rows:
            for finding_id in row.finding_ids:
                found.setdefault(finding_id, row)
    return found


def _period_with(row: PackageRow, period: Period, zone: str) -> Period:
    """A period in which the list of dialogs holds this one; a long report is more than that list can show."""
    if len(period.days) <= LONGEST_DAYS or row.at is None:
        return period
    return Period.day(row.at.astimezone(ZoneInfo(zone)).date())
