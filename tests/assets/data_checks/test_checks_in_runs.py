"""What a load finds amiss stands in Dagster and in the control database, and its day is not called complete."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest

from synkro_assets.automation.jobs import DATA_JOB, asset_keys
from synkro_assets.data_checks.references import REFERENCES
from synkro_assets.definitions import ASSETS, DERIVED, build_defs
from synkro_assets.partitions import range_tags
from synkro_resources.control.days import CheckResult, check_results, day_states, save_check_results
from synkro_resources.model.errors import Sentence
from synkro_resources.model.period import days_between
from synkro_resources.model.tables.raw import RADIST_MESSAGES
from tests.pipeline import END, Installation, installation

pytestmark = pytest.mark.xdist_group("data_checks")

SLUG, FIRST, LAST = "checked", date(2026, 11, 16), date(2026, 11, 18)


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("data-checks")) as found:
        found.add_company(SLUG, seed=5, days=20)
        assert found.load(SLUG, FIRST, LAST).status == "done"
        yield found


def test_every_table_of_a_healthy_company_passes_what_blocks_on_every_day(place: Installation) -> None:
    results = check_results(place.control, SLUG, FIRST, LAST)
    assert [item for item in results if item.blocking and not item.passed] == []
    judged = {(item.asset, item.day) for item in results}
    tables = [asset.table.name for asset in ASSETS if asset.table is not None]
    assert judged == {(name, day) for name in tables for day in days_between(FIRST, LAST)}
    assert {item.check for item in results} >= {"schema", "keys_unique", "source_counts", "linked_share"}


def test_what_a_table_points_to_is_stored_before_the_table_is_judged(place: Installation) -> None:
    upstream = {asset.name: {"/".join(key) for key in asset.after} for asset in ASSETS}
    for name, references in REFERENCES.items():
        assert {reference.target.name for reference in references} <= upstream[name], name
    results = check_results(place.control, SLUG, FIRST, LAST)
    missed = [item for item in results if item.check.startswith("resolved_") and not item.passed]
    assert [(item.asset, item.check, item.what.en) for item in missed] == []


def test_dagster_shows_the_same_verdicts(place: Installation) -> None:
    events = place.instance.fetch_materializations(dg.AssetKey(RADIST_MESSAGES.asset_key), limit=1).records
    entries = place.instance.all_logs(events[0].run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    told = {(entry.dagster_event.asset_check_evaluation_data.check_name) for entry in entries if entry.dagster_event}
    assert {"schema", "keys_unique", "source_counts", "message_continuity"} <= told


def test_a_day_with_a_blocking_finding_counts_as_incomplete_until_it_is_loaded_well(place: Installation) -> None:
    lost = CheckResult(
        RADIST_MESSAGES.name, "keys_unique", LAST, "r", False, True, END, Sentence("потеряны", "lost"), {}
    )
    save_check_results(place.control, SLUG, [lost])
    tags = range_tags(SLUG, FIRST, LAST)
    job = build_defs(place.settings).resolve_job_def(DATA_JOB)
    assert job.execute_in_process(instance=place.instance, tags=tags, asset_selection=asset_keys(DERIVED)).success
    states = {
        item.day: item.complete for item in day_states(place.control, SLUG, FIRST, LAST) if item.layer == "derived"
    }
    assert states == {day: day != LAST for day in days_between(FIRST, LAST)}
    assert place.load(SLUG, LAST, LAST).status == "done"
    assert all(item.complete for item in day_states(place.control, SLUG, FIRST, LAST))
    counted = [item for item in check_results(place.control, SLUG, LAST, LAST) if item.check == "source_counts"]
    assert [item.what.en for item in counted if not item.passed] == []  # a listing shows newer days, too: none is lost
