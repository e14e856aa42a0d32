"""Incidents of the platform: seen twice before they are told, told once, and over after some calm. Pure rules.

They live in a file beside the installation and not in the control database: that one being away is an incident, too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from synkro_resources.model.errors import Sentence

CONFIRMED_AFTER = timedelta(seconds=50)
"""Something that the next look does not find any more, a restart for example, is no news."""
CALM = timedelta(minutes=10)
"""What fails again within this time has not been over."""
_NOTHING = Sentence("", "")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is amiss now; `kind` and `subject` make it one incident.

    `is_event`: it merely ages out of a look back, so that its end is no news.
    """

    kind: str
    subject: str
    what: Sentence
    remedy: Sentence = _NOTHING
    is_event: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Incident:
    """A trouble over time; instants are UTC. `told_at` is None until operators have heard of it."""

    trouble: Trouble
    began_at: datetime
    seen_at: datetime
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What operators have not heard yet."""

    began: tuple[Incident, ...] = ()
    over: tuple[Incident, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.began or self.over)


@dataclass(frozen=True, slots=True)
class Incidents:
    """All that is not over, by key."""

    by_key: Mapping[str, Incident] = field(default_factory=dict[str, Incident])

    def seen(self, troubles: Iterable[Trouble], looked_at: Collection[str], now: datetime) -> Incidents:
        """After one look. `looked_at`: the kinds that this look could judge; others stay as they are."""
        found = {trouble.key: trouble for trouble in troubles}
        known = dict(self.by_key)
        for key, trouble in found.items():
            earlier = known.get(key)
            known[key] = (
                Incident(trouble, now, now) if earlier is None else replace(earlier, trouble=trouble, seen_at=now)
            )
        for key, incident in self.by_key.items():
            is_gone = key not in found and incident.trouble.kind in looked_at
            if is_gone and (incident.told_at is None or incident.trouble.is_event):
                del known[key]
        return Incidents(known)

    def news(self, looked_at: Collection[str], now: datetime) -> News:
        """What is to be told after a look at `now`."""
        began = [
            one
            for one in self.by_key.values()
            if one.told_at is None and one.seen_at == now and now - one.began_at >= CONFIRMED_AFTER
        ]
        over = [
            one
            for one in self.by_key.values()
            if one.told_at is not None and one.trouble.kind in looked_at and now - one.seen_at >= CALM
        ]
        return News(tuple(began), tuple(over))

    def told(self, news: News, now: datetime) -> Incidents:
        """After operators have heard the news."""
        known = dict(self.by_key)
        for incident in news.began:
            known[incident.trouble.key] = replace(incident, told_at=now)
        for incident in news.over:
            del known[incident.trouble.key]
        return Incidents(known)


def load(path: Path) -> Incidents:
    """The incidents of the last look; none where there was no look, or where the file is not ours to read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Incidents({one.trouble.key: one for one in map(_incident, stored)})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Incidents()  # the worst that a lost file does is to tell once more


def save(path: Path, incidents: Incidents) -> None:
    """Replace the file whole: a process that is killed must not tell everything anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps([_json(one) for one in incidents.by_key.values()], ensure_ascii=False), "utf-8")
    part.replace(path)


def _json(one: Incident) -> dict[str, object]:
    trouble = one.trouble
    return {
        "kind": trouble.kind,
        "subject": trouble.subject,
        "what": [trouble.what.ru, trouble.what.en],
        "remedy": [trouble.remedy.ru, trouble.remedy.en],
        "is_event": trouble.is_event,
        "began_at": one.began_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
        "told_at": None if one.told_at is None else one.told_at.isoformat(),
    }


def _incident(stored: dict[str, object]) -> Incident:
    told_at = stored["told_at"]
    return Incident(
        Trouble(
            str(stored["kind"]),
            str(stored["subject"]),
            _sentence(stored["what"]),
            _sentence(stored["remedy"]),
            bool(stored["is_event"]),
        ),
        datetime.fromisoformat(str(stored["began_at"])),
        datetime.fromisoformat(str(stored["seen_at"])),
        None if told_at is None else datetime.fromisoformat(str(told_at)),
    )


def _sentence(stored: object) -> Sentence:
    if not isinstance(stored, list) or len(stored) != 2:
        raise ValueError("not a sentence")
    return Sentence(str(stored[0]), str(stored[1]))
