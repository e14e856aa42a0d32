"""The page on which a person flips switches, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.resources.sandbox.server.conftest import Whole


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, whole: Whole) -> Iterator[Page]:
    context = browser.new_context(base_url=whole.url, locale="ru-RU", viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    refused = "400 (Bad Request)"  # a value that the person is told about
    assert [text for text in complaints if refused not in text] == []


def value(whole: Whole, vendor: str, name: str) -> object:
    return whole.control(f"switches/{vendor}").json()[name]


def test_a_person_flips_switches_sees_requests_and_puts_everything_back(page: Page, whole: Whole) -> None:
    page.goto("/")
    page.get_by_role("link", name="неполадки и запросы").click()
    page.get_by_role("tab", name="Radist").click()
    radist = page.get_by_role("tabpanel", name="Radist")
    radist.get_by_label("Ключ видит две компании").check()
    expect(page.get_by_role("status")).to_have_text("Сохранено: Ключ видит две компании")
    radist.get_by_label("Очередь неполадок").select_option("500_html")
    radist.get_by_label("Очередь неполадок").select_option("429_long")
    radist.get_by_text("missing", exact=True).click()
    radist.get_by_label("Опоздание сообщений, секунды").fill("30")
    radist.get_by_label("Опоздание сообщений, секунды").press("Enter")
    radist.get_by_label("Постоянная неполадка").select_option('"503"')
    expect(page.get_by_role("tab", name="Radist")).to_contain_text("5")
    assert value(whole, "radist/demo", "faults") == ["500_html", "429_long"]
    assert value(whole, "radist/demo", "last_cursor") == "missing"
    assert value(whole, "radist/demo", "late_s") == 30
    assert value(whole, "radist/demo", "several_companies") is True

    radist.get_by_role("button", name="500_html").click()
    expect(radist.get_by_role("button", name="500_html")).to_have_count(0)
    assert whole.radist("/connections/?page=2").status_code == 429
    expect(radist.get_by_role("button", name="429_long")).to_have_count(0)
    expect(radist.locator(".log tbody tr")).to_have_count(1)
    expect(radist.locator(".log tbody tr")).to_contain_text("/v2/companies/4021/connections/?page=2")
    expect(radist.get_by_text("undocumented parameter page")).to_be_visible()

    radist.get_by_label("Неполадки по адресу").fill("{oops")
    radist.get_by_label("Неполадки по адресу").blur()
    expect(radist.get_by_text("Это не JSON.")).to_be_visible()
    radist.get_by_label("Неполадки по адресу").fill('{"/messages/": ["418"]}')
    radist.get_by_label("Неполадки по адресу").blur()
    expect(radist.get_by_text("switch faults_on")).to_be_visible()

    row = radist.locator(".switch", has_text="late_s")
    row.get_by_role("button", name="Вернуть к начальному").click()
    expect(radist.get_by_label("Опоздание сообщений, секунды")).to_have_value("0")
    page.get_by_role("button", name="Вернуть всё к начальному").click()
    expect(page.get_by_role("status")).to_have_text("Все переключатели возвращены к начальным.")
    expect(radist.get_by_label("Ключ видит две компании")).not_to_be_checked()
    assert value(whole, "radist/demo", "always") is None


def test_what_a_program_switches_appears_on_an_open_page_and_a_phone_can_show_it(page: Page, whole: Whole) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/tenants/demo#telegram")
    whole.post("switches/telegram", {"retry_after_s": 77})
    expect(page.get_by_role("tabpanel", name="Telegram").get_by_label("Retry-After, секунды")).to_have_value("77")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert httpx.get(f"{whole.url}/tenants/nobody").status_code == 404
