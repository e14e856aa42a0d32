"""One browser for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from tests.app.conftest import RunningCabinet
from tests.app.people import Person, new_person

WAIT_MS = 60_000
"""A busy machine needs long for a page's first drawing; what is there already is seen at once all the same."""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, cabinet: RunningCabinet) -> Iterator[Page]:
    context = browser.new_context(base_url=cabinet.url, locale="ru-RU", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


@pytest.fixture
def person(control_db: Database, tenant_a: Tenant) -> Person:
    """The company's owner."""
    return new_person(control_db, SystemClock(), tenant_a)
