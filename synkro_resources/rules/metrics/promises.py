"""What managers promised in dialogs and whether they did it in time (#16)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from synkro_resources.rules.deal_history import DealHistory, Responsible
from synkro_resources.rules.due_words import due_by_words
from synkro_resources.rules.metrics.calls import first_connected_call
from synkro_resources.rules.metrics.frames import moment, records, text, values, whole
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.statistics import Share
from synkro_resources.rules.working_time import Calendar

PromiseState = Literal["kept", "late", "broken", "open", "cannot_verify"]
OUTSIDE = re.compile(r"\bпочт|e-?mail|\b[еи]-?мейл|\bкурьер|\bлично\b", re.IGNORECASE)
"""What is done neither in the chat nor in the CRM: nobody can see from here whether it was."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise. `limit`: until when it was in time; `done_at`: when it was done, None if that is not known.

    `owner`: who answered for the deal when it was due; handing over the deal hands over the duty.
    """

    finding_id: str
    episode_key: str
    deal_id: int | None
    code: str
    said_at: datetime
    due_at: datetime
    limit: datetime
    done_at: datetime | None
    state: PromiseState
    owner: Responsible
    band: str


@dataclass(frozen=True, slots=True)
class Promises:
    """Promises by the time they were due."""

    rows: tuple[Promise, ...]

    def of(self, *states: PromiseState) -> tuple[Promise, ...]:
        return tuple(row for row in self.rows if row.state in states)

    @property
    def broken(self) -> Share:
        """Broken, of those that were due and can be verified."""
        return Share(len(self.of("broken")), len(self.of("kept", "late", "broken")))


def promises(
    labels: Labels,
    episodes: pd.DataFrame,
    messages: pd.DataFrame,
    calls: pd.DataFrame,
    history: DealHistory,
    calendar: Calendar,
    *,
    start: datetime,
    end: datetime,
    as_of: datetime,
    default_working_days: int,
    grace_minutes: float,
) -> Promises:
    """#16: promises whose limit lies in `[start, end)`, and those still open, as known at `as_of`.

    Due by their own words, else at the end of the n-th working day. Done by a message that the analysis found to keep
    them, or by a connected call where a call was promised.
    """
    sent = {str(key): at for key, at in zip(messages["message_id"], values(messages["sent_at"]), strict=True)}
    said = dict(zip(messages["message_id"], map(text, values(messages["text"])), strict=True))
    done = _done(labels, sent, as_of)
    about = {str(row["episode_key"]): row for row in records(episodes[["episode_key", "deal_id", "contact_id"]])}
    rows: list[Promise] = []
    for row in records(labels.found("promise", episodes["episode_key"])):
        message_id, episode = str(row["quote_message_id"]), about[str(row["episode_key"])]
        at = moment(sent.get(message_id))
        if at is None or at >= as_of:
            continue
        due = due_by_words(text(row["detail"]) or "", at, calendar)
        due = due or calendar.end_of_working_day(at, default_working_days)
        code, deal_id = str(row["code"]), whole(episode["deal_id"])
        called = first_connected_call(calls, deal_id, whole(episode["contact_id"]), since=at, until=as_of)
        ends = [done.get((message_id, code)), called if code == "call" else None]
        done_at = min((instant for instant in ends if instant is not None), default=None)
        limit = calendar.due_at(due, grace_minutes)
        outside = code == "visit" or OUTSIDE.search(said.get(message_id) or "") is not None
        state = promise_state(done_at, limit, as_of, is_outside=outside)
        if state != "open" and not start <= limit < end:
            continue
        rows.append(
            Promise(
                finding_id=str(row["finding_id"]),
                episode_key=str(row["episode_key"]),
                deal_id=deal_id,
                code=code,
                said_at=at,
                due_at=due,
                limit=limit,
                done_at=done_at,
                state=state,
                owner=history.responsible_at(deal_id, due),
                band=str(row["band"]),
            )
        )
    return Promises(tuple(sorted(rows, key=lambda row: (row.due_at, row.finding_id))))


def promise_state(
    done_at: datetime | None, limit: datetime, as_of: datetime, *, is_outside: bool = False
) -> PromiseState:
    """What became of one promise by `as_of`; done after `as_of` is not known yet."""
    if done_at is not None and done_at < as_of:
        return "kept" if done_at <= limit else "late"
    if is_outside:
        return "cannot_verify"
    return "broken" if as_of > limit else "open"


def _done(labels: Labels, sent: Mapping[str, object], as_of: datetime) -> dict[tuple[str, str], datetime]:
    """By promise (its message and code) when it was first kept; the finding cites the promise second."""
    found: dict[tuple[str, str], datetime] = {}
    rows = labels.found("promise_done")
    for code, cited in zip(rows["code"], rows["message_ids"], strict=True):
        at = moment(sent.get(str(cited[0]))) if len(cited) > 1 else None
        if at is not None and at < as_of:
            key = (str(cited[1]), str(code))
            found[key] = min(at, found.get(key, at))
    return found
