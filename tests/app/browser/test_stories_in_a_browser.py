"""Whole stories of a client: from a figure to the words behind it, a broken connection mended, two companies apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from synkro_resources.control.database import Database
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.labels import read_labels
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.package import PackageMetric, PackageRow
from synkro_resources.sandbox.credentials import SandboxCredentials
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.world.build import build_world
from tests.app.browser.browsing import sign_in
from tests.app.browser.conftest import WAIT_MS
from tests.app.conftest import RunningCabinet
from tests.app.labelled_dialogs import CHAT, OBJECTION, CompanyDay, fill
from tests.app.people import new_person
from tests.resources.control.test_packages import document

pytestmark = pytest.mark.xdist_group("browser")  # what the module loads is loaded once

CLOCK = SystemClock()
WORDS = "слишком дорого для нас"


def reported(db: Database, keyring: Keyring, cabinet: RunningCabinet, tenant: Tenant) -> date:
    """Yesterday with its labelled dialogs, one client who waits, and the report of it."""
    day = CLOCK.now().astimezone(ZoneInfo(tenant.zone)).date() - timedelta(days=1)
    fill(db, keyring, str(cabinet.log.parent / "lake"), tenant, day)
    made = CompanyDay(tenant, day).package()
    waiting = PackageRow("unanswered", 1, episode_key=CHAT, deal_id=101, age_min=190.5)
    figure = PackageMetric(4, "unanswered", value=1.0, n=4, unit="episodes")
    stored = save_package(db, replace(made, metrics=(figure,), rows=(*made.rows, waiting), input_hash="h2"))
    save_report(db, tenant.slug, document(tenant.slug, stored.package_id))
    return day


def test_a_lead_goes_from_the_report_by_a_figure_to_the_clients_words_and_says_what_he_thinks(
    page: Page, tenant_a: Tenant, control_db: Database, keyring: Keyring, cabinet: RunningCabinet
) -> None:
    reported(control_db, keyring, cabinet, tenant_a)
    sign_in(page, new_person(control_db, CLOCK, tenant_a))
    page.get_by_role("link", name="Утро").click()
    expect(page.get_by_text("Ждут ответа сейчас: 5")).to_be_visible()
    page.get_by_role("link", name="Обзор").click()
    page.get_by_role("link", name="Показать строки").click()
    expect(page.get_by_role("combobox", name="Список")).to_be_visible()
    assert "list=unanswered" in page.url
    page.get_by_role("link", name="Обзор").click()
    page.get_by_role("link", name="3 ч").first.click()
    expect(page.get_by_text(WORDS).first).to_be_visible()
    page.get_by_role("radio", name="Неверно", exact=True).nth(2).click()
    expect(page.get_by_text("отметка руководителя")).to_be_visible()
    assert read_labels(control_db, tenant_a.slug, until=CLOCK.now()).overlay.removed == {OBJECTION}


def test_a_client_sees_that_amocrm_took_the_key_away_and_what_to_do_and_it_is_green_again_after_that(
    page: Page, tenant_a: Tenant, control_db: Database
) -> None:
    slug = tenant_a.slug
    app = sandbox_app({slug: build_world(7, CLOCK.now(), days=2, slug=slug)}, clock=CLOCK)
    amocrm = next(vendor.app.state.switches for vendor in app.state.vendors if vendor.vendor == "amocrm")
    with serve(app) as url:
        known = SandboxCredentials.for_tenant(slug, url).amocrm
        sign_in(page, new_person(control_db, CLOCK, tenant_a))
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Настройки").click()
        page.get_by_text("amoCRM · ").click()
        page.get_by_label("Адрес аккаунта", exact=True).fill(str(known.public["base_url"]))
        page.get_by_label("Долгосрочный токен", exact=True).fill(known.secrets["token"])
        page.get_by_role("button", name="Сохранить и проверить").click()
        expect(page.get_by_text("Сделки читаются")).to_be_visible()

        amocrm.always = "401"
        page.get_by_role("button", name="Проверить", exact=True).click()
        expect(page.get_by_text("amoCRM не приняла ключ доступа.").first).to_be_visible()
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Обзор").click()
        alert = page.get_by_role("alert").filter(has_text="amoCRM не работает")
        expect(alert).to_contain_text("Выпустите новый долгосрочный ключ")
        assert [item.status for item in list_integrations(control_db, slug)] == ["broken"]

        amocrm.always = None
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Настройки").click()
        page.get_by_label("Долгосрочный токен", exact=True).fill(known.secrets["token"])
        page.get_by_role("button", name="Сохранить и проверить").click()
        expect(page.get_by_text("Сделки читаются")).to_be_visible()
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Обзор").click()
        expect(page.get_by_role("heading", name=tenant_a.name)).to_be_visible()
        expect(alert).to_have_count(0)


def test_two_companies_side_by_side_in_one_browser_never_mix(
    browser: Browser,
    page: Page,
    control_db: Database,
    keyring: Keyring,
    cabinet: RunningCabinet,
    tenant_a: Tenant,
    tenant_b: Tenant,
) -> None:
    day = reported(control_db, keyring, cabinet, tenant_a)
    sign_in(page, new_person(control_db, CLOCK, tenant_a))
    context = browser.new_context(base_url=cabinet.url, locale="ru-RU")
    other = context.new_page()
    other.set_default_timeout(WAIT_MS)
    sign_in(other, new_person(control_db, CLOCK, tenant_b))
    expect(page.get_by_role("heading", name=tenant_a.name)).to_be_visible()
    expect(other.get_by_role("heading", name=tenant_b.name)).to_be_visible()
    address = f"/dialogs?dialog={CHAT}&from={day}&to={day}"
    for _ in range(2):  # whatever the process keeps of one must not be there for the other
        page.goto(address)
        other.goto(address)
        expect(page.get_by_text(WORDS).first).to_be_visible()
        expect(other.get_by_role("heading", name="Диалоги")).to_be_visible()
        expect(other.get_by_test_id("stAlert").first).to_be_visible()
        assert "дорого" not in other.content()
        assert tenant_a.name not in other.content()
    report = f"/reports?report=doc-{day}"
    other.goto(report)
    expect(other.get_by_role("heading", name="Отчёты")).to_be_visible()
    assert "Утро" not in other.content()
    context.close()
