"""People who use a keyboard or a screen reader can use every page: no serious finding of axe."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from synkro_app.cabinet.paths import addresses
from tests.app.browser.browsing import sign_in
from tests.app.people import Person

pytestmark = pytest.mark.xdist_group("browser")

ENGLISH = """all => all.map((one) => one.getAttribute("aria-label"))
    .filter((label) => /^(Help for|Show|Choose|Collapse|Expand|App pages|Sidebar|Open$|Search$|day,)/.test(label))"""
"""Names that Streamlit gives its own parts; screen readers would read them aloud on a Russian page."""
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
