"""From a webhook to the report's tables: the touched chat is read at once, the others only if they moved."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from synkro_assets.automation.hints import HintWatch, request_refreshes
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.plans import tenant_plan
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.control.tenants import get_tenant, save_tenant_settings, tenant_settings
from synkro_resources.control.webhooks import QUIET, add_webhook, note_event, pending_hints
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.tables.raw import RADIST_CONNECTIONS, RADIST_MEDIA, RADIST_MESSAGES
from synkro_resources.platform import Platform
from synkro_resources.radist.times import instant_of
from tests.pipeline import END, Installation, Sandbox, installation

SLUG = "hinted"
TODAY = date(2026, 11, 20)


@dataclass
class Live:
    place: Installation
    sandbox: Sandbox
    secret: str
    refreshed: int = 0

    def asked(self) -> Counter[int]:
        """How often each chat's messages were asked for since the last call."""
        entries = [entry for entry in self.sandbox.radist.state.log.entries if "/messaging/messages/" in entry.path]
        self.sandbox.radist.state.log.entries.clear()
        return Counter(int(parse_qs(entry.query)["chat_id"][0]) for entry in entries)

    def write(self, chat_id: int, at: datetime) -> str:
        """A client writes; the id of the message. The listing shows it only if it is the chat's newest."""
        said = self.sandbox.radist.state.editor.say(chat_id, "inbound", "ещё вопрос", at)
        return str(said["message"]["message_id"])

    def newest(self, chat_id: int) -> datetime:
        times = [instant_of(row["created_at"]) for row in self.sandbox.world.radist.messages[chat_id]]
        return max(at for at in times if at is not None and at <= END)

    def refresh(self) -> RunRequest:
        self.refreshed += 1
        minutes = tenant_plan(self.place.control, SLUG).event_refresh_min
        assert minutes is not None
        often = timedelta(minutes=minutes)
        later = FixedClock(END + QUIET + self.refreshed * often)
        platform = Platform(self.place.settings, self.place.control, self.place.keyring, later)
        tenant = get_tenant(self.place.control, SLUG)
        [request] = request_refreshes(platform, [tenant], (), HintWatch())
        return self.place.carry_out(request)

    def stored(self) -> set[str]:
        rows = self.place.lake.read_days(RADIST_MESSAGES, SLUG, [TODAY])
        return {str(key) for key in rows.column("message_id").to_pylist()}


