"""Turns and answers: who waits for whom since when, and who answered (docs/metrics.md, «Turns»)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd
import pyarrow as pa

from synkro_assets.dialogs.context import DayContext, DialogContext
from synkro_assets.dialogs.timeline import DialogDay, EpisodeSlice, Spoken, Timelines
from synkro_resources.model.tables import DAY_COLUMN, INSTANT
from synkro_resources.model.tables.dialogs import TURN

_CALL_SORTS_LAST = "\uffff"
"""A call at the very second of a message comes after it."""


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that a side did: a message, or a connected call of the manager's."""

    at: datetime
    side: str
    message: Spoken | None
    episode_no: int

    @property
    def kind(self) -> str:
        return "call" if self.message is None else "message"


@dataclass(slots=True)
class Turn:
    """Consecutive elements of one side inside one episode."""

    episode_no: int
    no: int
    side: str
    elements: list[Element] = field(default_factory=list[Element])

    @property
    def messages(self) -> list[Spoken]:
        return [element.message for element in self.elements if element.message is not None]


def build_turns(timelines: Timelines) -> pa.Table:
    """One row per turn and day of the window, as known at that day's end, with the day column."""
    context = timelines.context
    rows: list[dict[str, object]] = []
    days: list[date] = []
    for day in context.window.days:
        for known, dialog in timelines.day(day):
            for row in _rows_of_dialog(dialog, known):
                rows.append(row)
                days.append(day)
    _add_working_time(rows, context)
    for row in rows:
        _attribute(row, context)
    return TURN.from_rows(rows).append_column(DAY_COLUMN, pa.array(days, pa.date32()))


def _rows_of_dialog(dialog: DialogDay, known: DayContext) -> Iterator[dict[str, object]]:
    elements = [element for number, episode in enumerate(dialog.episodes) for element in elements_of(episode, number)]
    for number, episode in enumerate(dialog.episodes):
        turns = turns_of([element for element in elements if element.episode_no == number], number)
        client_turns = [turn for turn in turns if turn.side == "client"]
        for turn in turns:
            before = next((t for t in reversed(turns[: turn.no]) if t.side == "manager"), None)
            row = _base_row(turn, episode, dialog, known)
            if turn.side == "client":
                asked = before is not None and any("?" in (message.text or "") for message in before.messages)
                row |= _client_columns(turn, episode, elements, asked=asked)
                row["is_first_client_turn"] = turn is client_turns[0]
                row["is_last_client_turn"] = turn is client_turns[-1]
                row["_answer"] = answer_to(turn, elements)
            row["_known"] = known
            row["_deal"] = episode.deal.deal_id
            yield row


def elements_of(episode: EpisodeSlice, number: int) -> list[Element]:
    """What counts for turns: client and manager messages that arrived, and connected calls, in order."""
    spoken = [
        Element(message.sent_at, message.author_kind, message, number)
        for message in episode.messages
        if message.author_kind in ("client", "manager") and not message.is_undelivered
    ]
    called = [Element(call.at, "manager", None, number) for call in episode.calls]
    return sorted(
        [*spoken, *called],
        key=lambda element: (
            element.at,
            _CALL_SORTS_LAST if element.message is None else element.message.message_id,
        ),
    )


def turns_of(elements: Sequence[Element], episode_no: int) -> list[Turn]:
    """Consecutive elements of one side, numbered from zero."""
    turns: list[Turn] = []
    for element in elements:
        if not turns or turns[-1].side != element.side:
            turns.append(Turn(episode_no, len(turns), element.side))
        turns[-1].elements.append(element)
    return turns


def needs_reply(turn: Turn, *, asked: bool) -> bool:
    """False only if every message is closing and the manager had not asked anything."""
    return asked or not all(message.is_closing for message in turn.messages)


def clock_of(turn: Turn, *, asked: bool) -> datetime:
    """The first message that is not closing; the first message where the manager had asked, or all are closing."""
    if asked:
        return turn.elements[0].at
    return next((message.sent_at for message in turn.messages if not message.is_closing), turn.elements[0].at)


