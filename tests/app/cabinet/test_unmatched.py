"""The worklist of dialogs that the CRM does not know: who sees it, what is hidden, and what a link by hand does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.pages import dialogs as page
from synkro_app.cabinet.services import unmatched
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.ids import Role
from synkro_resources.model.period import Period
from synkro_resources.model.tables.crm import CONTACT
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE
from synkro_resources.settings import Settings
from tests.app.labelled_dialogs import CompanyDay, write_rows

DAY = date(2026, 11, 19)
PERIOD = Period.day(DAY)
WHO_LINKS = (Role.OWNER, Role.ADMIN, Role.ANALYST)
CLIENT = "Пётр · @petr · +79000000011"


def person(tenant: str, role: Role, *, reads: bool = True, language: str = "ru") -> SessionUser:
    member = Membership(tenant, role, None, can_read_texts=reads)
    return SessionUser("u1", "u1@example.com", "", language, "s1", (member,), tenant, role, is_operator=False)


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tenant_a: Tenant, tmp_path: Path) -> Installation:
    """Dialog 11 has a contact; 12 and 13 have none, 13 spoke last."""
    lake, made = Lake(str(tmp_path)), CompanyDay(tenant_a, DAY)
    episodes = [
        made.episode("11:m1", 10, contact_id=7),
        made.episode("12:m1", 11),
        made.episode("13:m1", 12),
    ]
    write_rows(lake, EPISODE, tenant_a, DAY, episodes)
    named = {"name": "Пётр", "username": "petr", "phone_norm": "79000000011"}
    rows: list[dict[str, object]] = [
        {"dialog_id": number, "channel": "whatsapp", "is_group": False, "source_updated_at": made.at(20), **named}
        for number in (11, 12, 13)
    ]
    write_rows(lake, DIALOG, tenant_a, DAY, rows)
    contact: dict[str, object] = {"contact_id": 7, "is_deleted": False, "source_updated_at": made.at(20)}
    write_rows(lake, CONTACT, tenant_a, DAY, [contact])
    return Installation(Settings.load(lake_url=str(tmp_path)), control_db, control_clock)


def test_a_linked_dialog_leaves_the_list_and_the_record_names_who_linked_it(
    place: Installation, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    slug, owner = tenant_a.slug, person(tenant_a.slug, Role.OWNER)
    found = unmatched.worklist(place, owner, slug, PERIOD)
    assert [(item.dialog_id, item.client) for item in found.dialogs] == [(13, CLIENT), (12, CLIENT)]
    for stranger, tenant in ((person(slug, Role.VIEWER), slug), (person(tenant_b.slug, Role.OWNER), slug)):
        with pytest.raises(RefusedError):
            unmatched.worklist(place, stranger, tenant, PERIOD)
        with pytest.raises(RefusedError):
            unmatched.link(place, stranger, tenant, 13, 7)
    with pytest.raises(UserInputError, match=r"contact\.unknown"):
        unmatched.link(place, owner, slug, 13, 8)
    unmatched.link(place, owner, slug, 13, 7)
    assert [item.dialog_id for item in unmatched.worklist(place, owner, slug, PERIOD).dialogs] == [12]
    (event,) = [event for event in tenant_events(place.control, slug) if event.action == "dialog.link"]
    assert (event.actor, event.target) == ("user:u1", "13")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, place: Installation, tenant_a: Tenant) -> dict[str, SessionUser]:
    """The page as it is drawn for a person."""
    who = {"user": person(tenant_a.slug, Role.OWNER)}
    for module in (page, deeds):
        monkeypatch.setattr(module, "viewer", lambda: who["user"])
        monkeypatch.setattr(module, "installation", lambda: place)
    return who


def drawn() -> AppTest:
    def script() -> None:
        from synkro_app.cabinet.pages.dialogs import draw

        draw()

    app = AppTest.from_function(script)
    app.session_state["dialogs_unmatched"] = True
    return app.run()


def test_the_page_hides_clients_from_those_who_may_not_read_and_links_by_number(
    tenant_a: Tenant, shown: dict[str, SessionUser]
) -> None:
    for role in Role:
        for language in ("ru", "en"):
            shown["user"] = person(tenant_a.slug, role, reads=False, language=language)
            app = drawn()
            assert not app.exception
            assert "Пётр" not in str([item.value for item in app.markdown])
            offered = any(str(button.key).startswith("link_") for button in app.button)
            assert offered == (role in WHO_LINKS)
    shown["user"] = person(tenant_a.slug, Role.ANALYST)
    app = drawn()
    assert "Пётр" in str([item.value for item in app.markdown])
    app.text_input(key="unmatched_contact_12").set_value("https://example.amocrm.ru/contacts/detail/7")
    app.button(key="link_12").click().run()
    assert not app.exception
    assert "связан с контактом" in app.success[0].value
    assert {str(button.key) for button in app.button if str(button.key).startswith("link_")} == {"link_13"}
