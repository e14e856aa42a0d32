"""Where deals stand, as people tell two stages of the same name apart."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from synkro_resources.dialog_clients import stages_of
from synkro_resources.lake import Lake
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import DEAL, PIPELINE_STATUS

DAY = date(2026, 11, 20)
VERSION = {"source_updated_at": datetime(2026, 11, 20, 9, tzinfo=UTC)}


def write(lake: Lake, table: Table, rows: list[dict[str, object]]) -> None:
    stored = table.from_rows(rows)
    days = pa.array([DAY] * stored.num_rows, pa.date32())
    lake.write_days(table, "acme", [DAY], stored.append_column(DAY_COLUMN, days))


def status(pipeline: int, funnel: str, number: int, name: str) -> dict[str, object]:
    flags = {"is_won": number == 142, "is_lost": False, "is_unsorted": False}
    named = {"pipeline_name": funnel, "status_name": name, "sort": number}
    return {"pipeline_id": pipeline, "status_id": number, **named, **flags, **VERSION}


def deal(number: int, pipeline: int, stage: int, *, deleted: bool = False) -> dict[str, object]:
    return {"deal_id": number, "pipeline_id": pipeline, "status_id": stage, "is_deleted": deleted, **VERSION}


def test_won_in_one_funnel_is_not_won_in_another_and_a_deleted_deal_stands_nowhere(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    write(lake, PIPELINE_STATUS, [status(1, "Продажи", 142, "Успешно"), status(2, "Сервис", 142, "Успешно")])
    write(lake, DEAL, [deal(10, 1, 142), deal(11, 2, 142), deal(12, 1, 142, deleted=True), deal(13, 1, 7)])
    found = stages_of(lake, "acme", [10, 11, 12, 13, 14])
    assert {number: stage.name for number, stage in found.items()} == {10: "Успешно · Продажи", 11: "Успешно · Сервис"}
    assert found[10] != found[11]
    assert stages_of(lake, "another", [10]) == {}
