"""The lake's promises: whole days, nothing lost on a re-read, one tenant never sees another."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from synkro_resources.lake import Lake
from synkro_resources.model.errors import DataError, UserInputError
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.crm import DEAL_CONTACT
from synkro_resources.model.tables.raw import AMOCRM_LEADS, RADIST_MESSAGES

D1, D2, D3 = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)


def leads(*rows: tuple[int, int, date | None]) -> pa.Table:
    """Leads as (id, version in hours, day)."""
    base = datetime(2026, 11, 1, tzinfo=UTC)
    table = AMOCRM_LEADS.from_rows(
        [
            {
                "id": n,
                "source_updated_at": base + timedelta(hours=hours),
                "is_deleted": False,
                "raw": f'{{"v":{hours}}}',
            }
            for n, hours, _ in rows
        ]
    )
    return table.append_column(DAY_COLUMN, pa.array([day for _, _, day in rows], pa.date32()))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def test_a_day_without_rows_gets_an_empty_file_so_that_loaded_differs_from_never_loaded(lake: Lake) -> None:
    lake.write_days(AMOCRM_LEADS, "acme", [D1, D2], leads((1, 5, D1)))
    assert lake.days(AMOCRM_LEADS, "acme") == [D1, D2]
    assert lake.read_days(AMOCRM_LEADS, "acme", [D2]).num_rows == 0


def test_a_re_read_day_keeps_rows_that_the_vendor_no_longer_lists(lake: Lake) -> None:
    lake.write_days(AMOCRM_LEADS, "acme", [D1], leads((1, 5, D1), (2, 6, D1)))
    lake.write_days(AMOCRM_LEADS, "acme", [D1], leads((2, 7, D1)))
    rows = lake.read_days(AMOCRM_LEADS, "acme", [D1]).to_pylist()
    assert [(row["id"], row["raw"]) for row in rows] == [(1, '{"v":5}'), (2, '{"v":7}')]


def test_current_holds_the_newest_version_whatever_the_order_of_loading(lake: Lake) -> None:
    lake.write_days(AMOCRM_LEADS, "acme", [D2], leads((1, 30, D2), (3, 1, None)))
    lake.write_days(AMOCRM_LEADS, "acme", [D1], leads((1, 5, D1), (2, 6, D1)))
    current = lake.read_current(AMOCRM_LEADS, "acme").to_pylist()
    assert [(row["id"], row["raw"]) for row in current] == [(1, '{"v":30}'), (2, '{"v":6}'), (3, '{"v":1}')]


def test_rebuilding_current_from_the_deltas_gives_the_same_bytes(lake: Lake) -> None:
    lake.write_days(AMOCRM_LEADS, "acme", [D1, D2], leads((1, 5, D1), (1, 30, D2), (9, 1, None)))
    path = lake.path(AMOCRM_LEADS, "acme", "current")
    before = path.read_bytes()
    lake.rebuild_current(AMOCRM_LEADS, "acme")
    assert path.read_bytes() == before


def test_a_deals_contacts_are_replaced_together_by_its_newer_version(lake: Lake) -> None:
    def links(*rows: tuple[int, int, int]) -> pa.Table:
        base = datetime(2026, 11, 1, tzinfo=UTC)
        table = DEAL_CONTACT.from_rows(
            [
                {"deal_id": d, "contact_id": c, "is_main": True, "source_updated_at": base + timedelta(hours=h)}
                for d, c, h in rows
            ]
        )
        return table.append_column(DAY_COLUMN, pa.array([D1] * len(rows), pa.date32()))

    lake.write_days(DEAL_CONTACT, "acme", [D1], links((1, 10, 1), (1, 11, 1), (2, 12, 1)))
    lake.write_days(DEAL_CONTACT, "acme", [D1], links((1, 11, 2), (2, 12, 1)))
    current = lake.read_current(DEAL_CONTACT, "acme").to_pylist()
    assert [(row["deal_id"], row["contact_id"]) for row in current] == [(1, 11), (2, 12)]


def test_the_same_write_twice_leaves_the_same_bytes(lake: Lake) -> None:
    for _ in range(2):
        lake.write_days(AMOCRM_LEADS, "acme", [D1], leads((2, 5, D1), (1, 6, D1)))
        content = lake.path(AMOCRM_LEADS, "acme", D1).read_bytes()
    assert lake.path(AMOCRM_LEADS, "acme", D1).read_bytes() == content


def test_rows_of_a_day_that_was_not_asked_for_are_refused(lake: Lake) -> None:
    with pytest.raises(DataError, match="falls? on"):
        lake.write_days(AMOCRM_LEADS, "acme", [D1], leads((1, 5, D3)))


def test_a_missing_day_is_named(lake: Lake) -> None:
    lake.write_days(AMOCRM_LEADS, "acme", [D1], leads())
    with pytest.raises(DataError, match="2026-11-02"):
        lake.read_days(AMOCRM_LEADS, "acme", [D1, D2])


@pytest.mark.parametrize("slug", ["..", "a/../b", "a|b", "", "A", "%2e%2e", "аcme"])
def test_a_slug_that_would_leave_the_tenants_folder_is_refused(lake: Lake, slug: str) -> None:
    with pytest.raises(UserInputError):
        lake.path(RADIST_MESSAGES, slug, D1)


def test_two_tenants_with_the_same_ids_have_disjoint_files(lake: Lake) -> None:
    lake.write_days(AMOCRM_LEADS, "acme", [D1], leads((1, 5, D1)))
    lake.write_days(AMOCRM_LEADS, "beta", [D1], leads((1, 9, D1)))
    assert lake.read_current(AMOCRM_LEADS, "acme").to_pylist()[0]["raw"] == '{"v":5}'
    assert lake.read_current(AMOCRM_LEADS, "beta").to_pylist()[0]["raw"] == '{"v":9}'
