"""Radist as assets: raw chats and messages, then dialogs, messages, episodes and turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets import staleness
from synkro_assets.day_marks import mark_derived
from synkro_assets.dialogs import extract, normalize
from synkro_assets.dialogs.authors import BROADCAST_SPAN, HISTORY_DAYS, assign_author_kinds
from synkro_assets.dialogs.chat_pairing import PAIRED_DAYS, contacts_by_pairs, pair_days, users_by_pairs
from synkro_assets.dialogs.context import (
    CONTACT_COLUMNS,
    DEAL_COLUMNS,
    DIALOG_COLUMNS,
    MESSAGE_COLUMNS,
    DialogContext,
)
from synkro_assets.dialogs.episodes import build_episodes, mark_episodes
from synkro_assets.dialogs.extract import ChatChoice
from synkro_assets.dialogs.media import FetchBudget, MediaStore, describe_media, fetch_media
from synkro_assets.dialogs.rereading import LIGHT_COLUMNS, StoredMessages
from synkro_assets.dialogs.superseded import in_force, with_superseded
from synkro_assets.dialogs.timeline import Timelines
from synkro_assets.dialogs.turns import build_turns
from synkro_assets.normalization import normalized
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control.dialog_links import dialog_links
from synkro_resources.control.run_requests import get_request
from synkro_resources.control.webhooks import REQUESTED_BY, TakenHints
from synkro_resources.lake import RowSpool
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import INSTANT, Table
from synkro_resources.model.tables.crm import CALL, CHAT_EVENT, CONTACT, CONTACT_PHONE, DEAL, DEAL_CONTACT, DEAL_EVENT
from synkro_resources.model.tables.dialogs import CHAT_PAIR, DIALOG, EPISODE, MESSAGE, TURN
from synkro_resources.model.tables.raw import (
    AMOCRM_EVENTS,
    RADIST_CHATS,
    RADIST_CONNECTIONS,
    RADIST_MEDIA,
    RADIST_MESSAGES,
    RADIST_SOURCES,
)
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import RadistClient
from synkro_resources.radist.media import MediaClient

TIMELINES = "timelines"
"""Under this name a run keeps what the steps of episodes and of turns are built from (`RunScope.once`)."""

PROGRESS_EVERY = 50
"""Chats between two lines of progress in the run's log."""


def _client(run: TenantRun) -> RadistClient:
    """The tenant's client; what this step asks of it is counted from now on."""
    client: RadistClient = run.context.resources.radist.of(run.tenant)
    run.watch(client.counters)
    return client


@tenant_asset(RADIST_SOURCES, resources=("radist",), kinds=("parquet", "radist"))
def sources(run: TenantRun) -> RowSpool:
    """The company's channels. Read first: it proves the key, the company and the scope in one call."""
    return run.take(extract.read_sources(_client(run), run.window))


@tenant_asset(RADIST_CHATS, after=[RADIST_SOURCES], resources=("radist",), kinds=("parquet", "radist"))
def chats(run: TenantRun) -> RowSpool:
    """Chats with their contact, on the day of their last activity; a full pass, because the listing has no filter."""
    return run.take(extract.read_chats(_client(run), run.window, first_load=run.is_first_load(RADIST_CHATS)))


@tenant_asset(
    RADIST_CONNECTIONS, inputs={"sources": RADIST_SOURCES}, resources=("radist",), kinds=("parquet", "radist")
)
def connections(run: TenantRun, sources: pa.Table) -> RowSpool:
    """Messenger connections with when each was first and last seen; one that disappears is flagged and kept."""
    known = run.current(RADIST_CONNECTIONS)
    found = extract.read_connections(_client(run), sources, known, run.window, run.clock.now())
    run.notes.extra["connections_vanished"] = found.vanished
    if found.finding is not None:
        run.warn(IntegrationKind.RADIST, found.finding)
    return run.take(found.extraction)


@tenant_asset(
    RADIST_MESSAGES,
    after=[RADIST_CHATS, RADIST_CONNECTIONS],
    resources=("radist",),
    kinds=("parquet", "radist"),
)
def messages(run: TenantRun) -> RowSpool:
    """Messages of every chat that was active since these days began; each chat is read once for the whole range."""

    def tell(done: int, total: int) -> None:
        if done % PROGRESS_EVERY == 0 or done == total:
            run.context.log.info("chats read: %s of %s", done, total)

    window, lake = run.window, run.lake

    def whole_days() -> Iterator[pa.Table]:
        return (lake.read_days(RADIST_MESSAGES, run.tenant, [day], missing_ok=True) for day in window.days)

    light = lake.read_days(RADIST_MESSAGES, run.tenant, window.days, columns=LIGHT_COLUMNS, missing_ok=True)
    read = extract.read_messages(
        _client(run),
        lake.read_current(RADIST_CHATS, run.tenant, columns=["id", "source_updated_at"]),
        window,
        now=run.clock.now(),
        stored=StoredMessages(light, whole_days),
        choice=_chats_to_read(run),
        on_progress=tell,
    )
    run.notes.extra |= asdict(read.counts)
    for finding in read.counts.findings():
        run.context.log.warning("%s", finding)
    rows = run.take(read.extraction)
    run.notes.source_rows = (run.notes.source_rows or 0) - read.counts.messages_vanished
    return rows


