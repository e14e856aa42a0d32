"""Links from one page of the cabinet to another, by the name of the page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import streamlit as st

from synkro_app.cabinet.paths import PAGES, START
from synkro_app.cabinet.texts import translate


def page_link(
    name: str,
    language: str,
    label_key: str | None = None,
    *,
    label: str | None = None,
    icon: str | None = None,
    query: Mapping[str, str] | None = None,
) -> None:
    """A link to a page that this person is offered; by default it says the page's own name and bears its icon.

    `label`: Markdown that stands instead of the text of `label_key`; `query`: what the page's address asks for.
    """
    page = st.Page(
        import_module(f"synkro_app.cabinet.pages.{name}").draw,
        url_path=None if name == START else name,
        default=name == START,
    )
    st.page_link(
        page,
        label=label or translate(language, label_key or f"nav.{name}"),
        icon=icon or PAGES[name].icon,
        query_params=dict(query or {}),
    )
