"""The user part of a request: an episode between lines that no client can write (docs/analysis.md, «Model input»)."""

from __future__ import annotations

import re
import secrets
import unicodedata
from zoneinfo import ZoneInfo

from synkro_assets.analysis.comparable import LINE_BREAK
from synkro_assets.analysis.content import CallLine, EpisodeContent, Line, MessageLine, dropped_mark
from synkro_assets.analysis.vocabulary import Author
from synkro_resources.rules.mapped_text import MappedText

WEEKDAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_BREAKS = frozenset("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
_HEADER = re.compile(r"^<<<EPISODE ([0-9a-f]{8})>>>$", re.MULTILINE)
"""Examples come first, the episode last; nobody's message begins a line."""
_ROLES = {Author.CLIENT: "Клиент", Author.BOT: "Бот", Author.BROADCAST: "Рассылка"}


def new_nonce(content: EpisodeContent) -> str:
    """Eight hexadecimal digits that stand nowhere in the episode, so that no client can write a line of ours."""
    text = "\n".join(content.canonical_lines()).lower()
    while (nonce := secrets.token_hex(4)) in text:
        continue
    return nonce


def render(content: EpisodeContent, nonce: str) -> str:
    """The episode as text: a line of facts, then a line per message and call, each with the nonce."""
    seen_from_start = "да" if content.started_before_window else "нет"
    lines = [
        f"<<<EPISODE {nonce}>>>",
        f"канал: {content.channel} | начало раньше окна: {seen_from_start} | пропущено сообщений: {content.dropped}",
    ]
    if content.dropped:
        lines.append(dropped_mark(content.dropped))
    zone = ZoneInfo(content.zone)
    lines += [_line(line, nonce, zone) for line in content.lines]
    return "\n".join([*lines, f"<<<END {nonce}>>>"])


def without_nonce(request: str) -> str:
    """The request as any call with the same words sends it: its nonce, which stands nowhere else, made zeros."""
    headers = _HEADER.findall(request)
    return request.replace(headers[-1], "0" * len(headers[-1])) if headers else request


def one_line(text: MappedText) -> MappedText:
    """Line breaks as «⏎», without control and invisible characters, so that a message cannot look like two."""
    shown: list[str] = []
    places: list[int] = []
    for index, character in enumerate(text.text):
        if character in _BREAKS:
            new = "" if text.text[index - 1 : index + 1] == "\r\n" else f" {LINE_BREAK} "
        elif character == "\t":
            new = " "
        else:
            new = "" if unicodedata.category(character) in _UNSEEN else character
        shown.append(new)
        places += [index] * len(new)
    return MappedText(
        "".join(shown),
        tuple(text.starts[place] for place in places),
        tuple(text.ends[place] for place in places),
    )


def _line(line: Line, nonce: str, zone: ZoneInfo) -> str:
    local = line.at.astimezone(zone)
    when = f"{WEEKDAYS[local.weekday()]} {local:%d.%m %H:%M}"
    if isinstance(line, CallLine):
        direction = "исходящий" if line.is_outgoing else "входящий"
        minutes, seconds = divmod(line.seconds, 60)
        length = f"{minutes} мин {seconds} с" if minutes else f"{seconds} с"
        return f"[{nonce}|{line.ref}|Звонок|{when}] {direction}, {length}"
    return f"[{nonce}|{line.ref}|{_role(line)}|{when}] {line.text.text}"


def _role(line: MessageLine) -> str:
    return f"Менеджер {line.manager}" if line.author is Author.MANAGER else _ROLES[line.author]
