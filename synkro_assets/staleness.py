"""Which derived days no longer follow from their sources, found where a source's rows are about to change.

Episodes and turns of a day are made of messages up to 30 days back and of the CRM's present rows, so a late message, a
contact that got another phone or a deal that was deleted may change days that nobody loads now. Each such table names
the days before its new rows are stored: a crash between the two costs one derivation too many and loses nothing
(docs/architecture.md, «Stale days»). Days are marked in the control database; whoever plans runs derives them again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from synkro_assets.dialogs.authors import BROADCAST_SPAN, HISTORY_DAYS
from synkro_assets.dialogs.chat_pairing import PAIRED_DAYS
from synkro_assets.tenant_run import TenantRun
from synkro_resources.control import days as day_marks
from synkro_resources.lake.folding import fold
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CALL, CONTACT, CONTACT_PHONE, DEAL, DEAL_CONTACT, DEAL_EVENT
from synkro_resources.model.tables.dialogs import CHAT_PAIR, DIALOG, EPISODE, MESSAGE
from synkro_resources.model.tables.raw import AMOCRM_EVENTS

STAMPS = frozenset({"delivered_at", "read_at", "source_updated_at"})
"""Columns of a message from which nothing is derived: they change while a message travels."""
PLACES = "episode places"
"""What a run keeps of the stored episodes while it marks days."""


Value = TypeVar("Value")


@dataclass(slots=True)
class Touched:
    """Whom a change may concern. `since`: earlier local days cannot have known it; None: all days may have."""

    contacts: set[int] = field(default_factory=set[int])
    deals: set[int] = field(default_factory=set[int])
    dialogs: set[int] = field(default_factory=set[int])
    phones: set[str] = field(default_factory=set[str])
    usernames: set[str] = field(default_factory=set[str])
    since: date | None = None

    def __bool__(self) -> bool:
        return bool(self.contacts or self.deals or self.dialogs or self.phones or self.usernames)


def mark_after_messages(run: TenantRun, rows: pa.Table) -> None:
    """New or other messages of a day: that day, the days whose look-back holds it, and the one before.

    The day before, because a broadcast that goes on past midnight began there.
    """
    stale: set[date] = set()
    for day in run.window.days:
        changed = _changed_messages(run, day, rows)
        if changed is None:
            continue
        stale.update(day + timedelta(days=step) for step in range(HISTORY_DAYS + 1))
        start, _ = run.window.bounds(day)
        if changed and min(changed) < start + BROADCAST_SPAN:
            stale.add(day - timedelta(days=1))
    _mark(run, stale, MESSAGE)


def _changed_messages(run: TenantRun, day: date, rows: pa.Table) -> list[datetime] | None:
    """When the messages that differ from the stored ones were sent; None if none differs."""
    names = [name for name in MESSAGE.schema.names if name not in STAMPS]
    new = rows.filter(pc.equal(rows.column(DAY_COLUMN), pa.scalar(day, pa.date32()))).select(names)
    if not run.lake.has_day(MESSAGE, run.tenant, day):
        return _values(new, "sent_at", datetime)
    old = run.lake.read_days(MESSAGE, run.tenant, [day], columns=names).select(names)
    differing = _only_in_one(old, new, ("message_id",))
    return _values(differing, "sent_at", datetime) if differing.num_rows else None


@dataclass(frozen=True, slots=True)
class Replaced:
    """What `current` holds of the loaded groups before and after these rows; an older version changes nothing."""

    before: pa.Table
    after: pa.Table
    key: tuple[str, ...]

    @classmethod
    def by(cls, run: TenantRun, table: Table, rows: pa.Table) -> Replaced:
        new = table.cast(rows.drop_columns([DAY_COLUMN]))
        old, group = run.current(table), list(table.folded_by)
        before = table.cast(old.join(_distinct(new.select(group)), keys=group, join_type="left semi"))
        after = fold(before, new, key=table.key, group=table.folded_by, version=table.version)
        return cls(before, after, table.key)

    def changed(self, *columns: str) -> pa.Table:
        """Keys with `columns` where these differ, old values and new ones; null equals null."""
        names = [*self.key, *(name for name in columns if name not in self.key)]
        return _only_in_one(_distinct(self.before.select(names)), _distinct(self.after.select(names)), self.key)


def _only_in_one(old: pa.Table, new: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Rows that exactly one of the tables holds. Each table has its key once."""
    both = pa.concat_tables([old, new.cast(old.schema)]).combine_chunks()
    if both.num_rows == 0:
        return both
    counted = both.group_by(both.column_names).aggregate([([], "count_all")])
    alone = counted.filter(pc.equal(counted.column("count_all"), pa.scalar(1, pa.int64()))).select(both.column_names)
    return alone.sort_by([(name, "ascending") for name in key])


