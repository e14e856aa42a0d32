"""The dictionary of data as the page «Данные» searches it: every table and column of the registry with its meaning."""

from __future__ import annotations

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import EVERYBODY, require_state
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.tables import TABLES, Column, Table


def tables(place: Installation, user: SessionUser, tenant: str, wanted: str) -> list[Table]:
    """The tables whose name, meaning or a column of which holds all words of `wanted`, best first; empty: all.

    A table that is called so stands before one that only has such a column.
    """
    del place  # the same for everybody; the rights are asked as everywhere
    require_state(user, tenant, EVERYBODY)
    words = wanted.casefold().split()
    named = [table for table in TABLES.values() if holds(_told(table), words)]
    rest = [table for table in TABLES.values() if table not in named and columns(table, wanted)]
    return [*named, *rest]


def columns(table: Table, wanted: str) -> list[Column]:
    """The columns that hold all words of `wanted` in name or meaning."""
    words = wanted.casefold().split()
    return [column for column in table.columns if holds(f"{column.name} {column.ru} {column.en}", words)]


def holds(text: str, words: list[str]) -> bool:
    """Whether the text holds every one of the words, in any case and order."""
    folded = text.casefold()
    return all(word in folded for word in words)


def _told(table: Table) -> str:
    return f"{table.name} {table.ru} {table.en} {table.warehouse or ''}"
