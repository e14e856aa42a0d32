"""Every page and every function of the cabinet, as every role, with another company's ids and with hostile names."""

from __future__ import annotations

import inspect
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.paths import PAGES, START
from synkro_resources.control import sessions, users
from synkro_resources.control.chat_links import SeenChat, create_code, use_code
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.packages import save_package
from synkro_resources.control.report_files import save_file
from synkro_resources.control.reports import save_report
from synkro_resources.control.run_requests import create_request
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant, add_tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.ids import IntegrationKind, RequestKind, Role
from synkro_resources.model.period import Period
from synkro_resources.settings import Settings
from tests.app.cabinet.test_isolation import ABOUT_ONESELF, DAY, FUNCTIONS, sample
from tests.app.conftest import RunningCabinet
from tests.app.people import PASSWORD, new_person
from tests.app.web.tab import Tab
from tests.resources.control.test_packages import document, package

pytestmark = pytest.mark.xdist_group("attack_pages")

Seen = Callable[[str, object], None]
CLOCK = SystemClock()
MARKUP = "[press](https://evil.example/a) ![pixel](https://evil.example/p.png) <img src=https://evil.example/q>"
MARKED = re.compile(r"\]\(https://evil|(?<!\\)<img")
"""Neither a link nor an element, unless its signs are escaped."""
TYPED = ("text_input", "text_area", "selectbox", "multiselect", "number_input", "code", "dataframe", "json")
"""What shows a text as it is, whatever it holds."""


def stranger(tenant: str, kind: str) -> SessionUser:
    """Somebody of company `tenant`, a platform operator, or a person without any company."""
    role = Role(kind) if kind in tuple(Role) else None
    members = () if role is None else (Membership(tenant, role, None, can_read_texts=True),)
    place = None if role is None else tenant
    is_operator = kind == "operator"
    return SessionUser("u1", "u1@example.com", "", "ru", "s1", members, place, role, is_operator=is_operator)


@pytest.mark.parametrize("kind", [*map(str, Role), "operator", "nobody"])
def test_no_role_of_another_company_gets_an_answer(
    kind: str, control_db: Database, tenant_a: Tenant, tenant_b: Tenant, tmp_path: Path, record_property: Seen
) -> None:
    place = Installation(Settings.load(lake_url=str(tmp_path), state_dir=tmp_path), control_db, CLOCK)
    user = stranger(tenant_a.slug, kind)
    asked = 0
    for name, function in FUNCTIONS.items():
        if kind == "operator" and name.startswith("operator."):
            continue  # that page is his
        hints = get_type_hints(function)
        given: dict[str, Any] = {"place": place, "user": user, "tenant": tenant_b.slug}
        arguments = {
            parameter: given[parameter] if parameter in given else sample(hints[parameter])
            for parameter in inspect.signature(function).parameters
        }
        if name in ABOUT_ONESELF:
            assert not function(**arguments), name
            continue
        with pytest.raises(RefusedError) as refusal:
            function(**arguments)
        assert refusal.value.code == "rights.not_found", name
        asked += 1
    record_property("seen", f"{kind}: {asked} functions")


@dataclass(frozen=True, slots=True)
class Planted:
    """A company with something of everything that pages draw, and what nobody else may see of it."""

    query: str
    marks: tuple[str, ...]


@pytest.fixture
def planted(control_db: Database, cabinet: RunningCabinet, tenant_b: Tenant) -> Planted:
    slug, mark = tenant_b.slug, f"zq{secrets.token_hex(4)}"
    owner = new_person(control_db, CLOCK, tenant_b)
    users.set_name(control_db, owner.user_id, f"Victim {mark}")
    keyring = Keyring({"k1": bytes(range(32))})
    public = {"base_url": f"https://{mark}.amocrm.ru", "auth": "long_lived"}
    set_integration(control_db, keyring, slug, IntegrationKind.AMOCRM, public, {"token": f"t-{mark}"}, "cli")
    chat = link_chat(control_db, slug, f"Chat {mark}")
    report = document(slug, save_package(control_db, package(slug)).package_id)
    save_report(control_db, slug, report)
    save_file(control_db, str(cabinet.log.parent / "lake"), slug, report.doc_id, "pdf", b"%PDF")
    request = create_request(
        control_db,
        tenant=slug,
        kind=RequestKind.DATA,
        period=Period.day(DAY),
        requested_by="cli",
        reason="",
        clock=CLOCK,
    )
    ids = {"report": report.doc_id, "request": request.id, "chat": chat, "dialog": mark, "episode": mark}
    named = {"tenant": slug, "company": slug, "day": str(DAY), **ids}
    query = "&".join(f"{name}={value}" for name, value in named.items())
    return Planted(query, (slug, mark, owner.email, report.doc_id, request.id))


def link_chat(db: Database, slug: str, title: str) -> str:
    code = create_code(db, slug, bot_id="7", actor="u", clock=CLOCK).code
    chat_id = str(secrets.randbelow(10**9) + 1)
    with db.tenant(slug) as connection:
        use_code(connection, slug, code, SeenChat(chat_id, title), bot_id="7", person="5", now=CLOCK.now())
    return chat_id


@pytest.mark.parametrize("role", Role)
def test_no_page_draws_anything_of_another_company(
    role: Role,
    control_db: Database,
    cabinet: RunningCabinet,
    tenant_a: Tenant,
    planted: Planted,
    record_property: Seen,
) -> None:
    person = new_person(control_db, CLOCK, tenant_a, role)
    with Tab(cabinet, sessions.open_session(control_db, person.user_id, CLOCK)) as tab:
        for page in PAGES:
            tab.run("" if page == START else page, query=planted.query)
            assert tab.texts, page
            for mark in planted.marks:
                # What the address itself said may come back in a field, but nothing that hangs on it.
                assert not tab.shows(mark), f"{page} shows {mark}"
    record_property("seen", f"{role}: {len(PAGES)} pages")


def test_no_name_becomes_a_link_or_a_picture_on_any_page(
    control_db: Database, cabinet: RunningCabinet, record_property: Seen
) -> None:
    slug = f"hostile-{secrets.token_hex(4)}"
    tenant = add_tenant(
        control_db, slug=slug, name=MARKUP, zone="Europe/Moscow", account=slug, cell="main", plan="pro", clock=CLOCK
    )
    email = f"operator-{secrets.token_hex(4)}@example.org"
    owner = users.add_user(control_db, email=email, name=MARKUP, password=PASSWORD, clock=CLOCK, operator=True)
    users.set_membership(control_db, owner.user_id, slug, Role.OWNER, clock=CLOCK)
    users.set_name(control_db, new_person(control_db, CLOCK, tenant, Role.VIEWER).user_id, MARKUP)
    link_chat(control_db, slug, MARKUP)
    drawn = 0
    with Tab(cabinet, sessions.open_session(control_db, owner.user_id, CLOCK)) as tab:
        for page in PAGES:
            tab.run("" if page == START else page)
            for text in tab.texts:
                is_typed = any(f"{kind} {{" in text for kind in TYPED)
                assert is_typed or MARKED.search(text) is None, f"{page}: {text[:600]}"
                drawn += "evil" in text
    assert drawn > 3, "the names are drawn nowhere, so nothing was tried"
    record_property("seen", f"{drawn} places on {len(PAGES)} pages, shown as text")
