"""The operator brings a company in and its owner sees what is paid for; nobody else finds the operator's page."""

from __future__ import annotations

import secrets

from playwright.sync_api import Page, expect

from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import add_user
from synkro_resources.model.addresses import company_address
from synkro_resources.model.clock import SystemClock
from tests.app.browser.browsing import sign_in
from tests.app.people import PASSWORD, Person, new_person

CLOCK = SystemClock()


def test_an_operator_makes_a_company_and_an_owner_reads_his_plan(
    page: Page, control_db: Database, tenant_a: Tenant
) -> None:
    email, slug = f"op-{secrets.token_hex(4)}@example.org", f"new-{secrets.token_hex(4)}"
    add_user(control_db, email=email, name="Оператор", password=PASSWORD, clock=CLOCK, operator=True)
    sign_in(page, Person("", email, PASSWORD))
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Оператор").click()
    page.get_by_text("Новая компания").click()
    for label, value in {
        "Название компании": "Двери",
        "Короткое имя": slug,
        "Почта владельца": "o@example.org",
    }.items():
        page.get_by_label(label, exact=True).first.fill(value)
    page.get_by_role("button", name="Создать и пригласить владельца").click()
    expect(page.get_by_text("Компания создана.")).to_be_visible()
    expect(page.get_by_text("/invite/")).to_be_visible()
    page.goto(company_address("", slug))  # as a run's metadata in Dagster say it
    expect(page.get_by_label("Найти компанию")).to_have_value(slug)
    expect(page.get_by_text("Подключение: 0 из 9")).to_have_count(1)
    page.context.clear_cookies()

    sign_in(page, new_person(control_db, CLOCK, tenant_a))
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Тариф").click()
    expect(page.get_by_text("Ваш тариф: Pro")).to_be_visible()
    expect(page.get_by_role("link", name="Скачать ведомость")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink").filter(has_text="Оператор")).to_have_count(0)
