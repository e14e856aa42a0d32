"""A report document drawn with Streamlit's own pieces; the same lines as in the messenger."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_resources.model.report import Block, BlockKind, Line, ReportDocument

_MARKS = {"plain": "", "bold": "**", "italic": "_"}


def draw_document(document: ReportDocument) -> None:
    """Title, sections and blocks. Links are left to later pages: a reference opens rows, never a stored address."""
    st.header(plain(document.title), anchor=False)
    st.caption(plain(document.subtitle))
    for section in document.sections:
        lines = [line for block in section.blocks for line in block.lines]
        if not lines or section.code == "cabinet":  # the reader is here already
            continue
        with st.container(border=True):
            if section.title:
                st.markdown(f"**{plain(section.title)}**")
            for block in section.blocks:
                _draw_block(block)


def _draw_block(block: Block) -> None:
    text = "  \n".join(_markdown(line) for line in block.lines)
    match block.kind:
        case BlockKind.QUOTE:
            st.markdown("> " + text.replace("\n", "\n> "))
        case BlockKind.NOTE | BlockKind.STATUS:
            st.caption(text)
        case _:
            st.markdown(text)


def _markdown(line: Line) -> str:
    parts: list[str] = []
    for run in line:
        mark, text = _MARKS[run.style], plain(run.text)
        core = text.strip()
        parts.append(text.replace(core, f"{mark}{core}{mark}", 1) if mark and core else text)
    return "".join(parts)