def mark_after_contacts(run: TenantRun, rows: pa.Table) -> None:
    """Other Telegram names, contacts that came or went, and, where phones are shared, who was changed last."""
    replaced = Replaced.by(run, CONTACT, rows)
    changed = replaced.changed("telegram_username", "is_deleted")
    touched = Touched(
        contacts=_whole(changed, "contact_id"),
        usernames={name.lower() for name in changed.column("telegram_username").to_pylist() if name},
    )
    shared = _contacts_of_shared_phones(run)
    if shared:
        touched.contacts |= _whole(replaced.changed("updated_at"), "contact_id") & shared
    mark_touched(run, touched, CONTACT)


def mark_after_phones(run: TenantRun, rows: pa.Table) -> None:
    """Phones that a contact gained or lost: dialogs are found by them."""
    changed = Replaced.by(run, CONTACT_PHONE, rows).changed("phone_norm")
    phones = {phone for phone in changed.column("phone_norm").to_pylist() if phone}
    mark_touched(run, Touched(contacts=_whole(changed, "contact_id"), phones=phones), CONTACT_PHONE)


def mark_after_deals(run: TenantRun, rows: pa.Table) -> None:
    """Deals that came, went or were merged; a move counts where no event tells of it.

    A new deal concerns no day before its creation; a move that has its event is found by the event.
    """
    replaced = Replaced.by(run, DEAL, rows)
    known = _whole(replaced.before, "deal_id")
    lasting = replaced.changed("created_at", "is_deleted", "merged_into")
    fresh = lasting.filter(pc.invert(_among(lasting, "deal_id", known)))
    created = _values(fresh, "created_at", datetime)
    since = run.window.day_of(min(created)) if created else None
    mark_touched(run, Touched(deals=_whole(fresh, "deal_id"), since=since), DEAL)
    moved = _whole(replaced.changed("pipeline_id", "status_id", "responsible_id"), "deal_id")
    moved &= known
    if moved:
        moved -= _deals_with_events(run, DEAL_EVENT, "deal_id") | _deals_with_events(run, AMOCRM_EVENTS, "entity_id")
    mark_touched(run, Touched(deals=(_whole(lasting, "deal_id") & known) | moved), DEAL)


def mark_after_deal_contacts(run: TenantRun, rows: pa.Table) -> None:
    """Contacts that were added to a deal, removed from it, or became its main one."""
    changed = Replaced.by(run, DEAL_CONTACT, rows).changed("is_main")
    mark_touched(run, Touched(contacts=_whole(changed, "contact_id")), DEAL_CONTACT)


def mark_after_deal_events(run: TenantRun, rows: pa.Table) -> None:
    """Moves of deals: days from the move on, and all days where it is the first that is known of the deal.

    Events of a day that was never loaded also make the attribution of the look-back's turns surer.
    """
    days = run.window.days
    names = [name for name in DEAL_EVENT.schema.names if name != "source_updated_at"]
    old = run.stored_days(DEAL_EVENT, days).select(names)
    changed = _only_in_one(old, rows.select(names), ("event_id",))
    loaded = run.lake.days(DEAL_EVENT, run.tenant)
    elsewhere = run.stored_days(DEAL_EVENT, [day for day in loaded if day < run.window.first_day])
    known_before = set(zip(elsewhere.column("deal_id").to_pylist(), elsewhere.column("kind").to_pylist(), strict=True))
    first_known, later = set[int](), set[int]()
    changed_kinds = zip(_values(changed, "deal_id", int), changed.column("kind").to_pylist(), strict=True)
    for deal, kind in changed_kinds:
        (later if (deal, kind) in known_before else first_known).add(deal)
    mark_touched(run, Touched(deals=first_known), DEAL_EVENT)
    mark_touched(run, Touched(deals=later, since=run.window.first_day), DEAL_EVENT)
    fresh = [day for day in days if not run.lake.has_day(DEAL_EVENT, run.tenant, day)]
    reach = run.settings.lookback_days
    _mark(run, {day + timedelta(days=step) for day in fresh for step in range(reach + 1)}, DEAL_EVENT)


def mark_after_pairs(run: TenantRun, rows: pa.Table) -> None:
    """Pairs of a day tell whom a dialog belongs to on that day and for as long as they count."""
    names = ["message_id", "dialog_id", "contact_id", "created_by"]
    stale: set[date] = set()
    for day in run.window.days:
        new = rows.filter(pc.equal(rows.column(DAY_COLUMN), pa.scalar(day, pa.date32()))).select(names)
        if _only_in_one(run.stored_days(CHAT_PAIR, [day]).select(names), new, ("message_id",)).num_rows:
            stale.update(day + timedelta(days=step) for step in range(PAIRED_DAYS))
    _mark(run, stale, CHAT_PAIR)


