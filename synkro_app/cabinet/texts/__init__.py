"""The catalogues of product texts: Russian first, English second; pages hold no sentences of their own."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import cast

from babel.core import Locale

LANGUAGES = ("ru", "en")


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language by dotted key; plural forms are keys ending in `.one`, `.few`, `.many`, `.other`.

    One file per area of the cabinet.

    Raises:
        ValueError: two files hold the same key.
    """
    texts: dict[str, str] = {}
    for source in (files("synkro_app.cabinet.texts") / language).iterdir():
        for key, text in _flat("", tomllib.loads(source.read_text(encoding="utf-8"))):
            if key in texts:
                raise ValueError(f"the text {key!r} stands in two catalogues of {language!r}")
            texts[key] = text
    return texts


def _flat(prefix: str, node: dict[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in node.items():
        if isinstance(value, dict):
            found += _flat(f"{prefix}{name}.", cast("dict[str, object]", value))
        else:
            found.append((prefix + name, str(value)))
    return found


def translate(language: str, key: str, **values: object) -> str:
    """The text of `key`, with `{name}` placeholders filled.

    Raises:
        KeyError: the catalogue lacks the key, which a test excludes.
    """
    return catalogue(language)[key].format(**values)


def plural(language: str, key: str, count: int, **values: object) -> str:
    """The form of `key` that fits `count` (1 шаг, 2 шага, 5 шагов)."""
    rule = Locale(language).plural_form
    texts = catalogue(language)
    form = texts.get(f"{key}.{rule(count)}", texts.get(f"{key}.other", ""))
    return form.format(n=count, **values)
