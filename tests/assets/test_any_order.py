"""The order in which a client's days are loaded must not show in what they read afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from synkro_assets.automation.jobs import job_of, narrowed_selection
from synkro_assets.automation.planning import derive_again
from synkro_assets.automation.saga import MAX_ROUNDS
from synkro_assets.day_marks import present_versions
from synkro_assets.definitions import DERIVED, NORMALIZED, READ_FIRST, build_defs
from synkro_assets.dialogs.superseded import in_force
from synkro_assets.partitions import range_tags
from synkro_resources.control.days import stale_days
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import PeriodKind, days_between
from synkro_resources.model.tables import WAREHOUSE_TABLES, Layout
from synkro_resources.sandbox.supabase.project import prepare_project
from synkro_resources.supabase.ddl import apply_ddl
from synkro_resources.supabase.writer import warehouse_name
from tests.pipeline import Installation, installation
from tests.resources.supabase.projects import as_owner, as_writer, stored

pytestmark = pytest.mark.xdist_group("any_order")

FIRST, LAST = date(2026, 11, 14), date(2026, 11, 18)
DAYS = list(days_between(FIRST, LAST))
SEED = 11
_NUMBERS = count(1)


ClientRows = dict[str, list[tuple[object, ...]]]


@dataclass
class Orders:
    """`database`: where companies that have one keep a schema of their own; `expected`: after one load of all days."""

    place: Installation
    database: str
    expected: dict[str, pa.Table]
    expected_at_the_client: ClientRows

    def loaded(
        self, order: Sequence[tuple[date, date]], *, with_database: bool = False
    ) -> tuple[dict[str, pa.Table], ClientRows]:
        number = next(_NUMBERS)
        slug, schema = f"order-{number}", f"order_{number}"
        self.place.add_company(slug, SEED)
        if with_database:
            self._connect(slug, schema)
        for first, last in order:
            assert self.place.load(slug, first, last).status == "done"
        settle(self.place, slug)
        return contents(self.place.lake, slug), self._at_the_client(schema) if with_database else {}

    def _connect(self, slug: str, schema: str) -> None:
        as_owner(self.database, f"create schema {schema}")
        apply_ddl(self.database, writer_password="writer", schema=schema)
        secrets, place = {"connection_string": as_writer(self.database)}, self.place
        set_integration(
            place.control, place.keyring, slug, IntegrationKind.SUPABASE, {"schema": schema}, secrets, "test"
        )

    def _at_the_client(self, schema: str) -> ClientRows:
        """What the client's database holds of each table; superseded rows tell of the order."""
        found: ClientRows = {}
        for table in WAREHOUSE_TABLES:
            names = [column.name for column in table.columns]
            rows = stored(self.database, f"{schema}.{warehouse_name(table)}")
            if "superseded_at" in names:
                rows = [row for row in rows if row[names.index("superseded_at")] is None]
            found[table.name] = sorted(rows, key=lambda row: [str(value) for value in row])
        return found


def settle(place: Installation, slug: str) -> None:
    """Derive again until no day is stale, as a report's request would."""
    versions = present_versions(tenant_settings(place.control, slug))
    defs = build_defs(place.settings)
    for _ in range(MAX_ROUNDS + 1):
        stale = stale_days(place.control, slug, FIRST, LAST, versions)
        for stage in derive_again(stale, after=[]):
            tags = range_tags(slug, stage.first_day, stage.last_day)
            run = defs.resolve_job_def(job_of(stage, PeriodKind.DAY)).execute_in_process(
                instance=place.instance,
                tags=tags,
                asset_selection=narrowed_selection(stage, READ_FIRST, DERIVED),
                raise_on_error=False,
            )
            assert run.success
    assert stale_days(place.control, slug, FIRST, LAST, versions) == {}


def contents(lake: Lake, slug: str) -> dict[str, pa.Table]:
    """What people read: facts and derived rows of each day, entities and snapshots as they are now."""
    found: dict[str, pa.Table] = {}
    for asset in NORMALIZED:
        table = asset.table
        assert table is not None
        rows = lake.read_current(table, slug) if table.has_current else lake.read_days(table, slug, DAYS)
        if "superseded_at" in rows.column_names:  # what was superseded tells of the order, and counts nowhere
            rows = in_force(rows)
        found[table.name] = rows.sort_by([(name, "ascending") for name in rows.column_names if name in table.key])
        if table.layout is Layout.ENTITY:
            lake.rebuild_current(table, slug)
            assert lake.read_current(table, slug).equals(rows), f"{table.name} is another one when it is rebuilt"
    return found


@pytest.fixture(scope="module")
def orders(control_url: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    prepare_project(module_database, "authenticator")
    with installation(control_url, tmp_path_factory.mktemp("any-order")) as place:
        found = Orders(place, module_database, {}, {})
        found.expected, found.expected_at_the_client = found.loaded([(FIRST, LAST)], with_database=True)
        yield found


def pieces(order: Sequence[date]) -> list[tuple[date, date]]:
    return [(day, day) for day in order]


@given(order=st.permutations(DAYS))
@example(order=DAYS)
@example(order=DAYS[::-1])
@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_days_loaded_in_any_order_give_the_rows_of_one_load(orders: Orders, order: list[date]) -> None:
    lake, _ = orders.loaded(pieces(order))
    same(orders, lake)


def test_a_day_loaded_twice_and_days_that_were_left_out_at_first_change_nothing(orders: Orders) -> None:
    middle = DAYS[2]
    order = [(DAYS[3], LAST), (FIRST, DAYS[1]), (middle, middle), (LAST, LAST), (FIRST, FIRST)]
    lake, client = orders.loaded(order, with_database=True)
    same(orders, lake)
    assert sum(map(len, client.values())) > 1000
    for name, rows in orders.expected_at_the_client.items():
        assert client[name] == rows, f"{name} differs at the client"


def same(orders: Orders, found: dict[str, pa.Table]) -> None:
    for name, rows in orders.expected.items():
        if not rows.equals(found[name]):
            raise AssertionError(f"{name}: {first_difference(rows, found[name])}")


def first_difference(expected: pa.Table, found: pa.Table) -> str:
    for before, after in zip(expected.to_pylist(), found.to_pylist(), strict=False):
        if before != after:
            return str(
                {key: (value, after[key]) for key, value in before.items() if value != after[key]} | {"row": before}
            )
    return f"{expected.num_rows} rows, then {found.num_rows}"
