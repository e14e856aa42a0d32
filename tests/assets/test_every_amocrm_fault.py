"""Whatever amoCRM does, a load ends with exactly the rows there are, or stops with words and loses nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr

from synkro_resources.amocrm import AmocrmClient
from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, PermanentError, SynkroError, TransientError
from synkro_resources.model.tables.raw import (
    AMOCRM_COMPANIES,
    AMOCRM_CONTACTS,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_USERS,
)
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches, Fault
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from tests.assets.source_loads import CRM_TABLES, LakeCopy, load_amocrm, seconds
from tests.grids import in_turn
from tests.resources.sandbox.faults import Served, amocrm_sandbox

pytestmark = pytest.mark.xdist_group("amocrm-faults")

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 12), date(2026, 11, 16))
WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 17), date(2026, 11, 20))
ENTITIES = {"leads": AMOCRM_LEADS, "contacts": AMOCRM_CONTACTS, "companies": AMOCRM_COMPANIES}

REFUSED, AGAIN, WRONG = IntegrationError, TransientError, PermanentError
FAULTS: dict[Fault, tuple[str, type[SynkroError]] | None] = {
    "401": ("amocrm.token_refused", REFUSED),
    "402": ("amocrm.payment_required", REFUSED),
    "403_json": ("amocrm.forbidden", REFUSED),
    "403_html": ("amocrm.blocked", REFUSED),
    "404": ("amocrm.not_found", REFUSED),
    "429_empty": ("amocrm.rate_limited", AGAIN),
    "429_text": ("amocrm.rate_limited", AGAIN),
    "429_html": ("amocrm.rate_limited", AGAIN),
    "429_json": ("amocrm.rate_limited", AGAIN),
    "200_html": ("amocrm.bad_answer", AGAIN),
    "500": ("amocrm.unavailable", AGAIN),
    "502_html": ("amocrm.unavailable", AGAIN),
    "503_html": ("amocrm.unavailable", AGAIN),
    "504_html": ("amocrm.overloaded", AGAIN),
    "redirect": ("amocrm.redirected", REFUSED),
    "oversized": ("amocrm.answer_too_large", WRONG),
    "cut": ("amocrm.bad_answer", AGAIN),
    "bad_utf8": ("amocrm.bad_answer", AGAIN),
    "slow": None,
    "reset": ("amocrm.unreachable", AGAIN),
    "reset_body": ("amocrm.unreachable", AGAIN),
}
"""What a load ends with while every request meets the fault; None: with all rows."""

DEALS = "source"
"""Only the list of deals asks for `with=…,source`."""

STOPS: dict[str, tuple[dict[str, object], str]] = {
    "blocked": ({"blocked": True}, "amocrm.blocked"),
    "consent_revoked": ({"consent_revoked": True}, "amocrm.token_refused"),
    "renamed_to": ({"renamed_to": "another"}, "amocrm.not_found"),
    "renamed_answer": ({"renamed_to": "another", "renamed_answer": 401}, "amocrm.token_refused"),
}
EXACT: dict[str, dict[str, object]] = {
    "latency_s": {"latency_s": 0.005},
    "access_expired": {"access_expired": True},
    "require_user_agent": {"require_user_agent": True},
    "next_leads_to_204": {"next_leads_to_204": True},
    "without_links": {"without_links": True},
    "foreign_next_host": {"foreign_next_host": True},
    "foreign_host": {"foreign_next_host": True, "foreign_host": "https://evil.example"},
    "limit_clamp": {"limit_clamp": 250},
    "events_limit": {"events_limit": 50},
    "heavy_page_rows": {"heavy_page_rows": 40},
    "page_unsure_lists": {"page_unsure_lists": True},
    "default_descending": {"default_descending": True},
    "filters_off": {"filters_off": True},
    "bounds_exclusive": {"bounds_exclusive": True},
    "trash_ignores_filters": {"trash_ignores_filters": True},
    "invoices_settings_embedded": {"invoices_settings_embedded": True},
    "empty_chats": {"empty_chats": "list"},
}
FEWER: dict[str, dict[str, object]] = {
    "not_admin": {"not_admin": True},
    "rights_hide_every": {"rights_hide_every": 7},
    "loss_reasons_off": {"loss_reasons_off": True},
    "hide_unsorted_leads": {"hide_unsorted_leads": True},
    "hide_archived_pipelines": {"hide_archived_pipelines": True},
    "events_delay_s": {"events_delay_s": 3600},
}
"""The vendor does not show everything: what it shows is stored, and the next load without the switch adds the rest."""

ELSEWHERE = {
    # how the faults above are aimed and what they look like
    *("faults", "faults_on", "always", "fault_every", "redirect_to", "drip_bytes", "drip_every_s", "oversized_bytes"),
    # pace: tests/resources/amocrm/test_amocrm_over_sockets.py, tests/resources/control/test_rates.py
    *("rate_limit", "requests_per_second", "rate_key", "rate_limit_answer", "block_after"),
    *("retry_after_s", "retry_after_header"),
    # consent and tokens: tests/resources/amocrm/test_oauth.py and its neighbours
    *("consent_refused", "kill_refresh_after_issue", "bad_code_status", "api_domain"),
    # what edits leave behind: tests/assets/test_moving_deals.py
    *("edits_while_paging", "merge_event_names_loser", "merge_also_deletes", "merge_touches_leads"),
    *("notes_touch_entity", "restore_keeps_updated_at", "reopening_keeps_closed_at"),
}


@dataclass
class Place:
    world: World
    sandbox: Served[AmocrmSwitches]
    before: LakeCopy
    """A first load of the days before."""
    expected: dict[str, dict[tuple[object, ...], str]]
    """Everything that is stored when the next days are loaded without any fault."""

    def client(self) -> AmocrmClient:
        return AmocrmClient(
            self.sandbox.url,
            SecretStr(self.sandbox.secret),
            tenant="demo",
            clock=FixedClock(END + timedelta(minutes=1)),
            allow_sandbox=True,
            retry=RetryPolicy(first_s=0.001, longest_s=0.002, retry_after_cap_s=0.002),
            limiter=TokenBucket(100_000),
            breaker=CircuitBreaker(),
        )

    def load(self, place: LakeCopy, window: TenantWindow) -> None:
        with self.client() as client:
            load_amocrm(client, place, window)

    def reset(self) -> None:
        fresh = AmocrmSwitches(rate_limit=False, oversized_bytes=65 * 1024 * 1024, drip_bytes=200_000)
        for field in dataclasses.fields(fresh):
            setattr(self.sandbox.switches, field.name, getattr(fresh, field.name))
        self.sandbox.oddities.clear()
        self.sandbox.log.clear()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("faults")
    world = build_world(7, END, days=10)
    with amocrm_sandbox(world, clock=FixedClock(END + timedelta(minutes=1))) as sandbox:
        place = Place(world, sandbox, LakeCopy.new(folder / "before"), {})
        place.reset()
        place.load(place.before, BEFORE)
        whole = place.before.copy(folder / "whole")
        place.load(whole, WINDOW)
        place.expected = whole.everything(CRM_TABLES)
        yield place


@pytest.fixture
def place(loaded: Place) -> Iterator[Place]:
    loaded.reset()
    yield loaded
    assert loaded.sandbox.oddities == [], "the reader asked for what no document names"
    assert {entry.method for entry in loaded.sandbox.log.entries} <= {"GET"}


def test_the_undisturbed_loads_hold_exactly_what_was_planted(place: Place) -> None:
    account = place.world.amocrm
    planted = {"leads": account.leads, "contacts": account.contacts, "companies": account.companies}
    for kind, rows in planted.items():
        stored = {key[0] for key in place.expected[ENTITIES[kind].name]}
        assert stored == set(rows), kind
    events = {key[0] for key in place.expected[AMOCRM_EVENTS.name]}
    assert events <= {row["id"] for row in account.events}
    assert len(events) > 100
    assert len(place.expected["amocrm/talks"]) > 5
    newest = {key: seconds(row) for key, row in account.leads.items()}
    assert sum(at >= BEFORE.start for at in newest.values()) > 20


def test_every_switch_has_an_expectation() -> None:
    named = {*STOPS, *EXACT, *FEWER, *ELSEWHERE}
    assert named == {field.name for field in dataclasses.fields(AmocrmSwitches)}
    assert set(FAULTS) == set(get_args(Fault))


def assert_nothing_was_lost(place: Place, spoiled: LakeCopy) -> None:
    """The rows of before are all there, and a load without the fault completes the rest."""
    before = place.before.everything(CRM_TABLES)
    for name, rows in spoiled.everything(CRM_TABLES).items():
        assert rows.keys() >= before[name].keys(), name
    place.reset()
    place.load(spoiled, WINDOW)
    assert spoiled.everything(CRM_TABLES) == place.expected


def assert_explained(error: SynkroError, code: str, kind: type[SynkroError]) -> None:
    assert (error.code, isinstance(error, kind)) == (code, True)
    assert error.tenant == "demo"
    assert error.integration == "amocrm"
    assert all((error.what.ru, error.what.en, error.remedy.ru, error.remedy.en))


@pytest.mark.parametrize("fault", get_args(Fault))
def test_a_fault_that_stays_stops_the_load_with_words_and_loses_nothing(
    place: Place, tmp_path: Path, fault: Fault
) -> None:
    spoiled, expected = place.before.copy(tmp_path / "lake"), FAULTS[fault]
    place.sandbox.set(always=fault)
    if expected is None:
        place.load(spoiled, WINDOW)
    else:
        with pytest.raises(SynkroError) as stopped:
            place.load(spoiled, WINDOW)
        assert_explained(stopped.value, *expected)
    assert_nothing_was_lost(place, spoiled)


@pytest.mark.parametrize(("fault", "path"), in_turn(get_args(Fault), (DEALS, "/api/v4/events", "/api/v4/account")))
def test_a_fault_in_the_middle_is_overcome_or_stops_the_load_and_loses_nothing(
    place: Place, tmp_path: Path, fault: Fault, path: str
) -> None:
    spoiled, expected = place.before.copy(tmp_path / "lake"), FAULTS[fault]
    place.sandbox.set(faults_on={path: [fault]})
    if expected is None or expected[1] is AGAIN:
        place.load(spoiled, WINDOW)
        assert spoiled.everything(CRM_TABLES) == place.expected
    else:
        with pytest.raises(SynkroError) as stopped:
            place.load(spoiled, WINDOW)
        assert_explained(stopped.value, *expected)
        assert_nothing_was_lost(place, spoiled)


@pytest.mark.parametrize("fault", [name for name, found in FAULTS.items() if found is not None and found[1] is AGAIN])
def test_a_fault_at_every_third_request_leaves_exactly_the_same_rows(
    place: Place, tmp_path: Path, fault: Fault
) -> None:
    spoiled = place.before.copy(tmp_path / "lake")
    place.sandbox.set(always=fault, fault_every=3)
    place.load(spoiled, WINDOW)
    assert spoiled.everything(CRM_TABLES) == place.expected


@pytest.mark.parametrize("switch", STOPS)
def test_a_closed_account_stops_the_load_with_words_and_loses_nothing(
    place: Place, tmp_path: Path, switch: str
) -> None:
    values, code = STOPS[switch]
    spoiled = place.before.copy(tmp_path / "lake")
    place.sandbox.set(**values)
    with pytest.raises(SynkroError) as stopped:
        place.load(spoiled, WINDOW)
    assert_explained(stopped.value, code, REFUSED)
    assert_nothing_was_lost(place, spoiled)


@pytest.mark.parametrize("switch", EXACT)
def test_an_oddity_leaves_exactly_the_same_rows(place: Place, tmp_path: Path, switch: str) -> None:
    odd = place.before.copy(tmp_path / "lake")
    place.sandbox.set(**EXACT[switch])
    place.load(odd, WINDOW)
    account = "amocrm/account"  # its own odd forms are kept as they came
    found = odd.everything(CRM_TABLES)
    assert {name: rows for name, rows in found.items() if name != account} == {
        name: rows for name, rows in place.expected.items() if name != account
    }


@pytest.mark.parametrize("switch", FEWER)
def test_what_is_hidden_for_a_while_deletes_nothing_and_arrives_later(
    place: Place, tmp_path: Path, switch: str
) -> None:
    odd = place.before.copy(tmp_path / "lake")
    place.sandbox.set(**FEWER[switch])
    place.load(odd, WINDOW)
    for name, rows in odd.everything(CRM_TABLES).items():
        assert rows.keys() <= place.expected[name].keys(), name
    assert odd.rows(AMOCRM_USERS)
    assert_nothing_was_lost(place, odd)
