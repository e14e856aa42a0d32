"""A new owner connects everything alone, and nothing secret comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.run_requests import list_requests, update_request
from synkro_resources.control.schedules import list_schedules
from synkro_resources.control.tenants import Tenant, tenant_settings
from synkro_resources.model.clock import FixedClock, SystemClock
from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.model.ids import Role
from synkro_resources.sandbox.credentials import AI_MODEL, SandboxCredentials, report_chat_id
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.app import sandbox_app
from synkro_resources.sandbox.world.build import build_world
from tests.app.browser.browsing import sign_in
from tests.app.people import new_person
from tests.control_fixtures import NOON, new_tenant
from tests.resources.control.test_packages import document, package

pytestmark = pytest.mark.xdist_group("browser")  # what the module loads is loaded once

CLOCK = SystemClock()


def fill(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).first.fill(value)


def choose(page: Page, label: str, value: str) -> None:
    """As a person does: opens the list again if the page, which is still being drawn, has closed it."""
    option = page.get_by_role("option", name=value)
    for _ in range(6):
        page.get_by_role("combobox", name=label, exact=True).first.click()
        with suppress(TimeoutError):
            option.wait_for(timeout=5_000)
            break
        page.keyboard.press("Escape")
    option.click()


def unfold(page: Page, title: str, label: str) -> None:
    """As a person does: unfolds again if the page, which is still being drawn, has put another fold in its place."""
    field = page.get_by_label(label, exact=True).first
    expect(page.get_by_text(title)).to_have_count(1)  # the step before, whose fold has this title as well, is gone
    for _ in range(6):
        page.get_by_text(title).last.click()
        with suppress(TimeoutError):
            field.wait_for(state="visible", timeout=5_000)
            return
    expect(field).to_be_visible()


def save_and_go_on(page: Page, proof: str, next_step: str) -> None:
    """Save, read a finding of the check, and open the next step."""
    page.get_by_role("button", name="Сохранить и проверить").click()
    expect(page.get_by_text(proof)).to_be_visible()
    page.get_by_role("button", name="Дальше").click()
    expect(page.get_by_role("heading", name=next_step, exact=True)).to_be_visible()


def test_a_new_owner_connects_every_service_with_the_wizard_alone_and_all_checks_are_green(
    page: Page, tenant_a: Tenant, control_db: Database, new_database: Callable[[], str]
) -> None:
    slug = tenant_a.slug
    add_destination(control_db, slug, channel="telegram", chat_id=str(report_chat_id(slug)), title="Отчёты", actor="u")
    owner_url = new_database().replace("postgresql+psycopg2://", "postgresql://")
    place = urlsplit(owner_url)
    writer = f"postgresql://synkro_writer:a-writers-password@{place.hostname}:{place.port}{place.path}"
    world = build_world(7, CLOCK.now(), days=2, slug=slug)
    with serve(sandbox_app({slug: world}, clock=CLOCK)) as url:
        known = SandboxCredentials.for_tenant(slug, url)
        sign_in(page, new_person(control_db, CLOCK, tenant_a))
        page.get_by_role("link", name="Подключить сервисы").click()
        expect(page.get_by_text("0 из 6")).to_be_visible()

        fill(page, "Адрес аккаунта", str(known.amocrm.public["base_url"]))
        fill(page, "Долгосрочный токен", known.amocrm.secrets["token"])
        save_and_go_on(page, "Сделки читаются", "Radist")
        expect(page.get_by_text("1 из 6")).to_be_visible()

        choose(page, "Адрес Radist", "Другой адрес")
        fill(page, "Адрес", str(known.radist.public["base_url"]))
        fill(page, "Ключ API", known.radist.secrets["api_key"])
        save_and_go_on(page, "Мессенджеры:", "Supabase")

        unfold(page, "Таблицы в базе клиента", "Строка подключения владельца")
        fill(page, "Строка подключения владельца", owner_url)
        fill(page, "Пароль для synkro_writer", "a-writers-password")
        page.get_by_role("button", name="Создать таблицы").click()
        expect(page.get_by_text("Таблицы созданы")).to_be_visible()
        unfold(page, "Дополнительно", "Прямая строка подключения")
        fill(page, "Прямая строка подключения", writer)
        page.get_by_text("Регион хранения согласован с юристом").click()
        save_and_go_on(page, "Место хранения подтверждено", "ИИ")

        choose(page, "Провайдер", "Другой адрес")
        fill(page, "Адрес", str(known.ai.public["base_url"]))
        fill(page, "Ключ", known.ai.secrets["api_key"])
        fill(page, "Цена входа за миллион токенов", "100")
        fill(page, "Цена выхода за миллион токенов", "400,5")
        page.get_by_role("button", name="Сохранить и проверить").click()
        expect(page.get_by_text("Модель не выбрана.")).to_be_visible()
        page.get_by_role("button", name="Показать модели").click()
        choose(page, "Модель: выбрать из списка", AI_MODEL)
        save_and_go_on(page, f"Модель {AI_MODEL} есть", "Telegram")

        unfold(page, "Дополнительно", "Свой сервер Bot API")
        fill(page, "Токен бота", known.telegram.secrets["token"])
        fill(page, "Свой сервер Bot API", str(known.telegram.public["base_url"]))
        save_and_go_on(page, "доступен для записи", "Первый отчёт")
        expect(page.get_by_text("5 из 6")).to_be_visible()
    assert {str(item.kind): item.status for item in list_integrations(control_db, slug)} == dict.fromkeys(
        ("ai", "amocrm", "radist", "supabase", "telegram"), "ok"
    )

    page.get_by_role("button", name="Загрузить и сделать отчёт").click()
    expect(page.get_by_text("Ждёт своей очереди")).to_be_visible()
    request = list_requests(control_db, slug)[0]
    assert len(request.period.days) == tenant_settings(control_db, slug).history_days
    broken = IntegrationError("x.y", Sentence("Ключ отозван.", "Revoked."), Sentence("Выпустите новый.", "Issue one."))
    update_request(control_db, slug, request.id, status="failed", error=broken, clock=CLOCK)
    expect(page.get_by_text("Выпустите новый.")).to_be_visible()
    stored = save_package(control_db, package(slug))
    save_report(control_db, slug, document(slug, stored.package_id))
    page.reload()
    expect(page.get_by_text("Всё готово")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink").filter(has_text="Подключение")).to_have_count(0)


def test_what_is_left_for_later_is_remembered_after_a_new_sign_in(
    page: Page, tenant_a: Tenant, control_db: Database
) -> None:
    owner = new_person(control_db, CLOCK, tenant_a)
    sign_in(page, owner)
    page.get_by_role("link", name="Подключение", exact=True).click()
    for name in ("ИИ", "Telegram"):
        page.get_by_role("button", name=name).first.click()
        page.get_by_role("button", name="Позже").click()
        expect(page.get_by_role("button", name="Позже")).to_have_count(0)
    expect(page.get_by_text("2 из 6")).to_be_visible()
    page.get_by_role("button", name="Выйти", exact=True).click()
    page.wait_for_url("**/login*")
    sign_in(page, owner)
    page.get_by_role("link", name="Подключение", exact=True).click()
    expect(page.get_by_text("2 из 6")).to_be_visible()
    expect(page.get_by_label("Адрес аккаунта", exact=True)).to_be_visible()  # the first step that is left


def test_a_saved_secret_is_never_shown_again_and_an_empty_field_keeps_it(
    page: Page, tenant_a: Tenant, control_db: Database
) -> None:
    secret = "a-token-that-nobody-may-see-7731"
    sign_in(page, new_person(control_db, CLOCK, tenant_a, Role.ADMIN))
    page.get_by_role("link", name="Настройки", exact=True).click()
    page.get_by_text("amoCRM · ").click()
    fill(page, "Адрес аккаунта", "https://example.amocrm.ru")
    fill(page, "Долгосрочный токен", secret)
    page.get_by_role("button", name="Сохранить и проверить").click()
    expect(page.get_by_text("Проверка подключения")).to_be_visible()
    expect(page.get_by_text("Сохранён: …7731")).to_be_visible()
    expect(page.get_by_label("Долгосрочный токен", exact=True)).to_have_value("")
    assert secret not in page.content()
    kept = list_integrations(control_db, tenant_a.slug)[0]
    fill(page, "Адрес аккаунта", "https://another.amocrm.ru")
    page.get_by_role("button", name="Сохранить и проверить").click()
    expect(page.get_by_text("Адрес подходит: another.amocrm.ru.")).to_be_visible()
    saved = list_integrations(control_db, tenant_a.slug)[0]
    assert saved.version > kept.version
    assert saved.secret_tails == kept.secret_tails == {"token": "7731"}


def test_where_amocrms_consent_cannot_work_the_form_says_why(
    page: Page, tenant_a: Tenant, control_db: Database
) -> None:
    sign_in(page, new_person(control_db, CLOCK, tenant_a))
    page.get_by_role("link", name="Настройки", exact=True).click()
    page.get_by_text("amoCRM · ").click()
    choose(page, "Способ доступа", "Согласие администратора (OAuth)")
    expect(page.get_by_text("У этой установки нет публичного адреса")).to_be_visible()
    expect(page.get_by_label("ID интеграции", exact=True)).to_be_visible()
    expect(page.get_by_label("Долгосрочный токен", exact=True)).to_have_count(0)


def test_an_owner_schedules_a_weekly_report_and_pauses_it(page: Page, control_db: Database) -> None:
    tenant_a = new_tenant(control_db, FixedClock(NOON), "s", plan="pro")  # the basic plan has no schedules
    sign_in(page, new_person(control_db, CLOCK, tenant_a))
    page.get_by_role("link", name="Настройки", exact=True).click()
    page.get_by_role("tab", name="Расписание отчётов").click()
    page.get_by_text("Настроить").nth(1).click()
    choose(page, "По какому дню недели", "вторник")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Расписание сохранено.")).to_be_visible()
    assert [(item.kind, item.weekdays, item.enabled) for item in list_schedules(control_db, tenant_a.slug)] == [
        ("week", (2,), True)
    ]
    page.get_by_role("button", name="Приостановить").click()
    expect(page.get_by_text("Расписание приостановлено.")).to_be_visible()
    assert [item.enabled for item in list_schedules(control_db, tenant_a.slug)] == [False]


def test_an_analyst_has_neither_settings_nor_first_steps(page: Page, tenant_a: Tenant, control_db: Database) -> None:
    sign_in(page, new_person(control_db, CLOCK, tenant_a, Role.ANALYST))
    expect(page.get_by_role("link", name="Запуски")).to_be_visible()
    for name in ("Настройки", "Подключение", "Подключить сервисы"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_a_security_officer_gets_the_data_flow_sheet(
    page: Page, tenant_a: Tenant, control_db: Database, tmp_path: Path
) -> None:
    sign_in(page, new_person(control_db, CLOCK, tenant_a))
    page.get_by_role("link", name="Настройки", exact=True).click()
    page.get_by_role("tab", name="ИИ и персональные данные").click()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Скачать лист потоков данных").click()
    caught.value.save_as(tmp_path / "sheet.md")
    text = (tmp_path / "sheet.md").read_text(encoding="utf-8")
    assert text.startswith(f"# Потоки данных Synkro: {tenant_a.name}")
    assert "AES-256-GCM" in text
