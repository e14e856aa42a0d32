"""Telegram usernames out of what people type: «@name», a link, or the bare name."""

from __future__ import annotations

import re

_LINK = re.compile(r"^(?:https?://)?(?:www\.)?(?:t|telegram)\.me/", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")  # Telegram's alphabet; four letters are sold on Fragment


def telegram_username(raw: str | None) -> str | None:
    """The name without «@» as written, or None for a phone, a number, an invitation link or another text."""
    if not raw:
        return None
    name = _LINK.sub("", raw.strip()).removeprefix("@").partition("?")[0].rstrip("/")
    return name if _NAME.fullmatch(name) else None
