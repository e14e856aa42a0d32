"""From news to one message: everything of one look together, so that a bad minute is one line on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from synkro_app.alerts.incidents import Incident, News
from synkro_resources.channels import Message
from synkro_resources.http.redaction import scrub

MOST_LINES = 12
LONGEST_LINE = 300
WORDS = {
    "ru": {
        "began": "Synkro, {cell}: сбоев {count}",
        "over": "Synkro, {cell}: снова в порядке",
        "more": "… и ещё {count}",
    },
    "en": {
        "began": "Synkro, {cell}: {count} in trouble",
        "over": "Synkro, {cell}: well again",
        "more": "… and {count} more",
    },
}


def message_of(news: News, *, cell: str, language: str) -> Message:
    """The message; of many incidents the first ones and the number of the others."""
    words = WORDS.get(language, WORDS["ru"])
    html: list[str] = []
    plain: list[str] = []
    for key, incidents in (("began", news.began), ("over", news.over)):
        if not incidents:
            continue
        title = words[key].format(cell=cell, count=len(incidents))
        lines = list(_lines(incidents, language, remedies=key == "began"))
        if len(incidents) > MOST_LINES:
            lines.append(words["more"].format(count=len(incidents) - MOST_LINES))
        html += [f"<b>{escape(title)}</b>", *(escape(line) for line in lines)]
        plain += [title, *lines]
    return Message("\n".join(html), "\n".join(plain))


def _lines(incidents: tuple[Incident, ...], language: str, *, remedies: bool) -> Iterator[str]:
    for incident in incidents[:MOST_LINES]:
        trouble = incident.trouble
        parts = [trouble.what.in_language(language)]
        if remedies and trouble.remedy.ru:
            parts.append(trouble.remedy.in_language(language))
        yield f"• {scrub(' '.join(parts))[:LONGEST_LINE]}"
