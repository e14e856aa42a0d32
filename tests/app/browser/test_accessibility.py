"""People who use a keyboard or a screen reader can use every page: no serious finding of axe."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from synkro_app.cabinet.paths import addresses
from synkro_resources.control import days, journal
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.run_requests import create_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.tables.raw import RAW_TABLES
from tests.app.browser.browsing import sign_in
from tests.app.browser.test_stories_in_a_browser import reported
from tests.app.conftest import RunningCabinet
from tests.app.labelled_dialogs import CHAT
from tests.app.people import Person

pytestmark = pytest.mark.xdist_group("browser")

ENGLISH = """all => all.map((one) => one.getAttribute("aria-label"))
    .filter((label) => /^(Help for|Show|Choose|Collapse|Expand|App pages|Sidebar|Open$|Search$|day,)/.test(label))"""
"""Names that Streamlit gives its own parts; screen readers would read them aloud on a Russian page."""
LOADED = {
    "/": "Ждут ответа",
    "/reports": "Ждут ответа сейчас: 5",
    "/reports?list=unanswered": "Строки за цифрами",
    "/dialogs?dialog={chat}&from={day}&to={day}": "слишком дорого",
    "/data?day={day}": "Журнал дня",
    "/data?section=counts": "Строки",
    "/runs": "Загрузка данных",
    "/journal": "Вход в кабинет",
}
"""Addresses of pages that show something now, and the words by which one sees that they do."""
SERIOUS = frozenset({"serious", "critical"})


def findings(page: Page) -> list[str]:
    """Serious findings with the first element of each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {item['help']}: {item['nodes'][0]['html'][:200]}" for item in found if item["impact"] in SERIOUS
    ]


def test_no_page_shuts_out_people_who_do_not_use_a_mouse_or_see_it(page: Page, person: Person) -> None:
    page.goto("/")
    problems = {"sign-in": findings(page)}
    sign_in(page, person)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for address in addresses():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_timeout(300)
        problems[address] = findings(page)
        english = page.locator("[aria-label]").evaluate_all(ENGLISH)
        assert english == [], address
    assert {address: found for address, found in problems.items() if found} == {}


def test_no_page_with_data_on_it_shuts_anybody_out_either(
    page: Page, tenant_a: Tenant, control_db: Database, keyring: Keyring, cabinet: RunningCabinet, person: Person
) -> None:
    """Figures, charts, grids and conversations: what empty pages do not show."""
    day = reported(control_db, keyring, cabinet, tenant_a)
    clock = SystemClock()
    for table in RAW_TABLES:
        source, _, step = table.name.partition("/")
        days.save_source_run(control_db, tenant_a.slug, source, day, "ok", clock.now(), 5, 4, step=step)
    request = create_request(
        control_db,
        tenant=tenant_a.slug,
        kind=RequestKind.DATA,
        period=Period.day(day),
        requested_by="cli",
        reason="",
        clock=clock,
    )
    journal.start_run(control_db, tenant=tenant_a.slug, run_id="axe", request_id=request.id, clock=clock)
    journal.start_step(control_db, tenant_a.slug, "axe", "amocrm/leads", day, day, clock)
    sign_in(page, person)
    problems: dict[str, list[str]] = {}
    for address, words in LOADED.items():
        page.goto(address.format(day=day, chat=CHAT))
        expect(page.get_by_text(words).first).to_be_attached()
        page.wait_for_timeout(500)
        problems[address] = findings(page)
        assert page.locator("[aria-label]").evaluate_all(ENGLISH) == [], address
    assert {address: found for address, found in problems.items() if found} == {}
