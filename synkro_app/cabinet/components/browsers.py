"""A browser's name for people, from what it says of itself."""

from __future__ import annotations

# In this order: most browsers also claim to be those that stand below them.
BROWSERS = (
    ("YaBrowser/", "Yandex Browser"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
LONGEST = 40


def browser_name(agent: str) -> str:
    """«Chrome, Windows»; the first words of whatever is not known, nothing for nothing."""
    found = [next((name for mark, name in marks if mark in agent), None) for marks in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name is not None) or agent[:LONGEST]
