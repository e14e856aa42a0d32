"""What tests in a browser share: opening a page and signing in."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.app.people import Person


def sign_in(page: Page, person: Person) -> None:
    page.goto("/")
    page.get_by_label("Почта").fill(person.email)
    page.get_by_label("Пароль").fill(person.password)
    page.get_by_role("button", name="Войти").click()