def _chats_to_read(run: TenantRun) -> ChatChoice:
    """All chats that were active; in a refresh that webhooks asked for, what they touched and what has moved since."""
    connections = run.current(RADIST_CONNECTIONS)
    vanished = connections.filter(pc.is_valid(connections.column("vanished_on"))).select(["id"]).to_pylist()
    frozen_chats = frozenset[int]()
    if vanished:
        frozen_chats = extract.chats_of((row["id"] for row in vanished), run.current(RADIST_CHATS))
    if run.request_id is None:
        return ChatChoice(frozen=frozen_chats)
    request = get_request(run.platform.control, run.tenant, run.request_id)
    taken = TakenHints.of_plan(request.plan)
    only_moved = request.requested_by == REQUESTED_BY and taken.say_which_chats
    return ChatChoice(taken.chat_ids, only_moved, frozen_chats)


@tenant_asset(RADIST_MEDIA, after=[RADIST_MESSAGES], kinds=("parquet", "radist"))
def media(run: TenantRun) -> pa.Table:
    """Attachments of the days' messages: described, and downloaded where the tenant has chosen so."""
    if not run.settings.fetch_media:
        return pa.concat_tables([_described(run, day) for day in run.window.days])
    with MediaClient(allow_sandbox=run.platform.settings.allow_sandbox) as client:
        budget = FetchBudget()
        days = [
            fetch_media(
                _described(run, day),
                run.stored_days(RADIST_MESSAGES, [day]),
                client,
                MediaStore(run.lake, run.tenant),
                budget,
            )
            for day in run.window.days
        ]
    run.notes.extra |= {"files_asked": budget.asked, "files_stored": budget.stored, "files_left": budget.left}
    return pa.concat_tables(days)


def _described(run: TenantRun, day: date) -> pa.Table:
    """A day at a time: the messages' JSON of a long load does not fit into memory."""
    return describe_media(run.stored_days(RADIST_MESSAGES, [day]), run.stored_days(RADIST_MEDIA, [day]))


@tenant_asset(DIALOG, after=[RADIST_CHATS, RADIST_SOURCES], beforehand=staleness.mark_after_dialogs)
def dialog(run: TenantRun) -> pa.Table:
    """Dialogs with channel, phone and username: what contacts are found by."""
    return run.read(RADIST_CHATS, normalize.dialogs(run.current(RADIST_SOURCES)))


@tenant_asset(MESSAGE, after=[RADIST_MESSAGES, DIALOG], beforehand=staleness.mark_after_messages)
def message(run: TenantRun) -> pa.Table:
    """Messages with author kind and episode; bots and broadcasts are found by what they sent before."""
    groups = normalize.groups_of(run.current(DIALOG))
    rows = run.read(RADIST_MESSAGES, normalize.messages(groups, run.window))
    history = run.look_back(MESSAGE, HISTORY_DAYS)
    authored = assign_author_kinds(rows, history, run.settings, ahead=_shortly_after(run, groups))
    gap = run.settings.episode_gap_hours
    return mark_episodes(authored, history, gap_hours=gap, history_from=history_from(run))


def _shortly_after(run: TenantRun, groups: pa.Array) -> pa.Table:
    """The messages of the minutes after the window, as far as they are loaded: a broadcast may go on past midnight."""
    day = run.window.last_day + timedelta(days=1)
    after = TenantWindow(run.tenant, run.window.zone, day, day)
    raw = run.stored_days(RADIST_MESSAGES, [day])
    soon = raw.filter(pc.less(raw.column("created_at"), pa.scalar(after.start + BROADCAST_SPAN, INSTANT)))
    return normalized(soon, normalize.messages(groups, after)).table


@tenant_asset(
    CHAT_PAIR,
    inputs={"messages": MESSAGE},
    after=[CHAT_EVENT],
    beforehand=staleness.mark_after_pairs,
)
def chat_pair(run: TenantRun, messages: pa.Table) -> pa.Table:
    """Messages and amoCRM's chat events that tell of the same: how dialogs without a phone find their contact."""
    # Days that were loaded before chat events became a table have none.
    return pair_days(messages, run.stored_days(CHAT_EVENT, run.window.days), run.window)


