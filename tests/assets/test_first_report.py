"""The first report of a client who has loaded only a few days tells the same as that of one who has loaded all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from synkro_resources.control.packages import latest_package
from synkro_resources.model.period import Period
from tests.pipeline import installation

SLUG = "newcomer"
FIRST, REPORTED, TODAY = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)


def test_new_dialogs_of_a_client_who_loaded_two_days_are_counted_and_not_reported_as_none(
    control_url: str, tmp_path: Path
) -> None:
    with installation(control_url, tmp_path) as place:
        sandbox = place.add_company(SLUG, seed=17, days=20)
        assert place.load(SLUG, FIRST, TODAY).status == "done"
        assert place.report(SLUG, REPORTED).status == "done"
        found = latest_package(place.control, SLUG, Period.day(REPORTED).report_id)
        assert found is not None
        metric = found[2].metric(0, "new_episodes")
        planted = sandbox.world.truth.day(REPORTED).new_episodes
    assert planted > 0
    assert metric is not None
    assert metric.value == planted
