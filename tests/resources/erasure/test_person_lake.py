"""What could not be read of a person's rows goes, too: those copies do not say whose they are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_lake import Person, erase_person_from_lake
from synkro_resources.lake import Lake
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.tables.raw import RADIST_MESSAGES, quarantine_of

DAY, NOON = date(2026, 11, 18), datetime(2026, 11, 18, 12, tzinfo=UTC)


def put_aside(lake: Lake, tenant: str, table: Table, *texts: str) -> None:
    rows = [{"reason": "ValueError", "put_aside_at": NOON, "raw": text} for text in texts]
    store = quarantine_of(table)
    days = pa.array([DAY] * len(rows), pa.date32())
    lake.write_days(store, tenant, [DAY], store.from_rows(rows).append_column(DAY_COLUMN, days))


def left(lake: Lake, tenant: str, table: Table) -> list[object]:
    return lake.read_days(quarantine_of(table), tenant, [DAY]).column("raw").to_pylist()


def test_unread_copies_of_a_dialog_go_although_they_name_nobody_and_raw_rows_of_others_stay(tmp_path: Path) -> None:
    lake, said = Lake(str(tmp_path)), '{"direction": "sideways", "text": {"text": "мой адрес — Садовая, 5"}}'
    for tenant in ("acme", "other"):
        put_aside(lake, tenant, MESSAGE, said)
        put_aside(lake, tenant, RADIST_MESSAGES, '{"id": null}', '{"text": "звоните 8 912 345-67-89"}')
    person = Person(Phone("79123456789"), dialogs=frozenset({1}))
    changes = erase_person_from_lake(str(tmp_path), "acme", person, lambda _: None)
    assert left(lake, "acme", MESSAGE) == []
    assert left(lake, "acme", RADIST_MESSAGES) == ['{"id": null}']
    assert sum(changes.dropped.values()) == 2
    assert left(lake, "other", MESSAGE) == [said]
    assert len(left(lake, "other", RADIST_MESSAGES)) == 2
