"""«Неверный вывод» under a report: the labels behind its conclusions, each once, until the person has judged it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import conclusions, dialog
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.feedback import Reason, Sampling, Verdict
from synkro_resources.model.ids import Role
from synkro_resources.model.package import PackageRow
from tests.app.cabinet.test_dialogs import DAY, person, place
from tests.app.labelled_dialogs import ANNA, CHAT, IGOR, NO_OFFER, OBJECTION, ORDERS, CompanyDay
from tests.resources.control.test_packages import document

__all__ = ["place"]  # the fixture of the dialogs' tests


def told(place: Installation, tenant: Tenant) -> str:
    """Store a report whose conclusions rest on three labels of two people; its document's id."""
    rows = (
        PackageRow("critical_fail", 1, CHAT, manager_id=ANNA, finding_ids=(NO_OFFER,)),
        PackageRow("checklist_fail", 1, CHAT, manager_id=ANNA, finding_ids=(NO_OFFER,)),
        PackageRow("objection", 1, CHAT, manager_id=ANNA, finding_ids=(OBJECTION,)),
        PackageRow("no_deal", 1, ORDERS, manager_id=IGOR, finding_ids=("orders: topic",)),
        PackageRow("no_deal", 2, "99:gone", manager_id=IGOR, finding_ids=("a label that is no longer there",)),
    )
    built = replace(CompanyDay(tenant, DAY.first_day).package(), rows=rows, input_hash="h2")
    stored = save_package(place.control, built)
    shown = document(tenant.slug, stored.package_id)
    save_report(place.control, tenant.slug, shown)
    return shown.doc_id


def test_every_label_behind_the_conclusions_is_shown_once_the_gravest_first(
    place: Installation, tenant_a: Tenant
) -> None:
    doc_id, owner = told(place, tenant_a), person(place, tenant_a, Role.OWNER)
    found = conclusions.to_judge(place, owner, tenant_a.slug, doc_id)
    assert [item.finding.finding_id for item in found] == [NO_OFFER, OBJECTION, "orders: topic"]
    assert {item.period for item in found} == {DAY}
    assert conclusions.to_judge(place, owner, tenant_a.slug, "no such report") == []


def test_a_bound_viewer_judges_only_the_own_dialogs(place: Installation, tenant_a: Tenant) -> None:
    doc_id, igor = told(place, tenant_a), person(place, tenant_a, Role.VIEWER, IGOR)
    found = conclusions.to_judge(place, igor, tenant_a.slug, doc_id)
    assert [item.finding.finding_id for item in found] == ["orders: topic"]


def test_a_judged_label_leaves_the_list_and_counts_as_what_somebody_chose_to_say(
    place: Installation, tenant_a: Tenant
) -> None:
    doc_id, owner = told(place, tenant_a), person(place, tenant_a, Role.OWNER)
    said = dialog.mark(
        place, owner, tenant_a.slug, OBJECTION, Verdict.WRONG, reason=next(iter(Reason)), from_review=False
    )
    assert said.sampling is Sampling.VOLUNTARY
    left = conclusions.to_judge(place, owner, tenant_a.slug, doc_id)
    assert OBJECTION not in {item.finding.finding_id for item in left}


def test_labels_of_a_period_that_the_list_cannot_show_are_opened_by_their_own_day(
    place: Installation, tenant_a: Tenant
) -> None:
    made = CompanyDay(tenant_a, DAY.first_day)
    long = replace(
        made.package(),
        period=DAY.custom(date(2026, 9, 1), DAY.last_day),
        rows=(PackageRow("objection", 1, CHAT, at=made.at(10, 40), finding_ids=(OBJECTION,)),),
        input_hash="h3",
    )
    shown = document(tenant_a.slug, save_package(place.control, long).package_id)
    save_report(place.control, tenant_a.slug, shown)
    (item,) = conclusions.to_judge(place, person(place, tenant_a, Role.OWNER), tenant_a.slug, shown.doc_id)
    assert item.period == DAY


def conclusions_page() -> None:
    import streamlit as st

    from synkro_app.cabinet.components.review_list import draw_conclusions
    from synkro_app.cabinet.services.conclusions import to_judge

    place, user, company = (st.session_state[name] for name in ("place", "user", "company"))
    draw_conclusions(to_judge(place, user, company.slug, st.session_state["doc_id"]), company, "ru", lambda _: None)


def test_the_page_shows_each_label_with_its_words_and_three_verdicts(place: Installation, tenant_a: Tenant) -> None:
    doc_id, owner = told(place, tenant_a), person(place, tenant_a, Role.OWNER)
    app = AppTest.from_function(conclusions_page)
    for name, value in (("place", place), ("user", owner), ("company", tenant_a), ("doc_id", doc_id)):
        app.session_state[name] = value
    app.run()
    assert not app.exception
    shown = "\n".join(element.value for element in app.markdown)
    assert "слишком дорого" in shown
    assert "3 метки за выводами отчёта." in shown
    assert len(app.button) == 3
