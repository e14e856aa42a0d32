"""The checks themselves: pure functions of stored rows (docs/operations.md, «Checks of the data»)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from synkro_resources.model.errors import Sentence
from synkro_resources.model.tables import Table

STOPPING = frozenset({"schema", "own_account"})
"""Checks after which nothing may be derived from the table: the whole run stops."""
MOST_LOST = 0.02
"""Share of a source's rows that may be missing before it is told."""
LINKED_DROP = 0.15
"""A linked share lower than that of the days before by so much is told."""
ROWS_TO_JUDGE = 20
"""Below so many rows a share says nothing."""
MOST_UNREAD = 0.02
"""Share of a day's active chats that may be without a message on it."""
BUSY_DAYS = 3
"""So many of the days around must have messages before a day without any is told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`blocking`: a report of the day would be wrong."""

    check: str
    passed: bool
    blocking: bool
    what: Sentence
    details: dict[str, object] = field(default_factory=dict[str, object])


def schema(table: Table, stored: pa.Schema) -> Verdict:
    """The file holds exactly the declared columns and types."""
    wanted = {column.name: str(column.type) for column in table.columns}
    found = {name: str(stored.field(name).type) for name in stored.names}
    wrong = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    return Verdict(
        "schema",
        not wrong,
        True,
        Sentence(
            f"«{table.ru}»: колонки не такие, как объявлено: {', '.join(wrong)}." if wrong else "Колонки верны.",
            f"{table.en}: columns differ from the declared ones: {', '.join(wrong)}."
            if wrong
            else "Columns are right.",
        ),
        {"columns": wrong},
    )


def keys_unique(table: Table, rows: pa.Table) -> Verdict:
    """Every key stands in the file once."""
    repeated = rows.num_rows - rows.select(list(table.key)).group_by(list(table.key)).aggregate([]).num_rows
    return Verdict(
        "keys_unique",
        repeated == 0,
        True,
        Sentence(f"«{table.ru}»: повторов ключа: {repeated}.", f"{table.en}: repeated keys: {repeated}."),
        {"repeated": repeated},
    )


def current_keys_unique(table: Table, keys: pa.Table) -> Verdict:
    """Every key stands once in the table of what is in force. `keys`: its key columns."""
    repeated = keys.num_rows - keys.group_by(list(table.key)).aggregate([]).num_rows
    return Verdict(
        "current_keys_unique",
        repeated == 0,
        True,
        Sentence(
            f"«{table.ru}», действующие строки: повторов ключа: {repeated}.",
            f"{table.en}, rows in force: repeated keys: {repeated}.",
        ),
        {"repeated": repeated},
    )


ACCOUNT_OF_ROW = r'"account_id":\s*(?P<account>\d+)'
"""Where amoCRM's rows name their account (leads, contacts, pipelines, notes …)."""


def own_account(table: Table, raw: pa.ChunkedArray, own: Collection[int]) -> Verdict:
    """Every row that names an amoCRM account names one of this tenant's.

    `raw`: the vendor's JSON; `own`: the accounts that the tenant's own `/account` has named, none before the first load
    of it. More than one means that two accounts were mixed.
    """
    named = pc.struct_field(pc.extract_regex(raw, ACCOUNT_OF_ROW), "account").drop_null()
    foreign = named.filter(pc.invert(pc.is_in(named, pa.array([str(number) for number in own], pa.string()))))
    rows = len(foreign) if own else 0
    return Verdict(
        "own_account",
        rows == 0 and len(own) <= 1,
        True,
        Sentence(
            f"«{table.ru}»: строк другого аккаунта amoCRM: {rows}, аккаунтов у клиента: {len(own)}.",
            f"{table.en}: rows of another amoCRM account: {rows}, accounts of the tenant: {len(own)}.",
        ),
        {"rows": len(named), "foreign": rows, "accounts": len(own)},
    )


