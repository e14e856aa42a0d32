"""Which messenger a connection type belongs to: the vendor's types grow, their beginnings stay."""

from __future__ import annotations

PREFIXES: tuple[tuple[str, str], ...] = (
    ("whatsapp", "whatsapp"),
    ("waba", "whatsapp"),
    ("telegram", "telegram"),
    ("max", "max"),
    ("avito", "avito"),
    ("vk", "vk"),
    ("viber", "viber"),
    ("instagram", "instagram"),
    ("facebook", "facebook"),
)

OTHER = "other"


def channel_of(connection_type: str) -> str:
    """`whatsapp`, `telegram`, `max` …; `other` for types that are no messenger or not known yet."""
    lowered = connection_type.lower()
    return next((channel for prefix, channel in PREFIXES if lowered.startswith(prefix)), OTHER)


def is_messenger(connection_type: str) -> bool:
    return channel_of(connection_type) != OTHER
