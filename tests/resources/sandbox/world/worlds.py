"""Worlds that the tests share, and a second reading of a dialog by the rules, written independently of the planting."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from synkro_resources.sandbox.world.build import build_world
from synkro_resources.sandbox.world.model import World

END = datetime(2026, 11, 20, 12, tzinfo=UTC)

CLOSING = (
    *("спасибо большое", "большое спасибо", "спасибо вам", "спасибо", "спс", "благодарю", "ок"),
    *("окей", "ok", "хорошо", "понял", "поняла", "понятно", "ясно"),
    *("ага", "угу", "договорились", "принято", "отлично", "супер", "класс"),
    *("до свидания", "всего доброго", "до связи", "до встречи", "хорошего дня", "доброго дня", "и вам"),
)

SERVICE = {"reaction", "system", "call"}
"""What messengers say themselves; nobody waits for an answer to it."""


@cache
def world(seed: int = 20, days: int = 60) -> World:
    return build_world(seed, END, days=days)


def instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


def words(message: dict[str, Any]) -> str:
    body = message[message["message_type"]]
    return body.get("text") or body.get("body", {}).get("text") or body.get("caption") or ""


def is_closing(message: dict[str, Any]) -> bool:
    if message["message_type"] == "sticker":
        return True
    if message["message_type"] != "text" or "?" in words(message):
        return False
    letters = "".join(char if char.isalnum() else " " for char in unicodedata.normalize("NFKC", words(message)).lower())
    tokens = letters.split()
    while tokens:
        for phrase in sorted(CLOSING, key=lambda text: -len(text.split())):
            if tokens[: len(phrase.split())] == phrase.split():
                tokens = tokens[len(phrase.split()) :]
                break
        else:
            return False
    return True


@dataclass
class ReadTurn:
    """A client turn as read back from messages and calls."""

    episode_start_id: str
    opened_by: str
    first_of_episode: bool
    first_at: datetime
    clock_at: datetime
    needs_reply: bool
    answered_at: datetime | None = None
    answer_kind: str | None = None
    answer_same_episode: bool | None = None


def read_back(messages: list[dict[str, Any]], calls: list[datetime], automatic: set[str]) -> list[ReadTurn]:
    """All client turns of one dialog."""
    counted = [message for message in messages if message["message_type"] not in SERVICE]
    elements = sorted(
        [(instant(message["created_at"]), message["message_id"], message) for message in counted]
        + [(at, "", None) for at in calls],
        key=lambda item: item[:2],
    )
    turns: list[ReadTurn] = []
    waiting: list[ReadTurn] = []
    previous: datetime | None = None
    episode = opened_by = ""
    client_turns = 0
    side, asked, asked_before = "", False, False
    for at, message_id, message in elements:
        if message is not None:
            if previous is None or at - previous > timedelta(hours=72):
                episode, opened_by, client_turns, side, asked, asked_before = message_id, "", 0, "", False, False
            previous = at
            if message["error_at"] or words(message).lower() in automatic:
                continue
        if message is not None and message["direction"] == "inbound":
            opened_by = opened_by or "client"
            closing = is_closing(message)
            if side != "client":
                asked_before, side = asked, "client"
                client_turns += 1
                turn = ReadTurn(episode, opened_by, client_turns == 1, at, at, asked_before or not closing)
                turns.append(turn)
                waiting.append(turn)
            elif not turns[-1].needs_reply and not closing:
                turns[-1].needs_reply, turns[-1].clock_at = True, at
            continue
        if message is not None:
            opened_by = opened_by or "manager"
        asked = (asked and side == "manager") or (message is not None and "?" in words(message))
        side = "manager"
        for turn in waiting:
            turn.answered_at, turn.answer_kind = at, "message" if message else "call"
            turn.answer_same_episode = turn.episode_start_id == episode
        waiting.clear()
    return turns
