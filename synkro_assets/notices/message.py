"""From an incident to the message that is sent: short, escaped, without secrets and texts of clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from synkro_assets.notices.texts import TEXTS
from synkro_assets.reports.delivery.visible_text import visible
from synkro_resources.control.notices import Notice
from synkro_resources.http.redaction import scrub
from synkro_resources.model.errors import Sentence
from synkro_resources.model.period import Period
from synkro_resources.rules.formats import clock_time, period_name, zone_name

LONGEST_SENTENCE = 600
"""A cause or a remedy of somebody else's making may be long; the message has to fit into one part."""
EXPECTED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """Who is spoken to: `language` ru or en, the tenant's zone, and the cabinet's address without a trailing slash."""

    language: str
    zone: str
    cabinet_url: str

    @property
    def words(self) -> dict[str, str]:
        return TEXTS.get(self.language, TEXTS["ru"])

    def choose(self, sentence: Sentence) -> str:
        return sentence.en if self.language == "en" else sentence.ru


def for_admins(item: Notice, frame: Frame) -> dict[str, object]:
    """Title, step, cause and remedy, with a button to the page that mends it: the payload of an outbox row."""
    words, failure = frame.words, item.failure
    title = words[failure.kind].format(name=_name(item, frame)) + (words["again"] if item.times_told else "")
    lines = [
        words["step"].format(step=failure.step) if failure.step else "",
        words["what"].format(what=frame.choose(failure.what)),
        words["remedy"].format(remedy=remedy) if (remedy := frame.choose(failure.remedy)) else "",
    ]
    return _payload(title, [line for line in lines if line], frame, failure.page)


def recovery(item: Notice, frame: Frame) -> dict[str, object]:
    """One line: what was told as broken works again."""
    return _payload(frame.words["recovered"].format(name=_name(item, frame)), [], frame, "")


def for_readers(item: Notice, frame: Frame, now: datetime) -> dict[str, object]:
    """One line about a report, with the time at which it is expected."""
    expected = expected_at(now, frame.zone)
    time = frame.words["time"].format(
        time=clock_time(expected, frame.zone), zone=zone_name(expected, frame.zone, frame.language)
    )
    text = frame.words[item.failure.kind].format(period=frame.choose(item.failure.what), time=time)
    shown = visible(text)
    return {"html": escape(shown, quote=True), "plain": shown, "buttons": []}


def expected_at(now: datetime, zone: str) -> datetime:
    """The next full local hour that is at least an hour away."""
    local = (now + EXPECTED_AFTER).astimezone(ZoneInfo(zone))
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return local if not past else local - past + timedelta(hours=1)


def _name(item: Notice, frame: Frame) -> str:
    subject, words = item.failure.subject, frame.words
    known = words.get(f"name_{subject}")
    if known is not None or item.failure.kind != "request_failed":
        return known or subject
    period = Period.of_report_id(subject)
    return words["name_report"].format(period=period_name(period.first_day, period.last_day, frame.language))


def _payload(title: str, lines: list[str], frame: Frame, page: str) -> dict[str, object]:
    shown_title, *shown = (visible(scrub(text))[:LONGEST_SENTENCE] for text in (title, *lines))
    address = f"{frame.cabinet_url}{page}" if page else ""
    # Telegram refuses buttons that lead to a private address; the text then carries the address alone.
    is_public = address.startswith("https://")
    html = [f"<b>{escape(shown_title, quote=True)}</b>", *(escape(line, quote=True) for line in shown)]
    plain = [shown_title, *shown]
    if address and not is_public:
        html.append(f"<code>{escape(address, quote=True)}</code>")
        plain.append(address)
    return {
        "html": "\n".join(html),
        "plain": "\n".join(plain),
        "buttons": [[frame.words["button"], address]] if address and is_public else [],
    }