def answer_to(turn: Turn, elements: Sequence[Element]) -> Element | None:
    """The first manager-side element of the dialog after the turn, also in a later episode."""
    last = turn.elements[-1]
    position = next(number for number, element in enumerate(elements) if element is last)
    return next((element for element in elements[position + 1 :] if element.side == "manager"), None)


def _base_row(turn: Turn, episode: EpisodeSlice, dialog: DialogDay, known: DayContext) -> dict[str, object]:
    return {
        "turn_id": f"{episode.key}:{_turn_mark(turn)}",
        "episode_key": episode.key,
        "dialog_id": dialog.dialog_id,
        "no": turn.no,
        "side": turn.side,
        "is_first_client_turn": False,
        "is_last_client_turn": False,
        "first_at": turn.elements[0].at,
        "last_at": turn.elements[-1].at,
        "attribution": "none",
        "source_updated_at": known.end,
    }


def _turn_mark(turn: Turn) -> str:
    """Stable while the window moves on: the turn's first message, or the time of its first call."""
    first = turn.elements[0]
    return f"call@{first.at.isoformat()}" if first.message is None else first.message.message_id


def _client_columns(
    turn: Turn, episode: EpisodeSlice, elements: Sequence[Element], *, asked: bool
) -> dict[str, object]:
    clock_at = clock_of(turn, asked=asked)
    is_cut = turn.no == 0 and not episode.starts_here
    answer = answer_to(turn, elements)
    touches = (m.sent_at for m in episode.messages if m.author_kind == "bot" and m.sent_at >= clock_at)
    touched_at = next((at for at in touches if answer is None or at < answer.at), None)
    return {
        "clock_at": None if is_cut else clock_at,
        "needs_reply": needs_reply(turn, asked=asked),
        "needs_reply_source": "rule",
        "answered_at": None if answer is None else answer.at,
        "answer_kind": None if answer is None else answer.kind,
        "answer_same_episode": None if answer is None else answer.episode_no == turn.episode_no,
        "bot_touch_s": None if touched_at is None else (touched_at - clock_at).total_seconds(),
    }


def _add_working_time(rows: list[dict[str, object]], context: DialogContext) -> None:
    """Due time and working minutes of all client turns in one pass."""
    client = [row for row in rows if row["side"] == "client" and row["clock_at"] is not None]
    if not client:
        return
    clocks = _instants(row["clock_at"] for row in client)
    answers = _instants(row["answered_at"] for row in client)
    due = context.calendar.due_many(clocks, context.settings.sla_minutes)
    minutes = context.calendar.minutes_many(clocks, answers)
    for row, due_at, wt in zip(client, due, minutes, strict=True):
        row["due_at"] = due_at.to_pydatetime()
        row["wt_minutes"] = None if pd.isna(wt) else float(wt)


def _instants(values: Iterable[object]) -> pd.Series:
    """A UTC column; empty where a value is None."""
    return pa.array(list(values), INSTANT).to_pandas()


def _attribute(row: dict[str, object], context: DialogContext) -> None:
    """Whose turn it was: the message's author, else the deal's responsible user at that moment."""
    known, answer = row.pop("_known"), row.pop("_answer", None)
    deal_id = row.pop("_deal")
    if row["side"] != "client" or not isinstance(known, DayContext):
        return
    if isinstance(answer, Element) and answer.message is not None and answer.message.author_ref is not None:
        author = context.settings.author_map.get(answer.message.author_ref)
        if author is not None:
            row |= {"manager_id": author, "attribution": "author", "attribution_confidence": 1.0}
            return
    if isinstance(answer, Element) and answer.message is not None:
        user = context.chat_users.get(answer.message.message_id)
        if user is not None:
            row |= {"manager_id": user, "attribution": "crm_chat", "attribution_confidence": 0.8}
            return
    due_at, answered_at = row.get("due_at"), row["answered_at"]
    moment = answered_at if answered_at is not None else due_at
    if not isinstance(moment, datetime) or moment > known.end:
        moment = known.end
    found = known.history.responsible_at(deal_id if isinstance(deal_id, int) else None, moment)
    if found.manager_id is not None:
        row |= {
            "manager_id": found.manager_id,
            "attribution": found.attribution,
            "attribution_confidence": found.confidence,
        }
