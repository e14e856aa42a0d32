"""The amoCRM reader against the invented amoCRM, over real sockets, with its known misbehaviour switched on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr

from synkro_assets.crm import extract
from synkro_resources.amocrm import AmocrmClient
from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, TransientError
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.amocrm.app import amocrm_app
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches, Fault
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = "sandbox-token"
WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 6), date(2026, 11, 19))


@dataclass
class Sandbox:
    url: str
    world: World
    switches: AmocrmSwitches

    def client(self, *, polite: bool = False, token: str = TOKEN) -> AmocrmClient:
        return AmocrmClient(
            self.url,
            SecretStr(token),
            tenant="demo",
            clock=FixedClock(END + timedelta(minutes=1)),
            allow_sandbox=True,
            retry=RetryPolicy(first_s=0.01, longest_s=0.02, retry_after_cap_s=0.02),
            limiter=None if polite else TokenBucket(10_000),
            breaker=CircuitBreaker(),
        )


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    switches = AmocrmSwitches(rate_limit=False)
    world = build_world(7, END, days=40)
    app = amocrm_app(world.amocrm, clock=FixedClock(END + timedelta(minutes=1)), token=TOKEN, state=switches)
    with serve(app) as url:
        yield Sandbox(url, world, switches)


def planted_leads(world: World) -> dict[int, int]:
    end = int(WINDOW.end.timestamp())
    return {key: int(row["updated_at"]) for key, row in world.amocrm.leads.items() if int(row["updated_at"]) < end}


def read_versions(client: AmocrmClient) -> dict[int, int]:
    table = extract.read_entities(client, "leads", WINDOW, first_load=True).table
    times = [int(instant.timestamp()) for instant in table.column("source_updated_at").to_pylist() if instant]
    return dict(zip([int(str(key)) for key in table.column("id").to_pylist()], times, strict=True))


def test_the_whole_account_arrives(sandbox: Sandbox) -> None:
    account = sandbox.world.amocrm
    with sandbox.client() as client:
        assert read_versions(client) == planted_leads(sandbox.world)
        assert extract.read_account(client, WINDOW).table.num_rows == 1
        assert extract.read_users(client, WINDOW).table.num_rows == len(account.users)
        assert extract.read_pipelines(client, WINDOW).table.num_rows == len(account.pipelines)
        assert extract.read_loss_reasons(client, WINDOW).table.num_rows == len(account.loss_reasons)
        contacts = extract.read_entities(client, "contacts", WINDOW, first_load=True)
        assert contacts.quarantined == []
        planted = [row for row in account.contacts.values() if int(row["updated_at"]) < WINDOW.end.timestamp()]
        assert contacts.table.num_rows == len(planted)
        notes = extract.read_call_notes(client, WINDOW, first_load=True)
        calls = {
            row["id"]
            for rows in account.notes.values()
            for row in rows
            if row["note_type"] in ("call_in", "call_out") and int(row["updated_at"]) < WINDOW.end.timestamp()
        }
        assert set(notes.table.column("id").to_pylist()) == calls
        events = extract.read_events(client, WINDOW)
        wanted = {
            row["id"]
            for row in account.events
            if row["type"] in (*extract.HISTORY_EVENTS, *extract.CHAT_EVENTS)
            and WINDOW.start.timestamp() <= int(row["created_at"]) < WINDOW.end.timestamp()
        }
        assert set(events.table.column("event_id").to_pylist()) == wanted
        assert wanted


def test_the_same_account_read_twice_gives_the_same_bytes(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        first = extract.read_entities(client, "leads", WINDOW, first_load=True)
        assert extract.read_entities(client, "leads", WINDOW, first_load=True).table.equals(first.table)


@pytest.mark.parametrize("switch", ["next_leads_to_204", "without_links", "foreign_next_host", "filters_off"])
def test_each_known_oddity_of_lists_leaves_the_same_rows(sandbox: Sandbox, switch: str) -> None:
    setattr(sandbox.switches, switch, True)
    with sandbox.client() as client:
        assert read_versions(client) == planted_leads(sandbox.world)


@pytest.mark.parametrize("limit", [50, 100, 250])
def test_events_are_complete_whatever_the_page_size_of_the_day(sandbox: Sandbox, limit: int) -> None:
    sandbox.switches.events_limit = 50 if limit == 50 else 100 if limit == 100 else 250
    with sandbox.client() as client:
        found = [row["id"] for row in client.events(None, END, ())]
    wanted = [row["id"] for row in sandbox.world.amocrm.events if int(row["created_at"]) < END.timestamp()]
    assert len(found) == len(set(map(str, found)))
    assert set(map(str, found)) == set(map(str, wanted))


@pytest.mark.parametrize(
    "fault", ["429_empty", "429_html", "429_json", "200_html", "502_html", "504_html", "cut", "reset"]
)
def test_a_passing_fault_costs_a_retry_and_no_row(sandbox: Sandbox, fault: Fault) -> None:
    sandbox.switches.faults = [fault]
    with sandbox.client() as client:
        assert read_versions(client) == planted_leads(sandbox.world)
        assert client.counters.retries == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("429_html", "amocrm.rate_limited"),
        ("200_html", "amocrm.bad_answer"),
        ("502_html", "amocrm.unavailable"),
        ("504_html", "amocrm.overloaded"),
        ("cut", "amocrm.bad_answer"),
        ("reset", "amocrm.unreachable"),
    ],
)
def test_a_lasting_fault_is_a_failure_and_never_an_empty_account(sandbox: Sandbox, fault: Fault, code: str) -> None:
    sandbox.switches.always = fault
    with sandbox.client() as client, pytest.raises(TransientError) as caught:
        read_versions(client)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("fault", "code"),
    [("402", "amocrm.payment_required"), ("403_json", "amocrm.forbidden"), ("403_html", "amocrm.blocked")],
)
def test_a_refusal_asks_for_a_person_at_once(sandbox: Sandbox, fault: Fault, code: str) -> None:
    sandbox.switches.always = fault
    with sandbox.client() as client, pytest.raises(IntegrationError) as caught:
        read_versions(client)
    assert caught.value.code == code
    assert client.counters.requests == 1


def test_a_wrong_token_is_explained(sandbox: Sandbox) -> None:
    with sandbox.client(token="wrong") as client, pytest.raises(IntegrationError) as caught:
        client.account()
    assert caught.value.code == "amocrm.token_refused"
    assert "wrong" not in str(caught.value)


def test_the_polite_pace_causes_no_refusal(sandbox: Sandbox) -> None:
    sandbox.switches.rate_limit = True
    with sandbox.client(polite=True) as client:
        for _ in range(12):
            client.account()
        assert client.counters.retries == 0
        assert client.counters.waits_s > 0


def test_deals_edited_while_being_read_are_not_lost(sandbox: Sandbox) -> None:
    """An editor touches deals as fast as it can; what it leaves alone must arrive, every time and once."""
    world, stop = sandbox.world, threading.Event()
    leads = sorted(world.amocrm.leads, key=lambda key: int(world.amocrm.leads[key]["updated_at"]))
    touched = leads[: len(leads) // 3]
    untouched = {key: version for key, version in planted_leads(world).items() if key not in touched}

    def edit() -> None:
        for key in touched:
            if stop.wait(0.002):
                return
            world.amocrm.leads[key]["updated_at"] = int(END.timestamp())

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        for _ in range(5):
            with sandbox.client() as client:
                found = read_versions(client)
            assert untouched.items() <= found.items()
    finally:
        stop.set()
        editor.join()
