"""Files go to whom the session allows, and neither another company's cookie nor a formula gets anything out of them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from synkro_app.web.files import (
    DATA_FLOW,
    JOURNAL,
    REPORT,
    SCRIPT,
    STATEMENT,
    data_flow_address,
    journal_address,
    report_address,
    script_address,
    statement_address,
)
from synkro_app.web.ops import Ops
from synkro_app.web.routes import Web
from synkro_app.web.sockets import OpenSockets
from synkro_resources.control import users
from synkro_resources.control.audit import record, tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.packages import save_package
from synkro_resources.control.report_files import save_file
from synkro_resources.control.reports import save_report
from synkro_resources.control.tables.tenancy import tenant as tenant_table
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.ids import Role
from synkro_resources.settings import Settings
from tests.app.conftest import RunningCabinet
from tests.app.people import new_person
from tests.resources.control.test_packages import document, package

CLOCK = SystemClock()
TODAY = CLOCK.now().date()
DAYS = f"from={TODAY}&to={TODAY + timedelta(days=1)}"  # the tenant's day may have begun already
OTHERS = {
    "/invite/{token}",
    "/reset/{token}",
    "/hooks/radist/{address}",
    "/hooks/telegram/{address}",
    "/ops/{path:path}",
}
"""Addresses with a secret of their own or for operators alone; their tests stand beside them."""


@dataclass(frozen=True, slots=True)
class Company:
    tenant: Tenant
    doc_id: str
    sign_in: Callable[[Role], httpx.Client]


@pytest.fixture
def company(control_db: Database, cabinet: RunningCabinet, tenant_a: Tenant) -> Company:
    """A company with a stored report, and a way in for each of its roles."""
    stored = save_package(control_db, package(tenant_a.slug))
    drawn = document(tenant_a.slug, stored.package_id)
    save_report(control_db, tenant_a.slug, drawn)
    save_file(control_db, str(cabinet.log.parent / "lake"), tenant_a.slug, drawn.doc_id, "pdf", b"%PDF of all")
    return Company(tenant_a, drawn.doc_id, lambda role: signed_in(control_db, cabinet, tenant_a, role))


def signed_in(db: Database, cabinet: RunningCabinet, tenant: Tenant, role: Role) -> httpx.Client:
    person = new_person(db, CLOCK, tenant, role)
    browser = httpx.Client(base_url=cabinet.url, trust_env=False)
    form = {"email": person.email, "password": person.password}
    assert browser.post("/account/login", data=form, headers={"sec-fetch-site": "same-origin"}).status_code == 303
    return browser


def test_a_member_gets_the_file_under_its_name_and_that_is_on_record(company: Company, control_db: Database) -> None:
    answer = company.sign_in(Role.VIEWER).get(report_address(company.tenant.slug, company.doc_id, "pdf"))
    assert (answer.status_code, answer.content) == (200, b"%PDF of all")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["cache-control"] == "no-store"
    assert "report.file_opened" in [event.action for event in tenant_events(control_db, company.tenant.slug)]


def test_every_address_that_carries_an_id_refuses_another_companys_owner(
    company: Company, control_db: Database, cabinet: RunningCabinet, tenant_b: Tenant
) -> None:
    """A new route with an id in its address must be added here, or it fails."""
    slug, other = company.tenant.slug, tenant_b.slug
    addresses = {
        REPORT: [report_address(slug, company.doc_id, "pdf"), report_address(other, company.doc_id, "pdf")],
        JOURNAL: [f"/files/{slug}/journal.csv?{DAYS}"],
        SCRIPT: [script_address(slug)],
        DATA_FLOW: [data_flow_address(slug, "ru")],
        STATEMENT: [statement_address(slug, TODAY)],
    }
    web = Web(Settings.load(), control_db, CLOCK, OpenSockets(), Ops(Settings.load(), control_db, CLOCK))
    assert {route.path for route in web.routes() if "{" in route.path} == addresses.keys() | OTHERS
    stranger = signed_in(control_db, cabinet, tenant_b, Role.OWNER)
    nobody = httpx.Client(base_url=cabinet.url, trust_env=False)
    for address in (one for listed in addresses.values() for one in listed):
        answer = stranger.get(address)
        assert (answer.status_code, answer.content) == (404, b""), address
        assert nobody.get(address).status_code == 401, address


def test_a_bound_viewer_gets_no_file_of_the_whole_team(
    company: Company, control_db: Database, cabinet: RunningCabinet
) -> None:
    person = new_person(control_db, CLOCK, company.tenant, Role.VIEWER)
    users.set_membership(control_db, person.user_id, company.tenant.slug, Role.VIEWER, clock=CLOCK, manager_id=7)
    browser = httpx.Client(base_url=cabinet.url, trust_env=False)
    form = {"email": person.email, "password": person.password}
    browser.post("/account/login", data=form, headers={"sec-fetch-site": "same-origin"})
    assert browser.get(report_address(company.tenant.slug, company.doc_id, "pdf")).status_code == 404


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_the_record_is_for_those_who_lead(company: Company, role: Role) -> None:
    assert company.sign_in(role).get(f"/files/{company.tenant.slug}/journal.csv?{DAYS}").status_code == 404


def test_the_record_as_a_file_holds_the_events_and_runs_no_formula(company: Company, control_db: Database) -> None:
    slug = company.tenant.slug
    with control_db.tenant(slug) as connection:
        record(
            connection,
            at=CLOCK.now(),
            actor="user:gone00",
            action="=new.action",
            tenant=slug,
            target="@SUM(A1)",
            reason='=HYPERLINK("https://evil.example")',
        )
    answer = company.sign_in(Role.ADMIN).get(f"/files/{slug}/journal.csv?{DAYS}&actor=user%3Agone00")
    assert answer.status_code == 200
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert header[:3] == ["Когда", "Кто", "Что сделано"]
    assert [row[1:5] for row in rows] == [
        ["Бывший участник gone00", "'=new.action", "'@SUM(A1)", '\'=HYPERLINK("https://evil.example")']
    ]
    assert "journal.exported" in [event.action for event in tenant_events(control_db, slug)]


@pytest.mark.parametrize("query", ["", "from=x&to=y", "from=2026-11-20&to=2026-11-01", "from=2020-01-01&to=2026-01-01"])
def test_a_period_that_is_none_is_refused(company: Company, query: str) -> None:
    answer = company.sign_in(Role.OWNER).get(f"/files/{company.tenant.slug}/journal.csv?{query}")
    assert answer.status_code in (400, 404)


def test_addresses_hold_the_filters_as_they_are() -> None:
    from synkro_app.cabinet.services.journal import Filters

    address = journal_address("acme", Filters(TODAY, TODAY, actor="user:1&to=2000-01-01"))
    assert httpx.URL(address).params["actor"] == "user:1&to=2000-01-01"


def test_an_owner_gets_the_tables_script_and_the_sheet_for_the_security_officer(company: Company) -> None:
    owner = company.sign_in(Role.OWNER)
    script = owner.get(script_address(company.tenant.slug))
    assert "create table" in script.text.lower()
    assert "synkro-supabase.sql" in script.headers["content-disposition"]
    sheet = owner.get(data_flow_address(company.tenant.slug, "ru"))
    assert "amoCRM" in sheet.text
    for role in (Role.ANALYST, Role.VIEWER):
        assert company.sign_in(role).get(script_address(company.tenant.slug)).status_code == 404


def test_the_statement_of_a_month_is_a_workbook_for_those_who_pay_and_runs_no_formula(
    company: Company, control_db: Database
) -> None:
    slug = company.tenant.slug
    with control_db.tenant(slug) as connection:
        connection.execute(update(tenant_table).values(name='=HYPERLINK("https://evil.example")'))
    answer = company.sign_in(Role.ADMIN).get(statement_address(slug, TODAY))
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert "'=HYPERLINK" in book.read("xl/sharedStrings.xml").decode()
        assert not any(b"<f>" in book.read(name) for name in book.namelist() if "worksheets" in name)
    assert "statement.exported" in [event.action for event in tenant_events(control_db, slug)]
    assert company.sign_in(Role.ANALYST).get(statement_address(slug, TODAY)).status_code == 404
    for month in ("2019-01", "2026-13", "x"):
        address = statement_address(slug, TODAY).replace(f"{TODAY:%Y-%m}", month)
        assert company.sign_in(Role.OWNER).get(address).status_code in (400, 404)
