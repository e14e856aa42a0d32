"""The invented amoCRM on a socket for one test, with an account small enough to be known by heart."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.amocrm import AccountEditor, AccountExtras, AmocrmSwitches, OauthClient, amocrm_app
from synkro_resources.sandbox.amocrm.oauth import Tokens
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.switches import set_switches
from synkro_resources.sandbox.world import directory
from synkro_resources.sandbox.world.model import AmocrmAccount

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = int(END.timestamp())
TOKEN = "sandbox-token"
MOUNT = "/amocrm/demo"
CLIENT = OauthClient()
AGENT = "synkro-tests/1.0 (+https://synkro.example)"
MAIN, REPEAT = directory.MAIN_PIPELINE, directory.REPEAT_PIPELINE
INCOMING, FIRST, SECOND = directory.UNSORTED.status_id, *(stage.status_id for stage in directory.MAIN_STAGES[:2])


@dataclass
class Running:
    """What a test holds: the client's side and the account's."""

    http: httpx.Client
    account: AmocrmAccount
    switches: AmocrmSwitches
    clock: FixedClock
    app: Starlette

    @property
    def log(self) -> RequestJournal:
        return self.app.state.log

    @property
    def editor(self) -> AccountEditor:
        return self.app.state.editor

    @property
    def tokens(self) -> Tokens:
        return self.app.state.tokens

    @property
    def oddities(self) -> list[str]:
        return self.app.state.oddities

    def set(self, **values: object) -> None:
        """As the control API sets switches."""
        set_switches(self.switches, values)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"{MOUNT}/api/v4{path}", headers=headers)

    def rows(self, path: str, collection: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        assert answer.status_code in (200, 204), (answer.status_code, answer.text)
        return [] if answer.status_code == 204 else answer.json()["_embedded"][collection]

    def ids(self, path: str, collection: str) -> list[Any]:
        return [row["id"] for row in self.rows(path, collection)]

    def ask_tokens(self, **body: str) -> httpx.Response:
        known = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret}
        return self.http.post(
            f"{MOUNT}/oauth2/access_token", json={**known, "redirect_uri": CLIENT.redirect_uri, **body}
        )


@contextmanager
def running(account: AmocrmAccount, *, extras: AccountExtras | None = None, **switches: Any) -> Generator[Running]:
    state, clock = AmocrmSwitches(**{"rate_limit": False, **switches}), FixedClock(END)
    app = amocrm_app(account, clock=clock, token=TOKEN, state=state, extras=extras)
    headers = {"Authorization": f"Bearer {TOKEN}", "User-Agent": AGENT}
    with (
        serve(Starlette(routes=[Mount(MOUNT, app)])) as url,
        httpx.Client(base_url=url, headers=headers, timeout=10) as http,
    ):
        yield Running(http, account, state, clock, app)


def small_account(leads: int = 12, contacts: int = 4) -> AmocrmAccount:
    """`leads` deals one minute apart, the last edited a minute ago; the n-th belongs to contact n % `contacts`."""
    account = AmocrmAccount(
        account=copy.deepcopy(directory.account("demo", END.date())),
        users=directory.users(),
        pipelines=directory.pipelines(),
        loss_reasons=[directory.loss_reason(reason, END.date()) for reason in directory.LOSS_REASONS],
        custom_fields=directory.custom_fields(),
        leads={},
        deleted_leads={},
        contacts={},
        companies={},
        events=[],
        notes={"leads": [], "contacts": [], "companies": []},
        tasks=[],
    )
    for number in range(contacts):
        account.contacts[200 + number] = _contact(200 + number, NOW - 86_400 - number)
    for number in range(leads):
        at = NOW - 60 * (leads - number)
        lead = _lead(100 + number, at, 200 + number % contacts)
        account.leads[lead["id"]] = lead
        account.contacts[200 + number % contacts]["_embedded"]["leads"].append({"id": lead["id"]})
        account.events.append(event(number, "lead_added", "lead", lead["id"], at))
    return account


def event(number: int, kind: str, entity: str, entity_id: int, at: int, **embedded: Any) -> dict[str, Any]:
    return {
        "id": f"01{number:024d}",
        "type": kind,
        "entity_id": entity_id,
        "entity_type": entity,
        "created_by": 0,
        "created_at": at,
        "value_after": [],
        "value_before": [],
        "account_id": directory.ACCOUNT_ID,
        "_embedded": {"entity": {"id": entity_id, **embedded}},
    }


def _lead(lead_id: int, at: int, contact_id: int) -> dict[str, Any]:
    return {
        "id": lead_id,
        "name": f"Сделка #{lead_id}",
        "price": 1000,
        "responsible_user_id": directory.ADMIN,
        "group_id": 0,
        "status_id": FIRST,
        "pipeline_id": MAIN,
        "loss_reason_id": None,
        "source_id": None,
        "created_by": 0,
        "updated_by": 0,
        "created_at": at,
        "updated_at": at,
        "closed_at": None,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": None,
        "score": None,
        "account_id": directory.ACCOUNT_ID,
        "_embedded": {
            "tags": [],
            "companies": [],
            "contacts": [{"id": contact_id, "is_main": True}],
            "loss_reason": [],
            "catalog_elements": [],
        },
    }


def _contact(contact_id: int, at: int) -> dict[str, Any]:
    phone = {"value": f"+7 900 000 {contact_id}", "enum_id": 430001, "enum_code": "WORK"}
    return {
        "id": contact_id,
        "name": f"Контакт {contact_id}",
        "first_name": "Контакт",
        "last_name": str(contact_id),
        "responsible_user_id": directory.ADMIN,
        "group_id": 0,
        "created_by": 0,
        "updated_by": 0,
        "created_at": at,
        "updated_at": at,
        "closest_task_at": None,
        "is_deleted": False,
        "is_unsorted": False,
        "custom_fields_values": [
            directory.field_value(directory.PHONE_FIELD, "Телефон", "multitext", [phone], "PHONE"),
        ],
        "account_id": directory.ACCOUNT_ID,
        "_embedded": {
            "tags": [],
            "leads": [],
            "customers": [],
            "catalog_elements": [],
            "social_profiles": [],
            "companies": [],
        },
    }
