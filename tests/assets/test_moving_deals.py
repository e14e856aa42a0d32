"""Managers work while Synkro reads: no deal is lost, none is stored twice, and what is gone is known to be gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import orjson
import pytest
from pydantic import SecretStr

from synkro_resources.amocrm import AmocrmClient
from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.model.tables.raw import AMOCRM_CONTACTS, AMOCRM_DELETED, AMOCRM_LEADS
from synkro_resources.model.tables.schema import Table
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.amocrm.editing import AccountEditor, EditError
from synkro_resources.sandbox.amocrm.switches import AmocrmSwitches
from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World
from tests.assets.source_loads import CRM_TABLES, TENANT, LakeCopy, load_amocrm
from tests.resources.sandbox.faults import Served, amocrm_sandbox

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("moving-deals")]

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = TenantWindow(TENANT, "Asia/Yekaterinburg", date(2026, 11, 17), date(2026, 11, 20))
SMALL_PAGES = 50
"""Larger pages are refused, so that every list has several."""

VARIANTS: dict[str, dict[str, object]] = {
    "as documented": {},
    "rows touched after every page": {"edits_while_paging": 2},
    "a merge names the loser": {"merge_event_names_loser": True},
    "a merge also deletes": {"merge_also_deletes": True},
    "a merge touches the deals of contacts": {"merge_touches_leads": True},
    "a restored deal keeps its old change time": {"restore_keeps_updated_at": True},
    "events come late": {"events_delay_s": 40},
    "notes touch their deal": {"notes_touch_entity": True},
}


@dataclass
class MovingClock:
    """A present that the editor moves on; shared by the vendor and its reader."""

    instant: datetime = END
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        with self._lock:
            return self.instant

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self.instant += timedelta(seconds=seconds)


@dataclass
class Managers:
    """People at work: every few milliseconds somebody changes something."""

    editor: AccountEditor
    world: World
    clock: MovingClock
    rng: Random
    edits: int = 0
    merged: set[int] = field(default_factory=set[int])
    deleted: list[int] = field(default_factory=list[int])

    def work(self, stop: threading.Event) -> None:
        while not stop.wait(0.003):
            self.clock.pass_by(self.rng.choice((0, 0, 1, 2)))
            try:
                self._one_edit()
                self.edits += 1
            except EditError:  # the chosen card is not there any more
                continue

    def _one_edit(self) -> None:
        leads, contacts = list(self.world.amocrm.leads), list(self.world.amocrm.contacts)
        lead, other = self.rng.sample(leads, 2)
        contact, twin = self.rng.sample(contacts, 2)
        match self.rng.randrange(40):
            case 0:
                self.editor.create_lead(name="Новая", price=self.rng.randrange(9999), contacts=[contact])
            case 1:
                self.deleted.append(lead)
                self.editor.delete("leads", lead)
            case 2 if self.deleted:
                self.editor.restore("leads", self.deleted.pop(self.rng.randrange(len(self.deleted))))
            case 3:
                self.editor.merge("leads", lead, other)
                self.merged |= {other}
            case 4:
                self.editor.merge("contacts", contact, twin)
                self.merged |= {twin}
            case 5:
                self.editor.link(lead, contact=contact)
            case 6:
                self.editor.create_contact(name="Новый", phone=f"+7900{self.rng.randrange(10**7):07d}")
            case 7:
                self.editor.add_call("leads", lead, "+79000000000", duration_s=30)
            case 8:
                self.editor.delete("contacts", contact)
            case 9 | 10:
                self.editor.update("leads", lead, {"price": self.rng.randrange(99_999)})
            case 11:
                self.editor.touch("contacts", contact)
            case _:
                self.editor.touch("leads", lead)


@dataclass
class Place:
    world: World
    sandbox: Served[AmocrmSwitches]
    clock: MovingClock
    lake: LakeCopy

    def load(self, *, sweep_at: datetime | None = None) -> None:
        with AmocrmClient(
            self.sandbox.url,
            SecretStr(self.sandbox.secret),
            tenant=TENANT,
            clock=self.clock,
            allow_sandbox=True,
            retry=RetryPolicy(first_s=0.001, longest_s=0.002),
            limiter=TokenBucket(100_000),
            breaker=CircuitBreaker(),
        ) as client:
            load_amocrm(client, self.lake, WINDOW, sweep_at=sweep_at)

    @contextmanager
    def managers_at_work(self, seed: int) -> Iterator[Managers]:
        managers = Managers(self.sandbox.editor, self.world, self.clock, Random(seed))
        stop = threading.Event()
        thread = threading.Thread(target=managers.work, args=(stop,))
        thread.start()
        try:
            yield managers
        finally:
            stop.set()
            thread.join()

    def unknown_to_be_gone(self) -> set[int]:
        """Stored leads and contacts that the account does not have, without a word that they are gone."""
        tombstones = self.lake.lake.read_current(AMOCRM_DELETED, TENANT).to_pylist()
        deleted = {(row["entity_type"], row["id"]) for row in tombstones if row["is_deleted"]}
        account = self.world.amocrm
        kinds = (("leads", AMOCRM_LEADS, account.leads), ("contacts", AMOCRM_CONTACTS, account.contacts))
        unknown: set[int] = set()
        for kind, table, present in kinds:
            stored = {row["id"] for row in self.lake.lake.read_current(table, TENANT).to_pylist()}
            assert set(present) <= stored, f"{kind} were lost"
            unknown |= {identity for identity in stored - set(present) if (kind, identity) not in deleted}
            assert not {identity for word, identity in deleted if word == kind} & set(present), f"{kind} live"
        return unknown

    def assert_newest(self, table: Table, rows: dict[int, dict[str, object]]) -> None:
        stored = {row["id"]: row for row in self.lake.lake.read_current(table, TENANT).to_pylist()}
        for identity, row in rows.items():
            found = orjson.loads(stored[identity]["raw"])
            for name in ("updated_at", "price", "name", "status_id"):
                assert found.get(name) == row.get(name), (table.name, identity, name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_ten_loads_while_managers_work_lose_no_deal_and_store_none_twice(tmp_path: Path, variant: str) -> None:
    world, clock = build_world(7, END, days=20), MovingClock()
    with amocrm_sandbox(world, clock=clock, heavy_page_rows=SMALL_PAGES, **VARIANTS[variant]) as sandbox:
        place = Place(world, sandbox, clock, LakeCopy.new(tmp_path / "lake"))
        with place.managers_at_work(11) as managers:
            for _ in range(10 if variant == "as documented" else 3):
                place.load()
        assert managers.edits > 100
        sandbox.set(edits_while_paging=0)
        clock.pass_by(120)  # what was written in the last seconds is settled, late events are there
        place.load()
        assert clock.now() < WINDOW.end
        place.lake.everything(CRM_TABLES)  # fails where a key is twice in one file
        place.assert_newest(AMOCRM_LEADS, world.amocrm.leads)
        place.assert_newest(AMOCRM_CONTACTS, world.amocrm.contacts)
        assert place.unknown_to_be_gone() <= managers.merged, "only a stranger's merge is beyond one load"
        for night in (1, 2):
            place.load(sweep_at=clock.now() + timedelta(days=night))
        assert place.unknown_to_be_gone() == set()
        assert sandbox.oddities == []


def test_what_is_merged_with_its_own_kin_is_known_to_be_gone_at_once(tmp_path: Path) -> None:
    """Two deals of one contact, two contacts of one phone: the event names the winner, and the loser is found."""
    world, clock = build_world(7, END, days=20), MovingClock()
    with amocrm_sandbox(world, clock=clock) as sandbox:
        editor: AccountEditor = sandbox.editor
        contact, twin = (
            editor.create_contact(name=name, phone="+7 900 123-45-67").as_json()["changed"]["contacts"][0]
            for name in ("Анна", "Аня")
        )
        deal, double = (
            editor.create_lead(name=name, contacts=[contact]).as_json()["changed"]["leads"][0]
            for name in ("Раз", "Два")
        )
        clock.pass_by(30)
        place = Place(world, sandbox, clock, LakeCopy.new(tmp_path / "lake"))
        place.load()
        editor.merge("leads", deal, double)
        editor.merge("contacts", contact, twin)
        clock.pass_by(30)
        place.load()
        gone = {
            (row["entity_type"], row["id"], row["how"])
            for row in place.lake.lake.read_current(AMOCRM_DELETED, TENANT).to_pylist()
            if row["is_deleted"]
        }
        assert {("leads", double, "merge"), ("contacts", twin, "merge")} <= gone
        assert not {("leads", deal, "merge"), ("contacts", contact, "merge")} & gone
