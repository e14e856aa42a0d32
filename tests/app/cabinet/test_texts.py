"""Both languages say the same things, and pages hold no sentences of their own."""

from __future__ import annotations

import re
from pathlib import Path

import synkro_app.cabinet
from synkro_app.cabinet.texts import catalogue

FOLDER = Path(synkro_app.cabinet.__file__).parent


def test_every_text_exists_in_both_languages_with_the_same_placeholders() -> None:
    russian, english = catalogue("ru"), catalogue("en")
    assert russian.keys() == english.keys()
    for key, text in russian.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key


def test_no_page_holds_a_russian_sentence() -> None:
    for path in [*FOLDER.glob("pages/*.py"), *FOLDER.glob("components/*.py")]:
        code = re.sub(r"\"\"\"[\s\S]*?\"\"\"|#.*", "", path.read_text(encoding="utf-8"))
        found = [line for line in code.splitlines() if re.search("[а-яё]", line, re.IGNORECASE)]
        assert not found, (path, found)


def test_every_text_that_a_page_asks_for_is_in_the_catalogue() -> None:
    known = catalogue("ru").keys()
    for path in FOLDER.rglob("*.py"):
        for key in re.findall(r'translate\(\w+(?:\.\w+)?, "([a-z_.]+)"', path.read_text(encoding="utf-8")):
            assert key in known, (path.name, key)