def mark_after_calls(run: TenantRun, rows: pa.Table) -> None:
    """Connected calls answer clients and make a dialog active on their day."""
    changed = Replaced.by(run, CALL, rows).changed("at", "is_connected", "deal_id", "contact_id", "manager_id")
    spoken = changed.filter(changed.column("is_connected"))
    times = _values(changed, "at", datetime)
    touched = Touched(
        contacts=_whole(changed, "contact_id"),
        deals=_whole(changed, "deal_id"),
        since=run.window.day_of(min(times)) if times else None,
    )
    mark_touched(run, touched, CALL, more={run.window.day_of(at) for at in _values(spoken, "at", datetime)})


def mark_after_dialogs(run: TenantRun, rows: pa.Table) -> None:
    """Dialogs whose phone, name or channel changed after messages of theirs were derived."""
    replaced = Replaced.by(run, DIALOG, rows)
    changed = replaced.changed("channel", "phone_norm", "username", "is_group")
    known = _whole(changed, "dialog_id") & set(replaced.before.column("dialog_id").to_pylist())
    mark_touched(run, Touched(dialogs=known), DIALOG)


def mark_touched(run: TenantRun, touched: Touched, cause: Table, *, more: Iterable[date] = ()) -> None:
    """Mark the derived days on which a dialog of these contacts or deals was active."""
    if touched:
        _mark(run, {*days_of(run, touched), *more}, cause)


def days_of(run: TenantRun, touched: Touched) -> set[date]:
    """The derived days that hold an episode of whom the change may concern."""
    contacts = set(touched.contacts)
    members = run.current(DEAL_CONTACT).select(["deal_id", "contact_id"])
    contacts |= _whole(members.filter(_among(members, "deal_id", touched.deals)), "contact_id")
    phones = run.current(CONTACT_PHONE).select(["contact_id", "phone_norm"])
    numbers = touched.phones | _texts(phones.filter(_among(phones, "contact_id", contacts)), "phone_norm")
    dialogs = run.lake.read_current(DIALOG, run.tenant, columns=["dialog_id", "phone_norm", "username"])
    named = pc.is_in(pc.utf8_lower(dialogs.column("username")), pa.array(sorted(touched.usernames), pa.string()))
    by_address = pc.or_(_among(dialogs, "phone_norm", numbers), named)
    wanted = touched.dialogs | _whole(dialogs.filter(by_address), "dialog_id")
    rows = run.scope.once(PLACES, lambda: _places(run))
    if touched.since is not None:
        rows = rows.filter(pc.greater_equal(rows.column(DAY_COLUMN), pa.scalar(touched.since, pa.date32())))
    hit = pc.or_(
        _among(rows, "dialog_id", wanted),
        pc.or_(_among(rows, "contact_id", contacts), _among(rows, "deal_id", touched.deals)),
    )
    return set(_values(_distinct(rows.filter(hit).select([DAY_COLUMN])), DAY_COLUMN, date))


def _places(run: TenantRun) -> pa.Table:
    """Whose episodes every stored day holds. A run asks once per table that changed, and stores episodes after all of
    them, so the files are read once per run.
    """
    names = ["dialog_id", "contact_id", "deal_id"]
    return _distinct(run.lake.read_days(EPISODE, run.tenant, run.lake.days(EPISODE, run.tenant), columns=names))


def _mark(run: TenantRun, stale: Collection[date], cause: Table) -> None:
    if not stale:
        return
    hit = day_marks.mark_stale(run.platform.control, run.tenant, stale, cause.name, run.clock.now())
    if hit:
        run.notes.extra["days_made_stale"] = int(run.notes.extra.get("days_made_stale", 0)) + hit


def _contacts_of_shared_phones(run: TenantRun) -> set[int]:
    phones = run.current(CONTACT_PHONE).select(["contact_id", "phone_norm"])
    owners = _distinct(phones).group_by("phone_norm").aggregate([("contact_id", "count")])
    shared = owners.filter(pc.greater(owners.column("contact_id_count"), pa.scalar(1, pa.int64()))).column("phone_norm")
    return _whole(phones.filter(pc.is_in(phones.column("phone_norm"), pc.unique(shared))), "contact_id")


def _deals_with_events(run: TenantRun, table: Table, column: str) -> set[int]:
    stored = run.lake.read_days(table, run.tenant, run.lake.days(table, run.tenant), columns=[column])
    return _whole(stored, column)


def _distinct(rows: pa.Table) -> pa.Table:
    return rows.group_by(rows.column_names).aggregate([])


def _among(rows: pa.Table, column: str, values: Collection[int] | Collection[str]) -> pa.BooleanArray:
    wanted = pa.array(sorted(values), rows.schema.field(column).type)
    return pc.is_in(rows.column(column), wanted)


def _whole(rows: pa.Table, column: str) -> set[int]:
    return set(_values(_distinct(rows.select([column])), column, int))


def _texts(rows: pa.Table, column: str) -> set[str]:
    return {value for value in _values(_distinct(rows.select([column])), column, str) if value}


def _values(rows: pa.Table, column: str, kind: type[Value]) -> list[Value]:
    """The column's values that are not null."""
    return [value for value in rows.column(column).to_pylist() if isinstance(value, kind)]
