"""The page «Данные»: every day stands as it does, its journal says why and what to do, and only who may loads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import data_calendar, data_load, deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.pages import data as page
from synkro_app.cabinet.services import data, data_counts, data_dictionary, data_loads, data_quarantine
from synkro_app.cabinet.services.data import DayState
from synkro_app.cabinet.texts import LANGUAGES, catalogue
from synkro_resources.control import days, journal
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.run_requests import list_requests
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.control.warehouse_checks import WarehouseCheck, save_warehouse_check
from synkro_resources.lake import Lake, RowSpool
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import Role
from synkro_resources.model.period import Period
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.raw import RAW_TABLES, quarantine_of
from synkro_resources.settings import Settings
from tests.control_fixtures import NOON, new_tenant

MONTH = date(2026, 11, 1)
TODAY = date(2026, 11, 20)  # NOON in Asia/Yekaterinburg
LOADED, STALE, BLOCKED, FAILED, RUNNING, EARLY, WARNED, REFRESHED, MENDED = (
    date(2026, 11, day) for day in range(10, 19)
)
NEVER = date(2026, 11, 9)
TOKEN_REFUSED = IntegrationError(
    "amocrm.token_refused",
    Sentence("amoCRM не принял токен.", "amoCRM refused the token."),
    Sentence("Создайте новый токен.", "Create a new token."),
)
LEADS = TABLES["amocrm/leads"]
RUNS = count()
"""One begins after the other."""
NAME, PHONE = "Иван Петров", "+7 900 000-00-11"


def person(tenant: str, role: Role, language: str = "ru", *, reads: bool = False) -> SessionUser:
    member = Membership(tenant, role, None, can_read_texts=reads)
    return SessionUser("u1", "u1@example.com", "", language, "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture(scope="module")
def place(control_db: Database, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    settings = Settings.load(lake_url=str(tmp_path_factory.mktemp("lake")), history_start=date(2025, 11, 1))
    return Installation(settings, control_db, FixedClock(NOON))


@pytest.fixture(scope="module")
def loaded(place: Installation) -> str:
    """A company with a day in every state, each as the pipeline writes it."""
    slug, control = new_tenant(place.control, FixedClock(NOON), "a").slug, place.control
    for day in (LOADED, STALE, BLOCKED, FAILED, RUNNING, EARLY, WARNED, REFRESHED, MENDED):
        read_at = datetime.combine(day, NOON.timetz()) + timedelta(days=-1 if day == EARLY else 1)
        for table in RAW_TABLES:
            source, _, step = table.name.partition("/")
            status = "partial" if day == WARNED and table is LEADS else "ok"
            days.save_source_run(control, slug, source, day, status, read_at, 5, 4, step=step, rows_duplicate=1)
        days.mark_day(control, slug, day, "derived", read_at, True)
    run(place, slug, "load", LOADED, MENDED, {"normalized/message": "done", "supabase/message": "done"})
    days.mark_stale(control, slug, [STALE], "normalized/message", NOON)
    days.save_check_results(control, slug, [verdict(BLOCKED, passed=False), verdict(LOADED, passed=True)])
    run(place, slug, "again", FAILED, FAILED, {"amocrm/leads": "failed"})
    run(place, slug, "now", RUNNING, RUNNING, {"radist/messages": "running"})
    return slug


def verdict(day: date, *, passed: bool) -> days.CheckResult:
    what = Sentence("«Сообщения»: повторов ключа: 4.", "Messages: repeated keys: 4.")
    return days.CheckResult("normalized/message", "keys_unique", day, "load", passed, True, NOON, what)


def run(place: Installation, tenant: str, run_id: str, first: date, last: date, steps: dict[str, str]) -> None:
    control, clock = place.control, FixedClock(NOON + timedelta(seconds=next(RUNS)))
    journal.start_run(
        control, tenant=tenant, run_id=run_id, job="load", stage="data-0", first_day=first, last_day=last, clock=clock
    )
    for asset, status in steps.items():
        step = journal.start_step(control, tenant, run_id, asset, first, last, clock)
        if status == "failed":
            journal.finish_step(control, tenant, step, status="failed", error=TOKEN_REFUSED, clock=clock)
        elif status == "done":
            journal.finish_step(control, tenant, step, status="done", rows_in=5, rows_out=4, clock=clock)
    if "running" not in steps.values():
        ended = "failed" if "failed" in steps.values() else "done"
        journal.finish_run(control, tenant, run_id, status=ended, clock=clock)


def test_every_day_stands_as_it_does_by_layer_by_table_and_in_the_year(place: Installation, loaded: str) -> None:
    viewer = person(loaded, Role.VIEWER)
    month = data.month(place, viewer, loaded, MONTH)
    assert month.days[-1] == month.today == TODAY
    assert {day: month.states["amocrm", day] for day in (NEVER, LOADED, FAILED, EARLY, WARNED)} == {
        NEVER: DayState.NONE,
        LOADED: DayState.LOADED,
        FAILED: DayState.FAILED,
        EARLY: DayState.STALE,
        WARNED: DayState.WARNED,
    }
    assert month.states["radist", RUNNING] is DayState.RUNNING
    assert month.stale == {STALE: "normalized/message"}
    tables = data.month(place, viewer, loaded, MONTH, "normalized")
    message = {day: tables.states["normalized/message", day] for day in (LOADED, STALE, BLOCKED, NEVER)}
    assert message == {
        LOADED: DayState.CHECKED,
        STALE: DayState.STALE,
        BLOCKED: DayState.BLOCKED,
        NEVER: DayState.NONE,
    }
    assert tables.states["normalized/deal", LOADED] is DayState.NONE
    whole = data.year(place, viewer, loaded, MONTH)
    told = {day: whole.states["", day] for day in (NEVER, LOADED, STALE, BLOCKED, FAILED, RUNNING, WARNED)}
    assert list(told.values()) == [
        DayState.NONE,
        DayState.CHECKED,
        DayState.STALE,
        DayState.BLOCKED,
        DayState.FAILED,
        DayState.RUNNING,
        DayState.WARNED,
    ]


def test_many_refreshes_of_a_day_hide_no_step_of_the_load_before_them(place: Installation, loaded: str) -> None:
    for number in range(5):
        run(place, loaded, f"refresh {number}", REFRESHED, REFRESHED, {"radist/chats": "failed"})
    states = data.month(place, person(loaded, Role.OWNER), loaded, MONTH).states
    assert states["supabase", REFRESHED] is DayState.LOADED
    assert states["radist", REFRESHED] is DayState.FAILED


def test_the_journal_of_a_day_tells_cause_and_remedy_and_forgets_what_was_mended(
    place: Installation, loaded: str
) -> None:
    owner = person(loaded, Role.OWNER)
    failed = data.journal(place, owner, loaded, FAILED)
    assert [step.error.remedy.ru for step in failed.problems if step.error] == ["Создайте новый токен."]
    assert {step.asset for step in failed.steps} == {"amocrm/leads", "normalized/message", "supabase/message"}
    assert data.journal(place, owner, loaded, FAILED, "supabase").problems == []
    for outcome in ("failed", "done"):
        run(place, loaded, outcome, MENDED, MENDED, {"amocrm/leads": outcome})
        assert bool(data.journal(place, owner, loaded, MENDED).problems) is (outcome == "failed")
    blocked = data.journal(place, owner, loaded, BLOCKED, "normalized/message")
    assert [item.remedy.ru for item in blocked.checks] == ["Загрузите этот день ещё раз."]


def test_only_who_may_ask_loads_a_period_and_only_days_that_can_be_loaded(place: Installation, loaded: str) -> None:
    week = Period.custom(LOADED, WARNED)
    for refused in (data_loads.ask_for_load, data_loads.offer):
        with pytest.raises(RefusedError):
            refused(place, person(loaded, Role.VIEWER), loaded, week)
    analyst = person(loaded, Role.ANALYST)
    asked = data_loads.ask_for_load(place, analyst, loaded, week)
    assert data_loads.ask_for_load(place, analyst, loaded, week).id == asked.id
    assert (asked.kind, asked.requested_by) == ("data", "user:u1")
    assert asked.id in {item.request_id for item in data.month(place, analyst, loaded, MONTH).open_requests}
    for first, last, code in (
        (TODAY, TODAY + timedelta(days=1), "data.period_not_begun"),
        (TODAY - timedelta(days=366), TODAY, "data.period_too_long"),
        (date(2025, 10, 31), date(2025, 11, 2), "data.before_history"),
    ):
        with pytest.raises(UserInputError) as refusal:
            data_loads.ask_for_load(place, analyst, loaded, Period.custom(first, last))
        assert refusal.value.code == code


def test_rows_are_counted_from_the_source_to_the_clients_database(place: Installation, loaded: str) -> None:
    lake, message = Lake(place.settings.lake_root), TABLES["normalized/message"]
    lake.write_days(message, loaded, [LOADED], RowSpool(message))
    compared = WarehouseCheck("synkro_message", NOON, 4, 4, 0, "equal")
    save_warehouse_check(place.control, loaded, compared, {})
    viewer = person(loaded, Role.VIEWER)
    both = data_counts.counts(place, viewer, loaded, Period.custom(LOADED, STALE))
    leads = next(item for item in both.sources if item.table == LEADS.name)
    assert (leads.days, leads.given, leads.stored, leads.repeated, leads.days_aside) == (2, 10, 8, 2, 0)
    assert both.lake is None
    one = data_counts.counts(place, viewer, loaded, Period.day(LOADED))
    assert one.lake == {"normalized/message": 0}
    assert one.compared["normalized/message"].rows_client == 4


@pytest.fixture(scope="module")
def aside(place: Installation, loaded: str) -> str:
    store = quarantine_of(LEADS)
    rows = RowSpool(store)
    raw = f'{{"id": null, "name": "{NAME}", "{PHONE}": 1, "_embedded": {{"tags": [{{"name": "{NAME}"}}]}}}}'
    for reason, text in (("no_id", raw), ("no_id", f"{raw} "), ("no_time", "not JSON, " + NAME)):
        rows.add(WARNED, NOON, {"reason": reason, "put_aside_at": NOON, "raw": text})
    Lake(place.settings.lake_root).write_days(store, loaded, [WARNED], rows)
    return loaded


def test_rows_put_aside_show_their_rule_and_nobodys_name_but_to_readers_of_texts(
    place: Installation, aside: str
) -> None:
    owner, reader = person(aside, Role.OWNER), person(aside, Role.OWNER, reads=True)
    (found,) = data_quarantine.put_aside(place, owner, aside, Period.month_of(MONTH))
    assert (found.table, found.day, found.reasons) == (LEADS.name, WARNED, {"no_id": 2, "no_time": 1})
    shown = data_quarantine.examples(place, owner, aside, LEADS.name, WARNED)
    assert {item.reason for item in shown} == {"no_id", "no_time"}
    text = "\n".join(item.content for item in shown)
    assert '"id": null' in text
    assert not any(secret in text for secret in (NAME, PHONE, "not JSON"))
    for opening in (
        lambda: data_quarantine.examples(place, owner, aside, LEADS.name, WARNED, opened=True),
        lambda: data_quarantine.note_opening(place, owner, aside, LEADS.name, WARNED),
    ):
        with pytest.raises(RefusedError):
            opening()
    assert NAME in data_quarantine.examples(place, reader, aside, LEADS.name, WARNED, opened=True)[0].content
    data_quarantine.note_opening(place, reader, aside, LEADS.name, WARNED)
    assert "data.quarantine_opened" in {item.action for item in tenant_events(place.control, aside)}
    assert data_quarantine.put_aside(place, owner, aside, Period.day(LOADED)) == []


def test_the_dictionary_finds_a_table_before_a_column_and_columns_by_their_meaning(
    place: Installation, tenant_a: Tenant
) -> None:
    viewer = person(tenant_a.slug, Role.VIEWER)
    found = [table.name for table in data_dictionary.tables(place, viewer, tenant_a.slug, "ТЕЛЕФОНЫ контактов")]
    assert found[0] == "normalized/contact_phone"
    calls = data_dictionary.tables(place, viewer, tenant_a.slug, "phone_norm")
    assert TABLES["normalized/call"] in calls
    assert [column.name for column in data_dictionary.columns(TABLES["normalized/call"], "телефон")] == ["phone_norm"]
    assert len(data_dictionary.tables(place, viewer, tenant_a.slug, " ")) == len(TABLES)
    assert data_dictionary.tables(place, viewer, tenant_a.slug, "no such thing") == []


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, place: Installation, loaded: str) -> dict[str, SessionUser]:
    """The page as it is drawn for the chosen person."""
    who = {"user": person(loaded, Role.OWNER)}
    for module in (page, deeds):
        monkeypatch.setattr(module, "viewer", lambda: who["user"])
        monkeypatch.setattr(module, "installation", lambda: place)
    for module in (page, data_load):  # a link to another page needs the menu, which the whole cabinet draws
        monkeypatch.setattr(module, "page_link", lambda *_: None)
    return who


def drawn(**query: str) -> AppTest:
    def script() -> None:
        from synkro_app.cabinet.pages.data import draw

        draw()

    app = AppTest.from_function(script, default_timeout=20)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", Role)
def test_every_section_is_drawn_for_every_role_in_both_languages(
    role: Role, language: str, shown: dict[str, SessionUser], aside: str
) -> None:
    shown["user"] = person(aside, role, language)
    texts = catalogue(language)
    for section in page.SECTIONS if role in (Role.OWNER, Role.VIEWER) else ("calendar", "load"):
        app = drawn(section=section, day=FAILED.isoformat())
        assert not app.exception, (section, app.exception)
        if section == "calendar":
            assert any(TOKEN_REFUSED.remedy.in_language(language).strip(".") in element.value for element in app.error)
            assert any(texts["data_state.failed"] in element.value for element in app.markdown)
        if section == "load":
            assert bool(app.button) is (role is not Role.VIEWER)


def test_the_button_asks_once_and_says_where_to_look(
    place: Installation, shown: dict[str, SessionUser], loaded: str
) -> None:
    before = {request.id for request in list_requests(place.control, loaded)}
    app = drawn(day=FAILED.isoformat())
    app.button(key="data_load_day").click().run()
    assert not app.exception
    app.button(key="data_load_do").click().run()
    assert "Запуски" in app.success[0].value
    asked = list_requests(place.control, loaded)
    new = [request for request in asked if request.id not in before]
    assert [(request.kind, request.period.days) for request in new] == [("data", [FAILED])]
    shown["user"] = person(loaded, Role.VIEWER)
    app.button(key="data_load_do").click().run()
    assert len(list_requests(place.control, loaded)) == len(asked)
    assert not app.success


def test_a_company_without_data_reads_what_to_do(shown: dict[str, SessionUser], tenant_a: Tenant) -> None:
    shown["user"] = person(tenant_a.slug, Role.OWNER)
    assert "Подключите amoCRM" in drawn().info[0].value
    shown["user"] = person(tenant_a.slug, Role.VIEWER)
    assert "Попросите владельца" in drawn().info[0].value
    for section in ("counts", "quarantine"):
        assert not drawn(section=section, day="no day").exception


def test_the_year_is_drawn_with_the_asked_day_chosen(shown: dict[str, SessionUser], loaded: str) -> None:
    app = drawn(day=FAILED.isoformat())
    app.segmented_control(key="data_span").set_value("year").run()
    assert not app.exception
    assert (app.selectbox(key="data_year").value, app.date_input(key="data_day").value) == (FAILED.year, FAILED)
    assert any("amoCRM не принял токен" in element.value for element in app.error)


@contextmanager
def counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        if not statement.startswith(("SELECT set_config", "SET LOCAL")):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


def test_no_section_asks_more_than_ten_queries(shown: dict[str, SessionUser], aside: str) -> None:
    shown["user"] = person(aside, Role.OWNER)
    for section in page.SECTIONS:
        with counted() as asked:
            drawn(section=section)
        assert len(asked) <= 10, (section, asked)


def test_states_differ_by_their_sign_as_well_as_by_their_colour(place: Installation, loaded: str) -> None:
    calendar = data.month(place, person(loaded, Role.OWNER), loaded, MONTH)
    assert len(set(data_calendar.SIGNS.values())) == len(set(data_calendar.COLOURS.values())) == len(DayState)
    spec = data_calendar.heat_map(calendar, "ru", "days")
    values = spec["data"]["values"]  # pyright: ignore[reportIndexIssue]
    cell = next(item for item in values if item["name"] == "amocrm" and item["date"] == FAILED.isoformat())
    assert (cell["sign"], cell["state"], cell["when"]) == ("×", "× ошибка", "13 ноября 2026")
