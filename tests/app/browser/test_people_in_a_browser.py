"""How people are invited, guard their sign-in and look into the record, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from synkro_app.cabinet.components.qr import qr_html
from synkro_resources.control import users
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.totp import code_at, step_of
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.ids import Role
from tests.app.browser.browsing import sign_in
from tests.app.conftest import RunningCabinet
from tests.app.people import Person, new_person

CLOCK = SystemClock()

pytestmark = pytest.mark.xdist_group("browser")


def test_an_owner_invites_a_colleague_who_joins_by_the_link(
    page: Page, person: Person, tenant_a: Tenant, control_db: Database, browser: Browser, cabinet: RunningCabinet
) -> None:
    sign_in(page, person)
    page.get_by_role("link", name="Команда").click()
    page.get_by_text("Пригласить человека").click()
    page.get_by_label("Почта").fill("kollega@example.org")
    page.get_by_label("Почта").press("Tab")
    page.get_by_role("button", name="Создать ссылку").click()
    expect(page.get_by_text("Передайте её лично")).to_be_visible()
    link = page.locator("code", has_text="/invite/").inner_text().strip()
    theirs = browser.new_context(base_url=cabinet.url, locale="ru-RU")
    other = theirs.new_page()
    other.goto(link[link.index("/invite/") :])
    other.get_by_label("Имя и фамилия").fill("Пётр Новиков")
    other.get_by_label("Новый пароль").fill("a brand new password")
    other.get_by_role("button", name="Начать работу").click()
    expect(other.get_by_role("heading", name=tenant_a.name)).to_be_visible()
    theirs.close()
    page.reload()
    expect(page.get_by_text("Пётр Новиков")).to_be_visible()
    roles = {user.email: member.role for user, member in users.tenant_users(control_db, tenant_a.slug)}
    assert roles["kollega@example.org"] is Role.ANALYST


def test_a_changed_role_counts_and_stands_in_the_record_and_its_file(
    page: Page, person: Person, tenant_a: Tenant, control_db: Database
) -> None:
    other = new_person(control_db, CLOCK, tenant_a, Role.ANALYST)
    users.set_name(control_db, other.user_id, "Яна Сменная")
    sign_in(page, person)
    page.get_by_role("link", name="Команда").click()
    page.locator(f".st-key-team_edit_{other.user_id} button").click()
    page.locator(f".st-key-team_role_{other.user_id}").get_by_role("combobox").click()
    page.get_by_role("option", name="Наблюдатель").click()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Права изменены")).to_be_visible()
    roles = {user.user_id: member.role for user, member in users.tenant_users(control_db, tenant_a.slug)}
    assert roles[other.user_id] is Role.VIEWER
    page.get_by_role("link", name="Журнал").click()
    with page.expect_download() as loading:
        page.get_by_role("link", name="Скачать CSV").click()
    assert loading.value.suggested_filename.startswith(f"synkro_{tenant_a.slug}_")
    text = Path(loading.value.path()).read_text(encoding="utf-8-sig")
    assert "Роль и права заданы;Яна Сменная" in text


def test_a_person_switches_the_second_factor_on_and_is_asked_for_the_code(page: Page, person: Person) -> None:
    sign_in(page, person)
    page.get_by_role("link", name="Профиль").click()
    page.get_by_label("Нынешний пароль").last.fill(person.password)
    page.get_by_role("button", name="Подключить").click()
    code = page.get_by_role("img", name="QR-код с ключом для приложения")
    expect(code).to_be_visible()
    assert code.evaluate("it => it.naturalWidth") > 0  # the browser reads the picture and the gate's policy lets it in
    link = page.get_by_role("link", name="Открыть в приложении").get_attribute("href") or ""
    assert link.startswith("otpauth://totp/")
    assert f'src="{code.get_attribute("src")}"' in qr_html(link, "", 0)
    secret = page.locator("code").first.inner_text().replace(" ", "").strip()
    page.get_by_label("Код из приложения").fill(code_at(secret, step_of(CLOCK.now())))
    page.get_by_role("button", name="Включить", exact=True).click()
    expect(page.get_by_text("Сохраните коды восстановления")).to_be_visible()
    recovery = page.locator("code").first.inner_text().split()[0]
    page.get_by_role("button", name="Я сохранил коды").click()
    expect(page.get_by_text("Осталось 10 кодов восстановления")).to_be_visible()
    page.get_by_role("button", name="Выйти", exact=True).click()
    page.wait_for_url("**/login*")
    sign_in(page, person)
    page.get_by_label("Код", exact=True).fill(recovery)
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("button", name="Сформировать отчёт")).to_be_visible()


def test_ending_a_session_in_the_profile_closes_the_other_browsers_tab(
    page: Page, person: Person, browser: Browser, cabinet: RunningCabinet
) -> None:
    theirs = browser.new_context(base_url=cabinet.url, locale="ru-RU")
    other = theirs.new_page()
    sign_in(other, person)
    expect(other.get_by_role("button", name="Сформировать отчёт")).to_be_visible()
    sign_in(page, person)
    page.get_by_role("link", name="Профиль").click()
    expect(page.get_by_text("этот сеанс")).to_have_count(1)
    page.get_by_role("button", name="Завершить").click()
    expect(page.get_by_text("Сеанс завершён.")).to_be_visible()
    other.wait_for_url("**/login*")
    theirs.close()