@pytest.fixture(scope="module")
def live(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with installation(control_url, tmp_path_factory.mktemp("hinted")) as place:
        sandbox = place.add_company(SLUG, seed=5, days=20)
        assert place.load(SLUG, TODAY - timedelta(days=3), TODAY).status == "done"
        secret = secrets.token_urlsafe(32)
        add_webhook(place.control, SLUG, secret, 1701, actor="cli", clock=place.clock)
        yield Live(place, sandbox, secret)


def test_a_touched_chat_is_read_before_the_listing_shows_it_and_no_other_is(live: Live) -> None:
    busy = live.asked()
    assert len(busy) > 3
    chat_id = max(busy, key=live.newest)
    written = live.write(chat_id, live.newest(chat_id) - timedelta(seconds=1))
    note_event(live.place.control, SLUG, live.secret, chat_id, live.place.clock)
    assert live.refresh().status == "done"
    assert live.asked() == {chat_id: 1}
    assert written in live.stored()
    derived = live.place.lake.read_days(MESSAGE, SLUG, [TODAY]).column("message_id").to_pylist()
    assert written in derived, "what was read must reach the tables that reports are made of"
    assert pending_hints(live.place.control, SLUG) == []


def test_a_message_whose_webhook_was_lost_is_found_by_the_listing(live: Live) -> None:
    """Polling stays the truth: a refresh marks today as fresh, so it must not rely on webhooks."""
    touched, lost = sorted(live.sandbox.world.radist.messages)[:2]
    written = live.write(lost, END)
    note_event(live.place.control, SLUG, live.secret, touched, live.place.clock)
    assert live.refresh().status == "done"
    assert {touched, lost} <= set(live.asked())
    assert written in live.stored()


def test_an_event_that_names_no_chat_leads_to_a_whole_refresh(live: Live) -> None:
    live.asked()
    note_event(live.place.control, SLUG, live.secret, 0, live.place.clock)
    assert live.refresh().status == "done"
    assert len(live.asked()) > 3


def test_connections_and_attachments_are_known_and_nothing_was_downloaded(live: Live) -> None:
    known = live.place.lake.read_current(RADIST_CONNECTIONS, SLUG).to_pylist()
    messengers = {row["connection_id"] for row in live.sandbox.world.radist.sources}
    assert {row["id"] for row in known} >= messengers
    assert not [row for row in known if row["type"] in ("amocrm", "bitrix")]
    media = live.place.lake.read_days(RADIST_MEDIA, SLUG, live.place.lake.days(RADIST_MEDIA, SLUG)).to_pylist()
    assert media
    assert {row["status"] for row in media} == {"described"}


def test_files_are_downloaded_where_the_tenant_wants_them_and_the_cdn_never_sees_the_key(live: Live) -> None:
    control, place = live.place.control, live.place
    wanted = tenant_settings(control, SLUG).model_copy(update={"fetch_media": True})
    save_tenant_settings(control, SLUG, wanted, changed_by="test", clock=place.clock)
    try:
        assert place.load(SLUG, TODAY - timedelta(days=3), TODAY).status == "done"
    finally:
        off = wanted.model_copy(update={"fetch_media": False})
        save_tenant_settings(control, SLUG, off, changed_by="test", clock=place.clock)
    rows = place.lake.read_days(RADIST_MEDIA, SLUG, place.lake.days(RADIST_MEDIA, SLUG)).to_pylist()
    stored = [row for row in rows if row["status"] == "stored"]
    assert stored
    assert {row["status"] for row in rows} == {"stored"}
    for row in stored:
        assert len((Path(place.settings.lake_root) / row["path"]).read_bytes()) == row["bytes"] == row["size"]
    assert not [note for note in live.sandbox.radist.state.oddities if "media host" in note]


def test_a_key_without_the_scope_connections_loads_on_and_says_so(live: Live) -> None:
    """Only the integration's page shows it: the figures do not depend on that list."""
    live.sandbox.radist.state.switches.missing_scopes = ["connections"]
    before = live.place.lake.read_current(RADIST_CONNECTIONS, SLUG)
    try:
        assert live.place.load(SLUG, TODAY, TODAY).status == "done"
    finally:
        live.sandbox.radist.state.switches.missing_scopes = []
    shown = get_integration(live.place.control, SLUG, IntegrationKind.RADIST)
    assert shown is not None
    assert shown.problem is not None
    assert (shown.status, shown.problem.code) == ("warning", "radist.forbidden")
    assert live.place.lake.read_current(RADIST_CONNECTIONS, SLUG).num_rows == before.num_rows


def test_a_connection_deleted_at_radist_takes_nothing_out_of_the_lake(live: Live) -> None:
    """Its chats answer 404 and its history is gone there: what was read is the only copy."""
    days = [TODAY - timedelta(days=back) for back in range(3, -1, -1)]
    before = live.place.lake.read_days(RADIST_MESSAGES, SLUG, days)
    chats = [chat for contact in live.sandbox.world.radist.contacts for chat in contact["chats"]]
    talking = set(before.column("chat_id").to_pylist())
    gone = next(chat["connection_id"] for chat in chats if chat["chat_id"] in talking)
    live.sandbox.radist.state.switches.gone_connections = [gone]
    try:
        assert live.place.load(SLUG, days[0], TODAY).status == "done"
    finally:
        live.sandbox.radist.state.switches.gone_connections = []
    after = live.place.lake.read_days(RADIST_MESSAGES, SLUG, days)
    assert sorted(after.column("message_id").to_pylist()) == sorted(before.column("message_id").to_pylist())
    assert after.column("vanished_at").null_count == after.num_rows
    known = {row["id"]: row for row in live.place.lake.read_current(RADIST_CONNECTIONS, SLUG).to_pylist()}
    assert (known[gone]["vanished_on"], known[gone]["last_seen_on"]) == (TODAY, TODAY)
