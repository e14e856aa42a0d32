"""The dictionary of data: a search over all tables and columns, and one table with its meaning."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.data_names import full_name
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import data_dictionary as service
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser
from synkro_resources.dictionary import TYPES
from synkro_resources.model.tables import Column, Table


def draw_dictionary(place: Installation, user: SessionUser, tenant: str) -> None:
    language = user.language
    st.caption(translate(language, "data.dictionary_about"))
    wanted = st.text_input(
        translate(language, "data.dictionary_search"), key="data_search", icon=":material/search:", max_chars=100
    )
    found = {table.name: table for table in service.tables(place, user, tenant, wanted)}
    if not found:
        st.info(translate(language, "data.dictionary_none"), icon=":material/info:")
        return
    st.caption(translate(language, "data.dictionary_found", count=len(found)))
    if st.session_state.get("data_table") not in found:
        st.session_state.pop("data_table", None)
    chosen = st.selectbox(
        translate(language, "data.dictionary_table"),
        list(found),
        format_func=lambda name: f"{full_name(name, language)} ({name})",
        key="data_table",
    )
    _draw_table(found[chosen], wanted, language)


def _draw_table(table: Table, wanted: str, language: str) -> None:
    lines = [f"**{plain(table.ru if language == 'ru' else table.en)}**"]
    facts = translate(
        language,
        "data.dictionary_facts",
        columns=", ".join(table.key),
        source=table.source,
        layout=translate(language, f"data.layout_{table.layout}"),
    )
    lines.append(plain(facts))
    if table.warehouse:
        lines.append(plain(translate(language, "data.dictionary_client", name=table.warehouse)))
    st.markdown("  \n".join(lines))
    found = service.columns(table, wanted)
    shown = [*found, *(column for column in table.columns if column not in found)]
    st.dataframe([_column(one, language) for one in shown], hide_index=True, width="stretch", height="content")


def _column(column: Column, language: str) -> dict[str, str]:
    kind = translate(language, f"data.type_{TYPES[column.type].replace('/', '')}")
    cells = {
        "column": column.name,
        "meaning": column.ru if language == "ru" else column.en,
        "type": kind if column.required else translate(language, "data.may_be_empty", type=kind),
        "unit": column.unit,
        "personal": translate(language, "data.yes") if column.personal else "",
    }
    return {translate(language, f"data.col_{name}"): cell for name, cell in cells.items()}
