"""Every page that the menu can offer opens by its address and has a name in both languages."""

from __future__ import annotations

from importlib import import_module

from synkro_app.cabinet.paths import PAGES, addresses
from synkro_app.cabinet.texts import LANGUAGES, catalogue


def test_every_page_has_a_module_an_address_and_a_name_in_both_languages() -> None:
    assert len(set(addresses())) == len(PAGES)
    for name in PAGES:
        assert callable(import_module(f"synkro_app.cabinet.pages.{name}").draw)
        for language in LANGUAGES:
            assert catalogue(language)[f"nav.{name}"]
