"""The invented gold set: short dialogs with their labels behind «||», each told in two trades.

`{a|b}` is the wording of the first and of the second telling; «=» holds what no message proves. Items that are not
named are not applicable, except that nobody was rude (CK10) or asked for a card (CK11) where a manager wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import files

from synkro_assets.analysis.vocabulary import CHECKLIST_CODES, NO_CODE, NO_VALUE, Applicability, FindingType
from synkro_assets.evaluation.gold import GoldEpisode, GoldLine, Label

SOURCE = "synthetic_dialogs.txt"
TELLINGS = 2
BEGAN = datetime(2026, 9, 7, 10)  # noqa: DTZ001  # local to the episode's zone
ZONES = ("Europe/Moscow", "Asia/Yekaterinburg")

_CHOICE = re.compile(r"\{([^{}|]*)\|([^{}]*)\}")
_WHO = {"К": "client", "М": "manager", "Б": "bot", "Р": "broadcast"}
_OPEN = {item.value: item for item in (Applicability.NOT_APPLICABLE, Applicability.UNDETERMINED)}
_COUNTED = {"i": FindingType.INTENT, "t": FindingType.TOPIC, "lost": FindingType.LOST_REASON}
_OF_OBJECTION = {
    "obj": (FindingType.OBJECTION, "raised"),
    "handled": (FindingType.OBJECTION_REPLY, "handled"),
    "unhandled": (FindingType.OBJECTION_REPLY, "not_handled"),
    "accepted": (FindingType.OBJECTION_OUTCOME, "accepted"),
    "declined": (FindingType.OBJECTION_OUTCOME, "declined"),
    "open": (FindingType.OBJECTION_OUTCOME, "open"),
}
_SINGLE = {
    "reply": FindingType.NEEDS_REPLY,
    "start": FindingType.SENTIMENT_START,
    "end": FindingType.SENTIMENT_END,
}


def synthetic_gold() -> list[GoldEpisode]:
    """Sixty episodes; the same at every call."""
    text = files("synkro_assets.evaluation").joinpath(SOURCE).read_text(encoding="utf-8")
    blocks = [block.strip().splitlines() for block in text.split("\n# ") if block.strip()]
    return [_episode(block, telling) for block in blocks for telling in range(TELLINGS)]


def _episode(block: list[str], telling: int) -> GoldEpisode:
    name, channel, *more = (part.strip() for part in block[0].lstrip("# ").split("|"))
    lines: list[GoldLine] = []
    labels: dict[tuple[FindingType, str], Label] = {}
    for row in block[1:]:
        told, _, marks = row.partition("||")
        if told.startswith("="):
            refs, marks = (), told[1:]
        else:
            who, text = told.strip().split(": ", 1)
            refs = (f"m{len(lines) + 1}",)
            at = BEGAN + timedelta(minutes=4 * len(lines))
            words = _CHOICE.sub(lambda found: found.group(telling + 1), text)
            lines.append(GoldLine.model_validate({"ref": refs[0], "who": _WHO[who], "at": at, "text": words.strip()}))
        for label in _labels(marks.split(), refs):
            single = label.type in (FindingType.NEEDS_REPLY, FindingType.SENTIMENT_END, FindingType.SENTIMENT_START)
            labels[label.type, "" if single else label.code] = label
    wrote = any(line.who == "manager" for line in lines)
    for code in CHECKLIST_CODES:
        labels.setdefault((FindingType.CHECKLIST, code), _unnamed(code, wrote))
    return GoldEpisode(
        key=f"{name}-{telling + 1}",
        channel=channel,
        zone=ZONES[telling],
        started_before_window="before" in more,
        lines=tuple(lines),
        labels=tuple(labels.values()),
    )


def _labels(marks: list[str], refs: tuple[str, ...]) -> Iterator[Label]:
    for mark in marks:
        name, _, value = mark.partition(":")
        if name.isdigit():
            yield _label(FindingType.CHECKLIST, f"CK{int(name):02d}", value, refs)
        elif name == "client":
            yield _label(FindingType.CLIENT_TYPE, value, "undetermined" if value == "unclear" else "yes", refs)
        elif name in _SINGLE:
            yield _label(_SINGLE[name], NO_CODE, value, refs)
        elif name in _COUNTED:
            yield _label(_COUNTED[name], value, "yes", refs)
        else:
            kind, verdict = _OF_OBJECTION[name]
            yield _label(kind, value, verdict, refs)


def _label(kind: FindingType, code: str, value: str, refs: tuple[str, ...]) -> Label:
    applicability = _OPEN.get(value)
    if applicability is None:
        return Label(type=kind, code=code, value=value, refs=refs)
    return Label(type=kind, code=code, value=NO_VALUE, applicability=applicability)


def _unnamed(code: str, manager_wrote: bool) -> Label:
    fine = manager_wrote and code in ("CK10", "CK11")
    return _label(FindingType.CHECKLIST, code, "yes" if fine else "not_applicable", ())