def timelines_of(run: TenantRun) -> Timelines:
    """What episodes and turns are built from; the first of the two steps makes it, the other one finds it."""
    timelines = run.scope.once(TIMELINES, lambda: Timelines(_dialog_context(run)))
    run.notes.rows_in = timelines.context.messages.num_rows
    return timelines


def _dialog_context(run: TenantRun) -> DialogContext:
    """Everything that is known of these days, the look-back included."""
    settings, lake, tenant = run.settings, run.lake, run.tenant
    pairs = run.stored_days(CHAT_PAIR, run.window.widened(days_back=PAIRED_DAYS - 1).days)
    return DialogContext(
        window=run.window,
        settings=settings,
        history_from=history_from(run),
        messages=pa.concat_tables(
            [
                run.look_back(MESSAGE, settings.lookback_days, columns=MESSAGE_COLUMNS),
                lake.read_days(MESSAGE, tenant, run.window.days, columns=MESSAGE_COLUMNS),
            ]
        ),
        dialogs=lake.read_current(DIALOG, tenant, columns=DIALOG_COLUMNS),
        calls=run.current(CALL),
        contacts=lake.read_current(CONTACT, tenant, columns=CONTACT_COLUMNS),
        contact_phones=run.current(CONTACT_PHONE),
        deals=lake.read_current(DEAL, tenant, columns=DEAL_COLUMNS),
        deal_contacts=run.current(DEAL_CONTACT),
        deal_events=run.stored_days(DEAL_EVENT, lake.days(DEAL_EVENT, tenant)),
        events_from=events_from(run),
        manual_links={link.dialog_id: link.contact_id for link in dialog_links(run.platform.control, run.tenant)},
        chat_contacts=contacts_by_pairs(pairs, run.window) if settings.link_by_crm_chat else {},
        chat_users=users_by_pairs(pairs) if settings.attribute_by_crm_chat else {},
        earlier_starts=_earlier_starts(run),
    )


CONTEXT_TABLES = (DIALOG, CHAT_PAIR, CALL, CONTACT, CONTACT_PHONE, DEAL, DEAL_CONTACT, DEAL_EVENT)


@tenant_asset(EPISODE, after=(MESSAGE, *CONTEXT_TABLES))
def episode(run: TenantRun) -> pa.Table:
    """Episodes as known at each day's end, with their contact and deal."""
    built = build_episodes(timelines_of(run))
    methods = Counter(built.column("link_method").to_pylist())
    for method, count in sorted(methods.items(), key=str):
        run.notes.extra |= {f"linked_by_{method}": count, f"linked_share_{method}": round(count / built.num_rows, 4)}
    return _keep_superseded(run, EPISODE, built)


@tenant_asset(TURN, after=(MESSAGE, *CONTEXT_TABLES, EPISODE), afterwards=mark_derived)
def turn(run: TenantRun) -> pa.Table:
    """Turns with their answers, working time and manager; once they are stored the day counts as derived."""
    built = build_turns(timelines_of(run))
    run.scope.forget(TIMELINES)
    return _keep_superseded(run, TURN, built)


def _keep_superseded(run: TenantRun, table: Table, derived: pa.Table) -> pa.Table:
    stored = run.stored_days(table, run.window.days)
    return with_superseded(derived, stored, table, run.clock.now())


def _earlier_starts(run: TenantRun) -> dict[str, datetime]:
    """When the episodes of the look-back's partitions began."""
    earlier = run.window.widened(days_back=run.settings.lookback_days).days[: run.settings.lookback_days]
    columns = ["episode_key", "start_at", "superseded_at"]
    rows = in_force(run.lake.read_days(EPISODE, run.tenant, earlier, columns=columns, missing_ok=True))
    found: dict[str, datetime] = {}
    for key, start_at in zip(rows.column("episode_key").to_pylist(), rows.column("start_at").to_pylist(), strict=True):
        if key is not None and start_at is not None:
            found[key] = min(start_at, found.get(key, start_at))
    return found


def history_from(run: TenantRun) -> datetime:
    """The first instant from which messages are loaded without a gap up to the window."""
    return _unbroken_from(run, RADIST_MESSAGES)


def events_from(run: TenantRun) -> datetime:
    """The first instant from which events are loaded without a gap up to the window."""
    return _unbroken_from(run, AMOCRM_EVENTS)


def _unbroken_from(run: TenantRun, table: Table) -> datetime:
    stored = set(run.lake.days(table, run.tenant))
    first = run.window.first_day
    while first - timedelta(days=1) in stored:
        first -= timedelta(days=1)
    return TenantWindow(run.tenant, run.window.zone, first, run.window.last_day).start


DIALOG_SOURCES: tuple[TenantAsset, ...] = (sources, connections, chats, messages, media)
DIALOG_TABLES: tuple[TenantAsset, ...] = (dialog, message, chat_pair, episode, turn)
