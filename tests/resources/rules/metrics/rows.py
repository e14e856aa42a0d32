"""Short ways to write the rows of the worked examples; times are local to Moscow, September 2026 unless dated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa

from synkro_resources.model.tables.cards import TASK
from synkro_resources.model.tables.crm import CALL, CONTACT, CONTACT_PHONE, DEAL, DEAL_CONTACT, DEAL_EVENT
from synkro_resources.model.tables.dialogs import EPISODE, MESSAGE, TURN
from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.metrics.frames import as_frame
from tests.resources.rules.calendars import at

EVENTS_FROM = datetime(2026, 7, 31, 21, tzinfo=UTC)
VERSION = datetime(2026, 9, 14, tzinfo=UTC)
OPEN, ANOTHER_OPEN = 11, 12
WON, LOST = 142, 143


def local(text: str | None) -> datetime | None:
    """`07 10:00` is 7 September 2026 in Moscow."""
    if text is None:
        return None
    return at(text if text[2] == "-" or len(text) > 15 else f"09-{text}")


def turn(
    key: str,
    clock: str | None,
    answered: str | None = None,
    *,
    needs: bool = True,
    kind: str = "message",
    same: bool = True,
    no: int = 1,
    dialog: int | None = None,
    first: str | None = None,
    bot_s: float | None = None,
    manager: int | None = None,
) -> dict[str, object]:
    begun = local(first or clock)
    return {
        "turn_id": f"{key}:{no}",
        "episode_key": key,
        "dialog_id": dialog if dialog is not None else sum(map(ord, key)),
        "no": no,
        "side": "client",
        "is_first_client_turn": no == 1,
        "is_last_client_turn": True,
        "first_at": begun,
        "last_at": begun,
        "clock_at": local(clock) if needs else None if clock is None else local(clock),
        "needs_reply": needs,
        "needs_reply_source": "rule",
        "answered_at": local(answered),
        "answer_kind": kind if answered else None,
        "answer_same_episode": same if answered else None,
        "bot_touch_s": bot_s,
        "manager_id": manager,
        "attribution": "none" if manager is None else "event",
        "source_updated_at": VERSION,
    }


def episode(
    key: str,
    start: str,
    *,
    opened_by: str | None = "client",
    before_window: bool = False,
    deal: int | None = None,
    contact: int | None = None,
    dialog: int | None = None,
    channel: str = "whatsapp",
) -> dict[str, object]:
    begun = local(start)
    return {
        "episode_key": key,
        "dialog_id": dialog if dialog is not None else sum(map(ord, key)),
        "start_at": begun,
        "first_visible_at": begun,
        "last_at": begun,
        "started_before_window": before_window,
        "opened_by": opened_by,
        "client_messages": 1,
        "manager_messages": 0,
        "labelable": True,
        "analysable": False,
        "channel": channel,
        "contact_id": contact,
        "is_duplicate_phone": False,
        "deal_id": deal,
        "source_updated_at": VERSION,
    }


def deal(
    deal_id: int,
    price: int = 0,
    *,
    status: int = OPEN,
    created: str = "08-20 10:00",
    responsible: int | None = 1,
    reason: int | None = None,
    pipeline: int = 1,
    company: int | None = None,
    merged_into: int | None = None,
    deleted: bool = False,
) -> dict[str, object]:
    return {
        "deal_id": deal_id,
        "pipeline_id": pipeline,
        "status_id": status,
        "price": price,
        "responsible_id": responsible,
        "loss_reason_id": reason,
        "company_id": company,
        "created_at": local(created),
        "is_deleted": deleted,
        "merged_into": merged_into,
        "source_updated_at": VERSION,
    }


def move(deal_id: int, when: str, before: int, after: int, *, pipelines: tuple[int, int] = (1, 1)) -> dict[str, object]:
    return event(deal_id, when, "status") | {
        "before_pipeline_id": pipelines[0],
        "before_status_id": before,
        "after_pipeline_id": pipelines[1],
        "after_status_id": after,
    }


def hand_over(deal_id: int, when: str, before: int, after: int) -> dict[str, object]:
    return event(deal_id, when, "responsible") | {"before_user_id": before, "after_user_id": after}


def event(deal_id: int, when: str, kind: str) -> dict[str, object]:
    return {
        "event_id": f"{deal_id}-{kind}-{when}",
        "deal_id": deal_id,
        "at": local(when),
        "kind": kind,
        "source_updated_at": VERSION,
    }


def message(dialog: int, when: str, kind: str = "client") -> dict[str, object]:
    return {
        "message_id": f"{dialog}-{when}",
        "dialog_id": dialog,
        "sent_at": local(when),
        "direction": "inbound" if kind == "client" else "outbound",
        "author_kind": kind,
        "type": "text",
        "text_version": "x",
        "is_counted": True,
        "is_closing": False,
        "starts_episode": False,
        "no_zone": False,
        "source_updated_at": VERSION,
    }


def call(call_id: int, when: str, *, deal: int | None = None, contact: int | None = None) -> dict[str, object]:
    return {
        "call_id": call_id,
        "deal_id": deal,
        "contact_id": contact,
        "direction": "out",
        "at": local(when),
        "is_connected": False,
        "source_updated_at": VERSION,
    }


def contact(contact_id: int, *, company: int | None = None, username: str | None = None) -> dict[str, object]:
    return {
        "contact_id": contact_id,
        "company_id": company,
        "telegram_username": username,
        "is_deleted": False,
        "source_updated_at": VERSION,
    }


def phone(contact_id: int) -> dict[str, object]:
    return {"contact_id": contact_id, "position": 0, "phone_norm": f"7900{contact_id}", "source_updated_at": VERSION}


def deal_contact(deal_id: int, contact_id: int) -> dict[str, object]:
    return {"deal_id": deal_id, "contact_id": contact_id, "is_main": True, "source_updated_at": VERSION}


def frame(kind: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    return as_frame(table(kind, rows))


def table(kind: str, rows: list[dict[str, object]]) -> pa.Table:
    tables = {
        "turn": TURN,
        "episode": EPISODE,
        "deal": DEAL,
        "event": DEAL_EVENT,
        "message": MESSAGE,
        "call": CALL,
        "task": TASK,
        "contact": CONTACT,
        "phone": CONTACT_PHONE,
        "deal_contact": DEAL_CONTACT,
    }
    return tables[kind].from_rows(rows)


def history(
    deals: list[dict[str, object]], events: list[dict[str, object]] | None = None, until: str | None = None
) -> DealHistory:
    return DealHistory(frame("deal", deals), frame("event", events or []), events_from=EVENTS_FROM, until=local(until))


DAY = timedelta(days=1)
