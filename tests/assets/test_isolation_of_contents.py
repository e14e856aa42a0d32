"""Two clients whose vendors gave out the same ids: what one of them said and sold never turns up at the other."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from synkro_resources.control.integrations import get_integration
from synkro_resources.control.packages import latest_package
from synkro_resources.control.tables import metadata
from synkro_resources.control.tables.base import is_tenant_scoped
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import Period
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.sandbox.world.model import World
from tests.pipeline import CHAT_ID, Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("contents")  # what the module loads is loaded once

FIRST, LAST, TODAY = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
A, B = "content-a", "content-b"
SEEDS = {A: 11, B: 12}
"""Ids depend on day and place only, so worlds of different seeds share them and differ in what happened."""
MARKS = {A: "Альфамарка", B: "Бетамарка"}
OTHER = {A: B, B: A}

IN_OPEN = 0x20  # inotify(7)
EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows


class OpenedFiles:
    """What the kernel saw being opened below some folders.

    Python's own audit events do not do: Arrow opens Parquet files from C++.
    """

    def __init__(self, folders: list[Path]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = int(libc.inotify_init1(os.O_NONBLOCK))
        self._folders: dict[int, Path] = {}
        for folder in folders:
            watch = int(libc.inotify_add_watch(self._descriptor, os.fsencode(folder), IN_OPEN))
            if watch < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", str(folder))
            self._folders[watch] = folder

    def take(self) -> set[Path]:
        """The Parquet files opened since the last call."""
        found: set[Path] = set()
        while True:
            try:
                events = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return found
            at = 0
            while at < len(events):
                watch, _, _, length = EVENT.unpack_from(events, at)
                at += EVENT.size
                name = events[at : at + length].rstrip(b"\0").decode()
                at += length
                if watch < 0:
                    raise AssertionError("the kernel's queue overflowed, so this proves nothing")
                if name.endswith(".parquet"):
                    found.add(self._folders[watch] / name)

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def watched(place: Installation, slug: str) -> Iterator[OpenedFiles]:
    opened = OpenedFiles([Path(place.lake.folder(table, slug).path) for table in TABLES.values()])
    try:
        yield opened
    finally:
        opened.close()


def mark(world: World, word: str) -> None:
    """Sign every deal, contact and message, because invented texts come from one stock."""
    for entity in [*world.amocrm.leads.values(), *world.amocrm.contacts.values()]:
        entity["name"] = f"{entity['name']} {word}"
    for messages in world.radist.messages.values():
        for message in messages:
            if message.get("text"):
                message["text"]["text"] = f"{message['text']['text']} {word}"


@dataclass
class Pair:
    place: Installation
    sandboxes: Mapping[str, Sandbox]
    opened_of_b: set[Path]
    """B's files that were opened while A was loaded and reported."""


@pytest.fixture(scope="module")
def pair(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    if sys.platform != "linux":
        pytest.skip("not run: opened files are watched with inotify")
    with installation(control_url, tmp_path_factory.mktemp("contents")) as place:
        sandboxes = {slug: place.add_company(slug, seed, days=20) for slug, seed in SEEDS.items()}
        for slug, sandbox in sandboxes.items():
            mark(sandbox.world, MARKS[slug])
        bring_home(place, B)
        with watched(place, B) as opened:
            bring_home(place, A)
            opened_of_b = opened.take()
        yield Pair(place, sandboxes, opened_of_b)


def bring_home(place: Installation, slug: str) -> None:
    assert place.load(slug, FIRST, TODAY).status == "done"
    assert place.report(slug, LAST).status == "done"


def lake_texts(place: Installation, slug: str) -> dict[str, str]:
    """Everything that a client's files hold, as text, by table."""
    return {
        table.name: "\n".join(
            str(pq.read_table(file).to_pylist())
            for file in sorted(Path(place.lake.folder(table, slug).path).glob("*.parquet"))
        )
        for table in TABLES.values()
    }


def control_texts(place: Installation, slug: str) -> dict[str, str]:
    """A client's rows of every table of the control database, read past row level security."""
    with place.control.owner() as connection:
        return {
            table.name: "\n".join(
                str(tuple(row)) for row in connection.execute(select(table).where(table.c.tenant == slug))
            )
            for table in metadata.sorted_tables
            if is_tenant_scoped(table)
        }


def test_the_two_clients_share_ids_on_purpose(pair: Pair) -> None:
    a, b = (pair.sandboxes[slug].world for slug in (A, B))
    assert len(a.amocrm.leads.keys() & b.amocrm.leads.keys()) > 50
    assert len(a.radist.messages.keys() & b.radist.messages.keys()) > 50


def test_a_run_opens_no_file_of_another_client(pair: Pair) -> None:
    assert pair.opened_of_b == set()


def test_an_opened_file_would_have_been_noticed(pair: Pair) -> None:
    with watched(pair.place, B) as opened:
        pair.place.lake.read_days(MESSAGE, B, [LAST])
        assert opened.take() == {Path(pair.place.lake.path(MESSAGE, B, LAST).path)}


@pytest.mark.parametrize("slug", [A, B])
def test_the_files_hold_the_client_s_own_words_and_none_of_the_other_s(pair: Pair, slug: str) -> None:
    texts = lake_texts(pair.place, slug)
    own = {name for name, text in texts.items() if MARKS[slug] in text}
    assert own >= {"amocrm/leads", "amocrm/contacts", "radist/messages", "normalized/deal", "normalized/message"}
    assert [name for name, text in texts.items() if MARKS[OTHER[slug]] in text] == []


@pytest.mark.parametrize("slug", [A, B])
def test_the_control_rows_of_a_client_name_nothing_of_the_other(pair: Pair, slug: str) -> None:
    texts = control_texts(pair.place, slug)
    filled = {name for name, text in texts.items() if text}
    assert filled >= {"report_package", "delivery", "run", "run_step", "run_request", "day_state"}
    foreign = (OTHER[slug], MARKS[OTHER[slug]])
    assert [name for name, text in texts.items() if any(word in text for word in foreign)] == []


@pytest.mark.parametrize("slug", [A, B])
def test_the_delivered_report_names_the_client_and_leads_to_its_own_crm_only(pair: Pair, slug: str) -> None:
    own, foreign = (crm_address(pair.place, name) for name in (slug, OTHER[slug]))
    messages = [message.message for message in pair.sandboxes[slug].telegram.state.sandbox.store.messages[CHAT_ID]]
    delivered = str(messages)
    assert len(messages) == 1
    assert f"«{slug}»" in delivered
    assert own in delivered
    assert [word for word in (foreign, OTHER[slug], MARKS[OTHER[slug]]) if word in delivered] == []


@pytest.mark.parametrize("slug", [A, B])
def test_a_deal_whose_id_both_have_shows_the_client_s_own_money(pair: Pair, slug: str) -> None:
    found = latest_package(pair.place.control, slug, Period.day(LAST).report_id)
    assert found is not None
    leads, others = (pair.sandboxes[name].world.amocrm.leads for name in (slug, OTHER[slug]))
    shown = {row.deal_id: row.amount for row in found[2].rows if row.deal_id in leads and row.amount is not None}
    shared = {deal for deal in shown.keys() & others.keys() if leads[deal]["price"] != others[deal]["price"]}
    assert shared, "no deal could tell the two apart"
    assert shown == {deal: leads[deal]["price"] for deal in shown}


def crm_address(place: Installation, slug: str) -> str:
    integration = get_integration(place.control, slug, IntegrationKind.AMOCRM)
    assert integration is not None
    return str(integration.public["base_url"])
