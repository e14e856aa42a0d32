"""A run that could mix two companies is refused before anything is read, and a company's runs never overlap."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg
import pytest
from sqlalchemy import select

from synkro_assets.automation.jobs import DATA_JOB
from synkro_assets.definitions import build_defs
from synkro_assets.partitions import RANGE_END_TAG, RANGE_START_TAG, TENANT_SET, TENANT_TAG, day_key, range_tags
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tables.runs import run, run_step
from synkro_resources.model.tables import TABLES
from tests.pipeline import Installation, Sandbox, installation

FIRST, SECOND = "guard-first", "guard-second"
TENANTS = (FIRST, SECOND)
DAY = date(2026, 11, 18)
WORLD_DAYS = 20
LOCK_WAIT_S = 5
"""What `installation` sets."""
ACCOUNT = dg.AssetKey(["amocrm", "account"])
"""The first asset of every load; one is enough to see whether a run is let through."""


@dataclass
class Place:
    built: Installation
    sandboxes: Mapping[str, Sandbox]

    def execute(self, tags: Mapping[str, str], *, partition_key: str | None = None) -> dg.ExecuteInProcessResult:
        job = build_defs(self.built.settings).resolve_job_def(DATA_JOB)
        return job.execute_in_process(
            instance=self.built.instance,
            tags=dict(tags),
            partition_key=partition_key,
            asset_selection=[ACCOUNT],
            raise_on_error=False,
        )

    def traces(self) -> tuple[dict[str, object], list[str], list[tuple[object, ...]]]:
        """Everything that a run leaves behind: requests to vendors, files, rows of the journal."""
        requests: dict[str, object] = {
            f"{slug}/{vendor}": sandbox.requests(vendor)
            for slug, sandbox in self.sandboxes.items()
            for vendor in ("amocrm", "radist", "telegram")
        }
        lake = self.built.lake
        files = [
            f"{table.name}/{slug}/{day}"
            for table in TABLES.values()
            for slug in TENANTS
            for day in lake.days(table, slug)
        ]
        journaled: list[tuple[object, ...]] = []
        for slug in TENANTS:
            with self.built.control.tenant(slug) as connection:
                journaled += [tuple(row) for row in connection.execute(select(run.c.run_id, run.c.status))]
                journaled += [tuple(row) for row in connection.execute(select(run_step.c.step_id, run_step.c.status))]
        return requests, files, journaled


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with installation(control_url, tmp_path_factory.mktemp("guard")) as built:
        sandboxes = {slug: built.add_company(slug, seed, days=WORLD_DAYS) for seed, slug in enumerate(TENANTS, 11)}
        built.instance.add_dynamic_partitions(TENANT_SET, list(TENANTS))
        yield Place(built, sandboxes)


def refusal(result: dg.ExecuteInProcessResult) -> tuple[str, bool]:
    """The code of the failed step and whether trying again may help."""
    failure = result.failure_data_for_node("amocrm__account")
    assert failure is not None
    assert failure.user_failure_data is not None
    metadata = failure.user_failure_data.metadata
    return str(metadata["code"].value), bool(metadata["retryable"].value)


def test_a_range_over_two_companies_is_refused_and_reads_nothing(place: Place) -> None:
    before = place.traces()
    result = place.execute(
        {RANGE_START_TAG: str(day_key(FIRST, DAY)), RANGE_END_TAG: str(day_key(SECOND, DAY)), TENANT_TAG: FIRST}
    )
    assert not result.success
    assert refusal(result) == ("run.two_tenants", False)
    assert place.traces() == before


def test_a_range_over_two_companies_without_any_tag_is_refused_as_well(place: Place) -> None:
    before = place.traces()
    result = place.execute({RANGE_START_TAG: str(day_key(FIRST, DAY)), RANGE_END_TAG: str(day_key(SECOND, DAY))})
    assert refusal(result) == ("run.two_tenants", False)
    assert place.traces() == before


@pytest.mark.parametrize("form", ["range", "partition"])
def test_a_tag_of_another_company_is_refused_and_reads_nothing(place: Place, form: str) -> None:
    before = place.traces()
    if form == "range":
        result = place.execute({**range_tags(FIRST, DAY, DAY), TENANT_TAG: SECOND})
    else:
        result = place.execute({TENANT_TAG: SECOND}, partition_key=str(day_key(FIRST, DAY)))
    assert not result.success
    assert refusal(result) == ("run.tag_mismatch", False)
    assert place.traces() == before


def test_a_second_run_of_a_company_waits_and_is_then_told_that_it_is_busy(place: Place) -> None:
    before = place.traces()
    with tenant_lock(place.built.control, FIRST, 0):
        started = time.monotonic()
        result = place.execute(range_tags(FIRST, DAY, DAY))
        waited = time.monotonic() - started
    assert waited >= LOCK_WAIT_S
    assert refusal(result) == ("run.tenant_busy", True)
    assert place.traces() == before


def test_a_busy_company_does_not_hold_up_another_one(place: Place) -> None:
    before = {slug: place.sandboxes[slug].requests("amocrm") for slug in TENANTS}
    with tenant_lock(place.built.control, FIRST, 0):
        result = place.execute(range_tags(SECOND, DAY, DAY))
    assert result.success
    assert place.sandboxes[SECOND].requests("amocrm") != before[SECOND]
    assert place.sandboxes[FIRST].requests("amocrm") == before[FIRST]


def test_the_company_is_free_for_the_next_run_once_the_first_has_ended(place: Place) -> None:
    assert place.execute(range_tags(FIRST, DAY, DAY)).success
    started = time.monotonic()
    result = place.execute({}, partition_key=str(day_key(FIRST, DAY)))
    assert result.success
    assert time.monotonic() - started < LOCK_WAIT_S
    (made,) = result.get_asset_materialization_events()
    address = str(made.materialization.metadata["company"].value)
    assert address.endswith(f"/operator?company={FIRST}"), "an operator finds the company from Dagster's page"
