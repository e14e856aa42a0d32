"""The README's pictures, taken anew from a running demo: `python -m tests.app.browser.pictures`.

Needs `make demo` in another shell and Chromium; writes docs/images/*.png, as a client sees the pages on a laptop.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import orjson
from playwright.sync_api import Page, sync_playwright

from synkro_app.operations.demo_world import OWNER
from synkro_resources.settings import RUNTIME_FILE

RUNTIME = Path(".synkro/demo") / RUNTIME_FILE
FOLDER = Path("docs/images")
PICTURES: Mapping[str, str] = {
    "overview": "/",
    "report": "/reports",
    "dialogs": "/dialogs",
    "data": "/data",
    "plan": "/plan",
    "journal": "/journal",
}
"""Addresses by the name of the picture."""
SIZE = {"width": 1280, "height": 860}
SETTLED_MS = 2_000
"""Charts are drawn after the page's words."""


def main() -> None:
    base = orjson.loads(RUNTIME.read_bytes())["addresses"]["cabinet"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=base, locale="ru-RU", viewport=SIZE)  # pyright: ignore[reportArgumentType]
        page.set_default_timeout(90_000)
        _sign_in(page)
        for name, address in PICTURES.items():
            page.goto(address)
            page.get_by_role("heading", level=1).wait_for()
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


def _sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Почта").fill(OWNER.email)
    page.get_by_label("Пароль").fill(OWNER.password)
    page.get_by_role("button", name="Войти").click()
    page.get_by_role("heading", level=1).wait_for()


if __name__ == "__main__":
    main()
