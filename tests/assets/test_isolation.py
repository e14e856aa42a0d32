"""Two clients with the same ids at their vendors: neither's run reads or writes a byte of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from synkro_assets.automation.jobs import DATA_JOB
from synkro_assets.definitions import build_defs
from synkro_assets.partitions import range_tags
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.outbox import deliveries
from synkro_resources.model.period import days_between
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.crm import DEAL
from tests.pipeline import Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("isolation")  # what the module loads is loaded once

FIRST, LAST, TODAY = date(2026, 11, 6), date(2026, 11, 19), date(2026, 11, 20)
A, B = "twin-a", "twin-b"
SEED = 13


@dataclass
class Twins:
    place: Installation
    a: Sandbox
    b: Sandbox
    requests_to_b: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    bytes_of_b: dict[Path, bytes] = field(default_factory=dict[Path, bytes])


def folder_of(place: Installation, slug: str) -> dict[Path, bytes]:
    root = Path(place.settings.lake_root)
    return {path: path.read_bytes() for path in root.rglob("*.parquet") if slug in str(path.relative_to(root))}


def requests_of(sandbox: Sandbox) -> dict[str, dict[str, int]]:
    return {vendor: sandbox.requests(vendor) for vendor in ("amocrm", "radist", "telegram")}


@pytest.fixture(scope="module")
def twins(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with installation(control_url, tmp_path_factory.mktemp("twins")) as place:
        found = Twins(place, place.add_company(A, SEED, days=20), place.add_company(B, SEED, days=20))
        assert place.load(B, FIRST, TODAY).status == "done"
        found.requests_to_b, found.bytes_of_b = requests_of(found.b), folder_of(place, B)
        assert place.load(A, FIRST, LAST).status == "done"
        assert place.report(A, LAST).status == "done"
        yield found


def test_both_have_the_same_ids_on_purpose(twins: Twins) -> None:
    first, second = (
        {str(key) for key in twins.place.lake.read_days(DEAL, slug, [LAST]).column("deal_id").to_pylist()}
        for slug in (A, B)
    )
    assert first == second != set()


def test_a_run_leaves_every_byte_of_another_client_as_it_was(twins: Twins) -> None:
    assert len(twins.bytes_of_b) >= len(TABLES)
    assert folder_of(twins.place, B) == twins.bytes_of_b


def test_a_run_asks_none_of_another_client_s_vendors(twins: Twins) -> None:
    assert requests_of(twins.b) == twins.requests_to_b
    assert twins.b.delivered() == []
    assert deliveries(twins.place.control, B) == []
    assert len(twins.a.delivered()) == 1


def test_a_range_of_days_is_one_pass_over_the_vendors_and_a_file_per_day(twins: Twins) -> None:
    """Fourteen days of B and today cost as many account, user and pipeline requests as one day would."""
    amocrm = twins.requests_to_b["amocrm"]
    once = {path: count for path, count in amocrm.items() if path.endswith(("/account", "/users", "/loss_reasons"))}
    assert once
    assert set(once.values()) == {1}
    pages = sum(count for path, count in amocrm.items() if path.endswith("/leads"))
    deals = len(twins.b.world.truth.deals)
    assert pages <= 2 + 2 * (deals // 250 + 1), "the list is read once for the baseline and once for the days"
    for table in TABLES.values():
        assert twins.place.lake.days(table, B) == list(days_between(FIRST, TODAY)), table.name


def test_a_run_over_two_clients_is_refused_before_anything_is_read(twins: Twins) -> None:
    before = requests_of(twins.a), requests_of(twins.b)
    result = execute(twins, {**range_tags(A, LAST, LAST), "synkro/tenant": B})
    assert not result.success
    assert (requests_of(twins.a), requests_of(twins.b)) == before


def test_a_second_run_of_a_client_waits_and_then_says_who_is_busy(twins: Twins) -> None:
    before = requests_of(twins.a)
    with tenant_lock(twins.place.control, A, 0):
        result = execute(twins, range_tags(A, LAST, LAST))
    assert not result.success
    assert requests_of(twins.a) == before


def execute(twins: Twins, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
    job = build_defs(twins.place.settings).resolve_job_def(DATA_JOB)
    return job.execute_in_process(instance=twins.place.instance, tags=tags, raise_on_error=False)
