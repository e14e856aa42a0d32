"""Addresses for reports: added by those who connect services, proved by their owners, useless to guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds, email_addresses
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import addresses as service
from synkro_app.cabinet.services import destinations
from synkro_resources.control.address_codes import ATTEMPTS, CODE_LIFETIME, CODES_PER_HOUR
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.tables.delivery import email_code
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, RefusedError, SynkroError, UserInputError
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.sandbox.mail import PASSWORD, Mailbox, serve_mail
from synkro_resources.settings import Settings
from tests.app.cabinet.test_destination_rights import person

pytestmark = pytest.mark.xdist_group("mail")
ADDRESS = "irina@example.ru"


@dataclass
class Place:
    """A tenant with a mail server, as its administrator works with it."""

    house: Installation
    tenant: str
    clock: FixedClock
    box: Mailbox

    def add(self, address: str = ADDRESS, role: Role = Role.ADMIN) -> str:
        return service.add(self.house, person(self.tenant, role), self.tenant, address).destination_id

    def confirm(self, destination_id: str, code: str) -> bool:
        user = person(self.tenant, Role.ADMIN)
        return service.confirm(self.house, user, self.tenant, destination_id, code).enabled

    def mailed_code(self) -> str:
        found = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", str(self.box.mails()[-1]["Subject"]))
        assert found is not None
        return found.group()

    def refusal(self, destination_id: str, code: str) -> str:
        with pytest.raises(SynkroError) as refusal:
            self.confirm(destination_id, code)
        return refusal.value.code


@pytest.fixture
def place(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Iterator[Place]:
    settings = Settings.load(secret_keys=SecretStr(new_key()), allow_sandbox=True)
    house = Installation(settings, control_db, control_clock)
    with serve_mail() as mail:
        keyring, secrets = Keyring.from_settings(settings), {"password": PASSWORD}
        set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.EMAIL, mail.settings(), secrets, "test")
        yield Place(house, tenant_a.slug, control_clock, mail.box)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_people_who_do_not_connect_services_add_and_confirm_no_address(place: Place, role: Role) -> None:
    waiting = place.add()
    user, code = person(place.tenant, role), place.mailed_code()
    with pytest.raises(RefusedError, match="rights.not_found"):
        place.add("other@example.ru", role)
    with pytest.raises(RefusedError):
        service.confirm(place.house, user, place.tenant, waiting, code)
    with pytest.raises(RefusedError):
        service.attach_files(place.house, user, place.tenant, ["pdf"])
    assert len(place.box.taken) == 1


def test_an_owner_of_another_company_reaches_no_address(place: Place, tenant_b: Tenant) -> None:
    waiting, stranger = place.add(), person(tenant_b.slug, Role.OWNER)
    with pytest.raises(RefusedError):
        service.add(place.house, stranger, place.tenant, "other@example.ru")
    with pytest.raises(UserInputError):  # the id is not in the stranger's own company
        service.confirm(place.house, stranger, tenant_b.slug, waiting, place.mailed_code())
    assert service.listing(place.house, stranger, tenant_b.slug) == []


def test_an_address_gets_nothing_but_its_code_until_it_is_confirmed_by_it(place: Place) -> None:
    admin = person(place.tenant, Role.ADMIN)
    waiting = place.add("Irina@Example.ru")
    (item,) = service.listing(place.house, admin, place.tenant)
    assert (item.chat_id, item.enabled) == (ADDRESS, False)
    for deed in (destinations.confirm, destinations.send_test):
        with pytest.raises(RefusedError):
            deed(place.house, admin, place.tenant, waiting)
    code = place.mailed_code()
    assert place.confirm(waiting, code.lower())
    assert place.refusal(waiting, code) == "delivery.not_pending"
    assert destinations.send_test(place.house, admin, place.tenant, waiting).kind == "sent"
    with pytest.raises(RefusedError) as again:
        place.add()
    assert again.value.code == "email.already"
    actions = [event.action for event in tenant_events(place.house.control, place.tenant) if event.actor == "user:u1"]
    assert sorted(actions) == ["destination.confirmed", "destination.tested", "email.code_created"]


def test_the_code_is_stored_as_a_hash_alone(place: Place) -> None:
    place.add()
    with place.house.control.tenant(place.tenant) as connection:
        stored = str(connection.execute(email_code.select()).all())
    assert place.mailed_code().replace("-", "") not in stored


def test_guesses_are_few_and_an_old_code_is_void(place: Place) -> None:
    waiting = place.add()
    right = place.mailed_code()
    for _ in range(ATTEMPTS):
        assert place.refusal(waiting, "AAAA-AAAA") == "email.wrong_code"
    assert place.refusal(waiting, right) == "email.code_void"
    place.add()
    assert place.refusal(waiting, right) == "email.wrong_code"
    newest = place.mailed_code()
    place.clock.move(CODE_LIFETIME + timedelta(seconds=1))
    assert place.refusal(waiting, newest) == "email.code_expired"
    place.add()
    assert place.confirm(waiting, place.mailed_code())


def test_nobody_is_flooded_with_codes(place: Place) -> None:
    for _ in range(CODES_PER_HOUR):
        place.add()
    with pytest.raises(RefusedError) as refusal:
        place.add()
    assert refusal.value.code == "email.too_many_codes"
    assert len(place.box.taken) == CODES_PER_HOUR


def test_an_address_that_the_server_refuses_is_closed_and_a_bad_one_is_not_stored(place: Place) -> None:
    admin = person(place.tenant, Role.ADMIN)
    place.box.refused = {ADDRESS}
    with pytest.raises(RefusedError) as refusal:
        place.add()
    assert refusal.value.code == "email.code_not_sent"
    with pytest.raises(UserInputError):
        place.add("a@example.ru\nBcc: b@example.ru")
    assert [item.disabled_code for item in service.listing(place.house, admin, place.tenant)] == ["recipient_refused"]


def test_without_a_mail_server_no_address_is_added(place: Place, tenant_b: Tenant) -> None:
    owner = person(tenant_b.slug, Role.OWNER)
    assert not service.is_connected(place.house, owner, tenant_b.slug)
    with pytest.raises(IntegrationError) as refusal:
        service.add(place.house, owner, tenant_b.slug, ADDRESS)
    assert refusal.value.code == "email.not_connected"
    assert service.listing(place.house, owner, tenant_b.slug) == []


def test_an_administrator_chooses_the_files_that_follow_a_report(place: Place) -> None:
    admin = person(place.tenant, Role.ADMIN)
    assert service.attached_files(place.house, admin, place.tenant) == ()
    service.attach_files(place.house, admin, place.tenant, ["pdf", "xlsx"])
    assert service.attached_files(place.house, admin, place.tenant) == ("pdf", "xlsx")


def page() -> None:
    """The part of the page of chats that is about addresses and files."""
    import streamlit as st

    from synkro_app.cabinet.components.email_addresses import draw_addresses, draw_files

    draw_addresses(st.session_state["tenant"])
    draw_files(st.session_state["tenant"])


def test_an_administrator_adds_an_address_and_files_on_the_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = person(place.tenant, Role.ADMIN)
    for module in (deeds, email_addresses):
        monkeypatch.setattr(module, "viewer", lambda: admin)
        monkeypatch.setattr(module, "installation", lambda: place.house)
    app = AppTest.from_function(page)
    app.session_state["tenant"] = place.tenant
    app.run()
    app.text_input(key="address_new").input("ivan@").run()
    app.button(key="address_add").click().run()
    assert "Это не адрес почты" in app.error[0].value
    app.text_input(key="address_new").input(ADDRESS).run()
    app.button(key="address_add").click().run()
    assert "Код отправлен" in app.success[0].value
    (item,) = service.listing(place.house, admin, place.tenant)
    shown = [str(element.value) for kind in (app.success, app.caption, app.markdown) for element in kind]
    assert place.mailed_code() not in " ".join(shown)
    app.text_input(key=f"address_code_{item.destination_id}").input(place.mailed_code()).run()
    app.button(key=f"address_confirm_{item.destination_id}").click().run()
    assert "Адрес подтверждён" in app.success[0].value
    app.button(key=f"address_notices_{item.destination_id}").click().run()
    (item,) = service.listing(place.house, admin, place.tenant)
    assert (item.enabled, item.for_admins) == (True, True)
    app.button_group(key="attached_files").set_value(["pdf"]).run()
    assert service.attached_files(place.house, admin, place.tenant) == ("pdf",)
    assert not app.exception
