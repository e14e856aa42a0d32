"""A viewer who is bound to a manager sees that manager's rows and nobody else's, by whatever id he asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports as service
from synkro_resources.control.database import Database
from synkro_resources.control.packages import save_package
from synkro_resources.control.report_files import files_of, save_file
from synkro_resources.control.reports import save_report
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.ids import Role
from synkro_resources.model.package import PackageRow
from synkro_resources.settings import Settings
from tests.assets.reports.packages import week
from tests.resources.control.test_packages import document, package

ANNA, IGOR = 7, 8
ROWS = (
    PackageRow("unanswered", 1, deal_id=101, manager_id=ANNA),
    PackageRow("unanswered", 2, deal_id=102, manager_id=IGOR),
    PackageRow("lost", 1, deal_id=103, manager_id=IGOR),
)


def person(tenant: str, role: Role, manager_id: int | None = None) -> SessionUser:
    member = Membership(tenant, role, manager_id, can_read_texts=False)
    return SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Installation:
    return Installation(Settings.load(lake_url=str(tmp_path)), control_db, control_clock)


@pytest.fixture
def package_id(place: Installation, tenant_a: Tenant) -> str:
    stored = save_package(place.control, replace(package(tenant_a.slug), rows=ROWS))
    drawn = document(tenant_a.slug, stored.package_id)
    save_report(place.control, tenant_a.slug, drawn)
    save_file(place.control, place.settings.lake_root, tenant_a.slug, drawn.doc_id, "pdf", b"%PDF of all")
    return stored.package_id


def test_AC18_a_bound_viewer_finds_only_the_rows_of_the_own_manager(
    place: Installation, tenant_a: Tenant, package_id: str
) -> None:
    anna = person(tenant_a.slug, Role.VIEWER, ANNA)
    assert service.list_sizes(place, anna, tenant_a.slug, package_id) == {"unanswered": 1}
    found = service.rows_behind(place, anna, tenant_a.slug, package_id, "unanswered")
    assert [row.deal_id for row in found.rows] == [101]
    assert found.total == 1
    assert service.rows_behind(place, anna, tenant_a.slug, package_id, "lost").rows == ()


def test_a_bound_viewer_gets_no_file_of_the_whole_team(place: Installation, tenant_a: Tenant, package_id: str) -> None:
    anna, owner = person(tenant_a.slug, Role.VIEWER, ANNA), person(tenant_a.slug, Role.OWNER)
    doc_id = document(tenant_a.slug, package_id).doc_id
    assert service.files(place, anna, tenant_a.slug, doc_id) == []
    (file,) = files_of(place.control, tenant_a.slug, doc_id)
    with pytest.raises(RefusedError, match=r"rights\.not_found"):
        service.open_file(place, anna, tenant_a.slug, file)
    assert service.open_file(place, owner, tenant_a.slug, file) == b"%PDF of all"


def test_everybody_else_of_the_company_sees_all_rows_and_nobody_of_another_any(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, package_id: str
) -> None:
    for role in Role:
        sizes = service.list_sizes(place, person(tenant_a.slug, role), tenant_a.slug, package_id)
        assert sizes == {"unanswered": 2, "lost": 1}
    stranger = person(tenant_b.slug, Role.OWNER)
    assert service.list_sizes(place, stranger, tenant_b.slug, package_id) == {}
    with pytest.raises(RefusedError):
        service.rows_behind(place, stranger, tenant_a.slug, package_id, "unanswered")


def test_a_bound_viewer_gets_the_teams_charts_and_not_the_one_of_people(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    kept = save_package(place.control, replace(week(), tenant=tenant_a.slug)).package_id
    owner, anna = person(tenant_a.slug, Role.OWNER), person(tenant_a.slug, Role.VIEWER, ANNA)
    found = service.charts_of(place, owner, tenant_a.slug, kept, "ru")
    assert [(chart.code, chart.subject) for chart in found] == [("managers", ""), ("hours", ""), ("funnel", "Основная")]
    hers = service.charts_of(place, anna, tenant_a.slug, kept, "ru")
    assert [chart.code for chart in hers] == ["hours", "funnel"]
    assert "Игорь" not in str([chart.spec for chart in hers])
    foreign = person(tenant_b.slug, Role.OWNER)
    assert service.charts_of(place, foreign, tenant_b.slug, kept, "ru") == []
    with pytest.raises(RefusedError):
        service.charts_of(place, foreign, tenant_a.slug, kept, "ru")


def test_AC20_what_was_sent_still_opens_and_says_that_there_is_a_refinement(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, package_id: str
) -> None:
    owner, slug = person(tenant_a.slug, Role.OWNER), tenant_a.slug
    sent = service.document(place, owner, slug, document(slug, package_id).doc_id)
    assert sent is not None
    assert service.newer_revision(place, owner, slug, sent) is None
    refined = sent.model_copy(update={"doc_id": "refined", "revision": sent.revision + 1})
    save_report(place.control, slug, refined)
    assert service.document(place, owner, slug, sent.doc_id) == sent
    assert service.newer_revision(place, owner, slug, sent) == refined
    assert service.newer_revision(place, owner, slug, refined) is None
    assert service.newer_revision(place, person(tenant_b.slug, Role.OWNER), tenant_b.slug, sent) is None


def chart_page() -> None:
    """The part of the page of reports that draws charts."""
    import streamlit as st

    from synkro_app.cabinet.components.chart_view import draw_charts

    draw_charts(*(st.session_state[name] for name in ("place", "user", "tenant", "package")))


def test_the_page_draws_each_chart_under_its_title(place: Installation, tenant_a: Tenant) -> None:
    kept = save_package(place.control, replace(week(), tenant=tenant_a.slug)).package_id
    app = AppTest.from_function(chart_page)
    for name, value in (
        ("place", place),
        ("user", person(tenant_a.slug, Role.OWNER)),
        ("tenant", tenant_a.slug),
        ("package", kept),
    ):
        app.session_state[name] = value
    app.run()
    assert not app.exception
    assert [element.value for element in app.markdown] == [
        "**Ответы в срок по менеджерам**",
        "**Время ответа по дням недели и часам, медиана в рабочих минутах**",
        "**Воронка «Основная»**",
    ]
    assert len(app.get("vega_lite_chart")) == 3
