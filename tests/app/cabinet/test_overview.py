"""The first screen: a sample before there are data, then figures and clients as the newest packages tell them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.pages import overview as page
from synkro_app.cabinet.services import key_figures, today
from synkro_resources.control.database import Database
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import Role
from synkro_resources.model.package import PackageMetric, PackageRow
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.settings import Settings
from tests.control_fixtures import NOON
from tests.resources.control.test_packages import DAY, document, package

ANNA, IGOR = 7, 8
QUERIES_AT_MOST = 10


def figures(new: int, in_time: int) -> tuple[PackageMetric, ...]:
    return (
        PackageMetric(0, "new_episodes", value=new, n=new, unit="episodes", prev_value=49.0),
        PackageMetric(1, "frt_median", value=6.4, n=40, unit="minutes", prev_value=9.0, prev_n=30),
        PackageMetric(3, "in_sla", value=in_time / 50, num=in_time, den=50, n=50, unit="share"),
        PackageMetric(4, "unanswered", "manager", "7", value=1.0, n=1, unit="episodes"),
    )


ROWS = (
    PackageRow("unanswered", 1, "11:m1", "11", 101, ANNA, amount=310_000, age_min=30.0, at=NOON - timedelta(days=2)),
    PackageRow("unanswered", 2, "12:m1", "12", 102, IGOR, age_min=95.0, at=NOON),
    PackageRow("no_deal", 1, "13:m1", "13", at=NOON, extra={"intent": "order"}),
    PackageRow("episodes", 1, "11:m1", "11", 101, ANNA, extra={"intents": ["payment"], "unanswered": True}),
    PackageRow("episodes", 2, "12:m1", "12", 102, IGOR, extra={"intents": ["complaint"], "unanswered": True}),
)


def person(tenant: str, role: Role, manager_id: int | None = None, language: str = "ru") -> SessionUser:
    member = Membership(tenant, role, manager_id, can_read_texts=False)
    return SessionUser("u1", "u1@example.com", "", language, "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Installation:
    return Installation(Settings.load(lake_url=str(tmp_path)), control_db, control_clock)


@pytest.fixture
def package_id(place: Installation, tenant_a: Tenant) -> str:
    """Two days of figures, the newer one revised once; the revision counts."""
    base = replace(package(tenant_a.slug), rows=ROWS, names={"manager": {"7": "Анна", "8": "Игорь"}})
    earlier = Period.day(DAY - timedelta(days=1))
    save_package(
        place.control, replace(base, period=earlier, metrics=figures(40, 30), data_until=NOON - timedelta(days=1))
    )
    save_package(place.control, replace(base, metrics=figures(1, 1), input_hash="superseded"))
    kept = save_package(place.control, replace(base, metrics=figures(54, 42))).package_id
    save_report(place.control, tenant_a.slug, document(tenant_a.slug, kept))
    return kept


def test_figures_are_the_newest_revisions_with_the_period_before_and_their_way(
    place: Installation, tenant_a: Tenant, package_id: str
) -> None:
    viewer = person(tenant_a.slug, Role.VIEWER)
    found = key_figures.key_figures(place, viewer, tenant_a.slug, PeriodKind.DAY)
    assert found is not None
    assert found.newest.package_id == package_id
    shown = {item.metric.code: (item.metric.value, item.metric.prev_value, item.past) for item in found.figures}
    assert shown == {
        "new_episodes": (54.0, 49.0, (40.0, 54.0)),
        "frt_median": (6.4, 9.0, (6.4, 6.4)),
        "in_sla": (0.84, None, (0.6, 0.84)),
    }
    assert key_figures.key_figures(place, viewer, tenant_a.slug, PeriodKind.WEEK) is None


def test_who_waits_longest_comes_first_and_a_manager_finds_the_own_clients_only(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant, package_id: str
) -> None:
    slug, zone = tenant_a.slug, tenant_a.zone
    found = today.to_do(place, person(slug, Role.OWNER), slug, zone)
    assert found is not None
    assert (found.package_id, found.totals) == (package_id, {"unanswered": 2, "no_deal": 1})
    assert [(client.episode_key, client.manager) for client in found.waiting] == [("12:m1", "Игорь"), ("11:m1", "Анна")]
    assert [client.episode_key for client in found.hot] == ["11:m1"]
    assert found.hot[0].period == Period.custom((NOON - timedelta(days=2)).date(), DAY)
    hers = today.to_do(place, person(slug, Role.VIEWER, ANNA), slug, zone)
    assert hers is not None
    assert [client.episode_key for client in (*hers.waiting, *hers.no_deal)] == ["11:m1"]
    assert today.to_do(place, person(tenant_b.slug, Role.OWNER), tenant_b.slug, zone) is None


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, place: Installation, tenant_a: Tenant) -> dict[str, SessionUser]:
    """The page as it is drawn for a person."""
    who = {"user": person(tenant_a.slug, Role.OWNER)}
    for module in (page, deeds):
        monkeypatch.setattr(module, "viewer", lambda: who["user"])
        monkeypatch.setattr(module, "installation", lambda: place)
    return who


def drawn() -> AppTest:
    def script() -> None:
        import streamlit as st

        from synkro_app.cabinet.pages import dialogs, overview, reports, runs, start

        pages = [st.Page(overview.draw, default=True)]
        pages += [
            st.Page(module.draw, url_path=name)
            for name, module in (("start", start), ("reports", reports), ("dialogs", dialogs), ("runs", runs))
        ]
        st.navigation(pages).run()

    return AppTest.from_function(script).run(timeout=30)  # the first drawing imports pandas and the charts


def words(app: AppTest) -> str:
    return "\n".join(str(item.value) for kind in (app.markdown, app.caption, app.subheader) for item in kind)


def test_before_the_first_data_everybody_sees_a_marked_sample_and_the_next_step(
    tenant_a: Tenant, shown: dict[str, SessionUser]
) -> None:
    for language, mark, step, wait in (
        ("ru", "Пример", "Подключите amoCRM", "владелец или администратор"),
        ("en", "Sample", "Connect amoCRM", "owner or administrator"),
    ):
        for role in Role:
            shown["user"] = person(tenant_a.slug, role, language=language)
            app = drawn()
            assert not app.exception
            assert mark in words(app)
            assert (step if role in (Role.OWNER, Role.ADMIN) else wait) in words(app)
            assert len(app.metric) == 0


def test_the_page_shows_figures_and_clients_to_every_role_with_at_most_ten_queries(
    tenant_a: Tenant, package_id: str, shown: dict[str, SessionUser], request: pytest.FixtureRequest
) -> None:
    asked: list[str] = []

    def note(*call: object) -> None:
        if str(call[2]).startswith(("SELECT", "WITH")) and "set_config" not in str(call[2]):
            asked.append(str(call[2]))

    event.listen(Engine, "before_cursor_execute", note)
    request.addfinalizer(lambda: event.remove(Engine, "before_cursor_execute", note))
    for role in Role:
        for language, hot, value in (("ru", "Хотели купить", "6 мин"), ("en", "Wished to buy", "6 min")):
            shown["user"] = person(tenant_a.slug, role, language=language)
            asked.clear()
            app = drawn()
            assert not app.exception
            assert len(asked) <= QUERIES_AT_MOST, asked
            assert hot in words(app)
            values = [str(item.value).replace("\u00a0", " ") for item in app.metric]
            assert values == ["54", value, "84 %"]