def resolved(
    check: str, table: Table, target: Table, values: pa.Table, known: pa.Table, *, until_now: bool = True
) -> Verdict:
    """The share of the values that the target table knows. Told, never blocking: sources have gaps.

    `values` and `known` have the same number of columns in the same order; rows with a null point nowhere. Not
    `until_now`: days up to today are not loaded yet, and a card that has changed since is listed on those, so that a
    missing one passes.
    """
    given = values.drop_null()
    counted = given.group_by(given.column_names).aggregate([([], "count_all")])
    keys = known.rename_columns(given.column_names).cast(given.schema)
    lost = counted.join(keys, keys=given.column_names, join_type="left anti")
    missing = int(pc.sum(lost.column("count_all")).as_py() or 0)
    share = 1.0 if given.num_rows == 0 else 1 - missing / given.num_rows
    return Verdict(
        check,
        missing == 0 or not until_now,
        False,
        Sentence(
            f"«{table.ru}» → «{target.ru}»: не найдено {missing} из {given.num_rows}."
            + ("" if until_now else " Дни до сегодняшнего ещё не загружены."),
            f"{table.en} → {target.en}: {missing} of {given.num_rows} not found."
            + ("" if until_now else " Days up to today are not loaded yet."),
        ),
        {"rows": given.num_rows, "missing": missing, "share": round(share, 4)},
    )


def active_chats_read(active: pa.ChunkedArray, read: pa.ChunkedArray) -> Verdict:
    """Chats whose last activity fell on the day have a message on it. `active`, `read`: chat ids.

    Told, not blocking: Radist does not say whether every activity is a message. A chat that was active again later
    stands on the later day alone, so the check sees the newest days best.
    """
    chats = pc.unique(active)
    unread = len(chats.filter(pc.invert(pc.is_in(chats, pc.unique(read)))))
    return Verdict(
        "active_chats_read",
        unread <= MOST_UNREAD * len(chats),
        False,
        Sentence(
            f"Чатов, активных в этот день: {len(chats)}, из них без сообщений за день: {unread}.",
            f"Chats active on this day: {len(chats)}, of them without a message on it: {unread}.",
        ),
        {"chats": len(chats), "unread": unread},
    )


def source_counts(table: Table, seen: int, stored: int, repeated: int, put_aside: int) -> Verdict:
    """What the source showed is stored, put aside, or was shown twice.

    `seen`: without the rows of other days, which a listing rightly shows. Told, not blocking: the report's own
    reconciliation decides.
    """
    lost = max(0, seen - stored - repeated - put_aside)
    share = lost / seen if seen else 0.0
    return Verdict(
        "source_counts",
        share <= MOST_LOST,
        False,
        Sentence(
            f"«{table.ru}»: источник показал {seen}, сохранено {stored}, повторов {repeated}, отложено {put_aside}.",
            f"{table.en}: the source showed {seen}, stored {stored}, repeated {repeated}, put aside {put_aside}.",
        ),
        {"seen": seen, "stored": stored, "repeated": repeated, "put_aside": put_aside, "lost": lost},
    )


def continuity(counts: Sequence[int], place: int) -> Verdict:
    """A day without one message between busy days is suspicious. `counts`: messages of the days around, in order."""
    around = [count for index, count in enumerate(counts) if index != place]
    busy = sum(count > 0 for count in around)
    silent = counts[place] == 0 and busy >= BUSY_DAYS and busy == len(around)
    return Verdict(
        "message_continuity",
        not silent,
        False,
        Sentence(
            "За день нет ни одного сообщения, хотя в соседние дни переписка шла."
            if silent
            else "Дни идут без пропусков.",
            "Not one message on this day, though people wrote on the days around." if silent else "No day is missing.",
        ),
        {"messages": counts[place], "around": around},
    )


def linked_share(linked: int, episodes: int, before: Mapping[str, int]) -> Verdict:
    """How many of the day's episodes have a contact; a big drop against the look-back is told.

    `before`: `linked` and `episodes` of the days before.
    """
    share = linked / episodes if episodes else None
    usual = before["linked"] / before["episodes"] if before["episodes"] >= ROWS_TO_JUDGE else None
    dropped = share is not None and usual is not None and episodes >= ROWS_TO_JUDGE and usual - share > LINKED_DROP
    now, then = (f"{value:.0%}" if value is not None else "—" for value in (share, usual))
    return Verdict(
        "linked_share",
        not dropped,
        False,
        Sentence(
            f"С контактом CRM связано {now} обращений, раньше {then}.",
            f"{now} of the episodes have a CRM contact, {then} before.",
        ),
        {"linked": linked, "episodes": episodes, "share": share, "before": usual},
    )
