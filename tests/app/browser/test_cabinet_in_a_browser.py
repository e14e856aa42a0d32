"""What a client sees and does, in a real browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Request, expect

from synkro_resources.control import journal
from synkro_resources.control.chat_links import SeenChat, create_code, use_code
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import list_destinations
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.labels import read_labels
from synkro_resources.control.run_requests import list_requests, update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.model.ids import Role
from tests.app.browser.browsing import sign_in
from tests.app.conftest import RunningCabinet
from tests.app.labelled_dialogs import OBJECTION, fill
from tests.app.people import Person, new_person

pytestmark = pytest.mark.xdist_group("browser")  # what the module loads is loaded once

CLOCK = SystemClock()


def test_a_client_signs_in_and_sees_the_company_in_russian(page: Page, person: Person, tenant_a: Tenant) -> None:
    sign_in(page, person)
    expect(page.get_by_role("heading", name=tenant_a.name)).to_be_visible()
    expect(page.get_by_text("Данные ещё не загружались")).to_be_visible()
    expect(page.get_by_role("button", name="Сформировать отчёт")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "ru"


def test_the_cabinet_asks_nobody_else_for_anything(page: Page, person: Person, cabinet: RunningCabinet) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    sign_in(page, person)
    expect(page.get_by_role("button", name="Сформировать отчёт")).to_be_visible()
    foreign = [url for url in asked if cabinet.host not in url and not url.startswith(("data:", "blob:"))]
    assert foreign == []


def test_the_button_makes_a_request_and_shows_its_failure_with_the_remedy(
    page: Page, person: Person, tenant_a: Tenant, control_db: Database
) -> None:
    sign_in(page, person)
    page.get_by_role("button", name="Сформировать отчёт").click()
    expect(page.get_by_text("Ждёт своей очереди")).to_be_visible()
    request = list_requests(control_db, tenant_a.slug)[0]
    journal.start_run(control_db, tenant=tenant_a.slug, run_id=f"run-{request.id}", request_id=request.id, clock=CLOCK)
    step = journal.start_step(
        control_db, tenant_a.slug, f"run-{request.id}", "amocrm/leads", date(2026, 11, 19), date(2026, 11, 19), CLOCK
    )
    expect(page.get_by_text("Сейчас: Читаем amoCRM: сделки")).to_be_visible()
    error = IntegrationError(
        "amocrm.token_refused",
        Sentence("amoCRM не принял токен.", "amoCRM refused the token."),
        Sentence("Создайте новый долгосрочный токен.", "Create a new long-lived token."),
    )
    journal.finish_step(control_db, tenant_a.slug, step, status="failed", error=error, clock=CLOCK)
    update_request(control_db, tenant_a.slug, request.id, status="failed", error=error, clock=CLOCK)
    expect(page.get_by_text("Ждёт своей очереди")).to_be_hidden()
    page.get_by_role("link", name="Запуски").click()
    page.get_by_text("Отчёт за").first.click()
    expect(page.get_by_text("Создайте новый долгосрочный токен.").first).to_be_visible()


def test_a_viewer_reads_and_cannot_ask(page: Page, control_db: Database, tenant_a: Tenant) -> None:
    sign_in(page, new_person(control_db, CLOCK, tenant_a, Role.VIEWER))
    expect(page.get_by_text("Ваша роль позволяет только читать отчёты.")).to_be_visible()
    expect(page.get_by_role("button", name="Сформировать отчёт")).to_have_count(0)


def test_an_owner_confirms_a_linked_chat_and_disconnects_it(
    page: Page, person: Person, tenant_a: Tenant, control_db: Database
) -> None:
    sign_in(page, person)
    page.get_by_role("link", name="Чаты").click()
    expect(page.get_by_text("Пока ни один чат не подключён")).to_be_visible()
    code = create_code(control_db, tenant_a.slug, bot_id="7", actor="u", clock=CLOCK).code
    with control_db.tenant(tenant_a.slug) as connection:
        seen = SeenChat("501", "Ирина *Петрова*")
        assert use_code(connection, tenant_a.slug, code, seen, bot_id="7", person="5", now=CLOCK.now()) == "linked"
    expect(page.get_by_text("Ирина *Петрова* · личный чат")).to_be_visible()  # without a reload, and not as markup
    page.get_by_role("button", name="Подтвердить").click()
    expect(page.get_by_text("Сюда приходят отчёты и сообщения о сбоях")).to_be_visible()
    assert [chat.enabled for chat in list_destinations(control_db, tenant_a.slug)] == [True]
    page.get_by_role("button", name="Отключить").click()
    expect(page.get_by_text("Пока ни один чат не подключён")).to_be_visible()
    page.get_by_role("button", name="Личный чат").click()
    expect(page.get_by_text("Не подключено: telegram")).to_be_visible()  # no bot yet: told, not a stack trace


def test_a_viewer_has_no_page_of_chats(page: Page, control_db: Database, tenant_a: Tenant) -> None:
    sign_in(page, new_person(control_db, CLOCK, tenant_a, Role.VIEWER))
    expect(page.get_by_role("link", name="Запуски")).to_be_visible()
    expect(page.get_by_role("link", name="Чаты")).to_have_count(0)


def test_signing_out_in_one_tab_ends_the_other(page: Page, person: Person) -> None:
    sign_in(page, person)
    expect(page.get_by_role("button", name="Сформировать отчёт")).to_be_visible()
    other = page.context.new_page()
    other.goto("/runs")
    expect(other.get_by_role("heading", name="Запуски")).to_be_visible()
    page.get_by_role("button", name="Выйти", exact=True).click()
    page.wait_for_url("**/login*")
    other.wait_for_url("**/login*")


def test_english_is_one_click_away(page: Page, person: Person) -> None:
    sign_in(page, person)
    page.get_by_text("English").click()
    expect(page.get_by_role("button", name="Make the report")).to_be_visible()


def test_a_shrunken_screen_keeps_the_button_in_reach(page: Page, person: Person) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, person)
    button = page.get_by_role("button", name="Сформировать отчёт")
    expect(button).to_be_visible()
    box = button.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_a_lead_opens_a_dialog_reads_the_quoted_words_and_marks_a_label(
    page: Page, person: Person, tenant_a: Tenant, control_db: Database, keyring: Keyring, cabinet: RunningCabinet
) -> None:
    yesterday = CLOCK.now().astimezone(ZoneInfo(tenant_a.zone)).date() - timedelta(days=1)
    fill(control_db, keyring, str(cabinet.log.parent / "lake"), tenant_a, yesterday)
    sign_in(page, person)
    page.get_by_role("link", name="Диалоги").click()
    expect(page.get_by_text("4 обращения. Всего в периоде 4, размечено 2.")).to_be_visible()
    expect(page.get_by_text("Не размечено: исчерпан бюджет на ИИ")).to_be_visible()
    page.get_by_role("textbox", name="Найти").fill("семенов")
    page.get_by_role("textbox", name="Найти").press("Enter")
    expect(page.get_by_text("1 обращение. Всего в периоде 4, размечено 2.")).to_be_visible()
    expect(page.get_by_text("Пётр Семёнов")).to_be_visible()
    page.get_by_role("button", name="Открыть").last.click()
    expect(page.get_by_text("слишком дорого для нас").first).to_be_visible()
    link = page.get_by_role("link", name="Открыть сделку в amoCRM")
    expect(link).to_have_attribute("href", "https://example.amocrm.ru/leads/detail/101")
    card = page.get_by_text("Возражение: дорого")
    expect(card).to_be_visible()
    page.get_by_role("radio", name="Неверно", exact=True).nth(2).click()
    expect(page.get_by_text("отметка руководителя")).to_be_visible()
    assert read_labels(control_db, tenant_a.slug, until=CLOCK.now()).overlay.removed == {OBJECTION}


def test_times_are_the_tenants_own() -> None:
    from synkro_app.cabinet.components.formats import instant

    assert instant(datetime(2026, 11, 20, 19, 5, tzinfo=UTC), "Asia/Yekaterinburg", "ru") == "21 ноября, 00:05"
