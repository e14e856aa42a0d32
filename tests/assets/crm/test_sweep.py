"""The sweep over real sockets: what events and windows missed is found, and nothing is called gone too early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from pydantic import SecretStr

from synkro_assets.crm.sweep import (
    SUSPICIOUS_FROM,
    SweepCounts,
    SweepState,
    compare_lists,
    found_rows,
    gone_entities,
    nothing_swept,
)
from synkro_resources.amocrm import AmocrmClient, EntityType
from synkro_resources.http import RetryPolicy, TokenBucket
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.tables.raw import AMOCRM_SWEEP
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.amocrm import AmocrmSwitches, amocrm_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import AmocrmAccount

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 18), date(2026, 11, 20))
NIGHT = timedelta(hours=24)


@dataclass
class Place:
    account: AmocrmAccount
    client: AmocrmClient

    def stored(self) -> dict[EntityType, dict[int, datetime]]:
        """What a complete load would have stored."""
        rows: Mapping[EntityType, Mapping[int, Mapping[str, int]]] = {
            "leads": self.account.leads,
            "contacts": self.account.contacts,
            "companies": self.account.companies,
        }
        return {
            kind: {key: datetime.fromtimestamp(row["updated_at"], UTC) for key, row in found.items()}
            for kind, found in rows.items()
        }

    def sweep(
        self, known: dict[EntityType, dict[int, datetime]], before: pa.Table, at: datetime
    ) -> tuple[pa.Table, SweepCounts]:
        extraction, counts = compare_lists(self.client, known, SweepState.of(before), WINDOW, at)
        return extraction.table, counts


@pytest.fixture
def place() -> Iterator[Place]:
    world = build_world(7, END, days=40)
    clock = FixedClock(END + timedelta(minutes=1))
    app = amocrm_app(world.amocrm, clock=clock, token="t", state=AmocrmSwitches(rate_limit=False))
    with serve(app) as url:
        client = AmocrmClient(
            url,
            SecretStr("t"),
            tenant="demo",
            clock=clock,
            allow_sandbox=True,
            retry=RetryPolicy(first_s=0.01),
            limiter=TokenBucket(10_000),
        )
        with client:
            yield Place(world.amocrm, client)


def states(rows: pa.Table) -> dict[tuple[str, int], str]:
    return {(row["entity_type"], row["id"]): row["state"] for row in rows.to_pylist() if row["id"] != 0}


NOTHING = AMOCRM_SWEEP.empty()


def test_what_is_all_there_leaves_nothing_but_the_note_that_it_was_compared(place: Place) -> None:
    rows, counts = place.sweep(place.stored(), NOTHING, END)
    assert states(rows) == {}
    assert SweepState.of(rows).swept_at == {"leads": END, "contacts": END, "companies": END}
    assert counts.listed == sum(len(found) for found in place.stored().values())


def test_a_deal_is_gone_only_after_two_sweeps_and_the_answer_nothing(place: Place) -> None:
    known = place.stored()
    victim, hidden = sorted(place.account.leads)[:2]
    del place.account.leads[victim]
    first, _ = place.sweep(known, NOTHING, END)
    assert states(first) == {("leads", victim): "missing"}
    assert list(gone_entities(first)) == []
    second, counts = place.sweep(known, first, END + NIGHT)
    assert states(second) == {("leads", victim): "gone"}
    assert list(gone_entities(second)) == [(("leads", victim), END + NIGHT)]
    assert counts.gone == 1
    assert hidden in known["leads"]


def test_a_deal_that_was_only_hidden_by_a_shift_of_pages_stays(place: Place) -> None:
    known = place.stored()
    hidden = min(place.account.leads)
    row = place.account.leads.pop(hidden)
    first, _ = place.sweep(known, NOTHING, END)
    place.account.leads[hidden] = row
    second, _ = place.sweep(known, first, END + NIGHT)
    assert states(second) == {("leads", hidden): "present"}


def test_a_deal_that_no_list_shows_but_that_answers_by_id_is_not_gone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = place.stored()
    hidden = min(place.account.leads)
    every = AmocrmClient.every

    def without_hidden(client: AmocrmClient, kind: EntityType) -> Iterator[dict[str, object]]:
        return (row for row in every(client, kind) if kind != "leads" or row["id"] != hidden)

    monkeypatch.setattr(AmocrmClient, "every", without_hidden)
    first, _ = place.sweep(known, NOTHING, END)
    second, _ = place.sweep(known, first, END + NIGHT)
    assert states(second) == {("leads", hidden): "found"}


def test_deals_and_contacts_that_were_never_stored_or_changed_unseen_are_taken_over(place: Place) -> None:
    known = place.stored()
    old = [key for key, at in known["leads"].items() if at < WINDOW.start]
    missed, outdated = old[0], old[1]
    del known["leads"][missed]
    known["leads"][outdated] -= timedelta(days=1)
    rows, counts = place.sweep(known, NOTHING, END)
    assert states(rows) == {("leads", missed): "found", ("leads", outdated): "found"}
    taken = {identity: (at, raw) for identity, at, raw in found_rows(rows, "leads")}
    assert {key: int(at.timestamp()) for key, (at, _) in taken.items()} == {
        key: place.account.leads[key]["updated_at"] for key in (missed, outdated)
    }
    assert f'"id":{missed}' in taken[missed][1]
    assert list(found_rows(rows, "contacts")) == []
    assert counts.found == 2


def test_rights_that_were_cut_delete_nothing(place: Place) -> None:
    known = place.stored()
    while len(known["leads"]) < 2 * SUSPICIOUS_FROM:
        known["leads"][max(known["leads"]) + 1] = WINDOW.start
    for key in list(place.account.leads):
        del place.account.leads[key]
    first, counts = place.sweep(known, NOTHING, END)
    assert counts.suspicious == ["leads"]
    assert states(first) == {}


def test_a_sweep_is_due_at_first_then_after_its_hours_and_never_when_switched_off() -> None:
    state = SweepState.of(nothing_swept(WINDOW, swept_at=END).table)
    assert not state.is_due(END + timedelta(hours=19), 20)
    assert state.is_due(END + timedelta(hours=20), 20)
    assert SweepState.of(NOTHING).is_due(END, 20)
    assert not SweepState.of(NOTHING).is_due(END, 0)
    assert SweepState.of(nothing_swept(WINDOW).table).swept_at == {}
