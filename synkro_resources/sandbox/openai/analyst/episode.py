"""The episode as the request shows it: the lines between the two nonce lines of the user message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Side = Literal["client", "manager", "bot", "broadcast"]

_SIDES: dict[str, Side] = {"Клиент": "client", "Бот": "bot", "Рассылка": "broadcast"}
_BEGIN = re.compile(r"^<<<EPISODE ([0-9a-f]{8})>>>$", re.MULTILINE)
_LINE = re.compile(r"^\[([0-9a-f]{8})\|([mc]\d+)\|([^|\]]+)\|([^|\]]+)\] ?(.*)$")
_STARTED_BEFORE = re.compile(r"начало раньше окна: да")
_LEFT_OUT = re.compile(r"пропущено сообщений: [1-9]")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that may be cited; `place` is its line among messages and calls, `text` exactly as it was sent."""

    ref: str
    place: int
    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class Episode:
    """What one request is about. `calls` are the places of connected calls, which nobody can cite."""

    messages: tuple[Message, ...]
    calls: tuple[int, ...]
    is_cut: bool
    """Whether its beginning is not shown."""
    outside: str
    """The rest of the user message."""


def find_episode(user_message: str) -> Episode | None:
    """The last episode of a user message; None if it holds none.

    Only lines that carry the nonce count: a delimiter that somebody typed in a chat stands inside such a line.
    """
    for begin in reversed(list(_BEGIN.finditer(user_message))):
        nonce = begin.group(1)
        end = re.compile(rf"^<<<END {nonce}>>>$", re.MULTILINE).search(user_message, begin.end())
        if end is not None:
            body = user_message[begin.end() : end.start()]
            return _read(body, nonce, user_message[: begin.start()] + user_message[end.end() :])
    return None


def _read(body: str, nonce: str, outside: str) -> Episode:
    messages: list[Message] = []
    calls: list[int] = []
    header: list[str] = []
    # Only line feeds end a line: other separators of Unicode may stand in a message.
    for place, line in enumerate(body.split("\n")):
        found = _LINE.match(line)
        if found is None or found.group(1) != nonce:
            header.append(line)
        elif found.group(2).startswith("c"):
            calls.append(place)
        else:
            side = _SIDES.get(found.group(3), "manager")
            messages.append(Message(found.group(2), place, side, found.group(5)))
    told = "\n".join(header)
    is_cut = bool(_STARTED_BEFORE.search(told) or _LEFT_OUT.search(told))
    return Episode(tuple(messages), tuple(calls), is_cut, outside)
