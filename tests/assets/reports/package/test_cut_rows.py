"""An episode whose dialog speaks again a fortnight later keeps the beginning that the newest file no longer shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from synkro_assets.reports.package.cut_rows import whole_episodes, whole_turns
from synkro_resources.model.tables.dialogs import EPISODE, TURN

START = datetime(2026, 9, 7, 7, tzinfo=UTC)
FIRST_FILE, LATER_FILE = START + timedelta(hours=12), START + timedelta(days=14, hours=12)


def episode(file: datetime, **columns: Any) -> dict[str, object]:
    return {
        "episode_key": "7:m1",
        "dialog_id": 7,
        "start_at": START,
        "first_visible_at": START,
        "last_at": START + timedelta(minutes=5),
        "started_before_window": False,
        "opened_by": "client",
        "client_messages": 1,
        "manager_messages": 1,
        "labelable": True,
        "analysable": True,
        "skip_reason": None,
        "channel": "whatsapp",
        "link_method": "none",
        "is_duplicate_phone": False,
        "source_updated_at": file,
        **columns,
    }


CUT: dict[str, Any] = {
    "first_visible_at": START + timedelta(minutes=5),
    "started_before_window": True,
    "opened_by": "manager",
    "client_messages": 0,
    "labelable": False,
    "analysable": False,
    "skip_reason": "outbound_only",
}


def test_the_beginning_comes_from_the_last_file_that_holds_it_whole() -> None:
    newest = EPISODE.from_rows([episode(LATER_FILE, contact_id=5, **CUT)])
    stored = pa.concat_tables([EPISODE.from_rows([episode(FIRST_FILE)]), newest])
    row = whole_episodes(newest, stored).iloc[0]
    assert (row["opened_by"], row["started_before_window"], row["first_visible_at"]) == ("client", False, START)
    assert (row["labelable"], row["analysable"], row["client_messages"]) == (True, True, 1)
    assert row["contact_id"] == 5  # the newest file knows best whose dialog it is


def test_what_was_written_since_is_counted_by_the_newest_file() -> None:
    newest = EPISODE.from_rows([episode(LATER_FILE, **{**CUT, "last_at": START + timedelta(days=14)})])
    stored = pa.concat_tables([EPISODE.from_rows([episode(FIRST_FILE)]), newest])
    row = whole_episodes(newest, stored).iloc[0]
    assert (row["opened_by"], row["client_messages"], row["skip_reason"]) == ("client", 0, "outbound_only")


def test_an_episode_that_no_file_holds_whole_stays_as_it_is() -> None:
    newest = EPISODE.from_rows([episode(LATER_FILE, **CUT)])
    row = whole_episodes(newest, newest).iloc[0]
    assert (row["opened_by"], row["started_before_window"]) == ("manager", True)


def test_a_turn_at_the_look_back_keeps_the_clock_that_an_earlier_file_knows() -> None:
    def turn(file: datetime, **columns: Any) -> dict[str, object]:
        return {
            "turn_id": "7:m1:m1",
            "episode_key": "7:m1",
            "dialog_id": 7,
            "no": 0,
            "side": "client",
            "is_first_client_turn": True,
            "is_last_client_turn": True,
            "first_at": START,
            "last_at": START,
            "needs_reply": True,
            "needs_reply_source": "rule",
            "attribution": "none",
            "source_updated_at": file,
            **columns,
        }

    newest = TURN.from_rows([turn(LATER_FILE, needs_reply=False, answered_at=START + timedelta(hours=1))])
    stored = pa.concat_tables([TURN.from_rows([turn(FIRST_FILE, clock_at=START)]), newest])
    row = whole_turns(newest, stored).iloc[0]
    assert (row["clock_at"], row["needs_reply"]) == (START, True)
    assert row["answered_at"] == START + timedelta(hours=1)
