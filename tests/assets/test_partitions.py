"""One run serves one tenant: keys that mix tenants, or hide injection, never start work."""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from synkro_assets.custom_period import CustomPeriodResource
from synkro_assets.partitions import day_key, one_tenant, only_tenant, tenant_days, tenant_periods
from synkro_resources.model.errors import RefusedError, UserInputError
from synkro_resources.model.period import Period, PeriodKind


def test_a_runs_keys_name_its_tenant_and_ascending_days() -> None:
    keys = [day_key("acme", date(2026, 11, day)) for day in (2, 1, 3)]
    assert one_tenant(keys) == ("acme", [Period.day(date(2026, 11, day)) for day in (1, 2, 3)])


def test_a_run_over_two_tenants_is_refused_with_the_remedy() -> None:
    keys = [day_key(tenant, date(2026, 11, 1)) for tenant in ("acme", "beta")]
    with pytest.raises(RefusedError) as refusal:
        one_tenant(keys)
    assert refusal.value.code == "run.two_tenants"
    assert "synkro backfill" in refusal.value.remedy.en
    assert "synkro/tenant" in refusal.value.remedy.ru


def test_a_run_with_a_gap_in_its_days_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        one_tenant([day_key("acme", date(2026, 11, day)) for day in (1, 3)])
    assert refusal.value.code == "run.gap_in_days"


@pytest.mark.parametrize("slug", ["../evil", "a|b", "", "ACME", "acme/x"])
def test_a_key_cannot_be_built_for_a_slug_that_would_escape(slug: str) -> None:
    with pytest.raises(UserInputError):
        day_key(slug, date(2026, 11, 1))


def test_keys_read_tenant_first_because_paths_must_begin_with_the_tenant() -> None:
    assert str(day_key("acme", date(2026, 11, 20))) == "acme|2026-11-20"


def test_todays_local_day_of_an_eastern_tenant_is_a_key() -> None:
    days = tenant_days(date(2026, 11, 1)).get_partitions_def_for_dimension("time")
    assert isinstance(days, dg.DailyPartitionsDefinition)
    assert days.end_offset == 2


def test_weeks_begin_on_monday_and_months_with_the_first_whole_one() -> None:
    periods = tenant_periods(date(2026, 11, 5))
    firsts: dict[PeriodKind, str] = {}
    for kind in (PeriodKind.WEEK, PeriodKind.MONTH):
        partitions = periods[kind]
        assert isinstance(partitions, dg.MultiPartitionsDefinition)
        keys = partitions.get_partitions_def_for_dimension("time").get_partition_keys(
            current_time=datetime(2026, 12, 20, tzinfo=UTC)
        )
        firsts[kind] = keys[0]
    assert firsts == {PeriodKind.WEEK: "2026-11-09", PeriodKind.MONTH: "2026-12-01"}


def test_the_running_week_of_an_eastern_tenant_is_a_key() -> None:
    partitions = tenant_periods(date(2026, 11, 2))[PeriodKind.WEEK]
    assert isinstance(partitions, dg.MultiPartitionsDefinition)
    sunday_evening = datetime(2026, 11, 22, 23, tzinfo=UTC)  # Monday in Vladivostok
    keys = partitions.get_partitions_def_for_dimension("time").get_partition_keys(current_time=sunday_evening)
    assert "2026-11-23" in keys


def test_a_runs_keys_name_its_weeks_and_months_and_no_gap_between_them() -> None:
    weeks = [day_key("acme", date(2026, 11, day)) for day in (9, 2)]
    assert one_tenant(weeks, PeriodKind.WEEK)[1] == [Period.week_of(date(2026, 11, day)) for day in (2, 9)]
    months = [day_key("acme", date(2026, month, 1)) for month in (9, 10)]
    assert one_tenant(months, PeriodKind.MONTH)[1] == [Period.month_of(date(2026, month, 1)) for month in (9, 10)]
    with pytest.raises(RefusedError, match=r"run\.gap_in_days"):
        one_tenant([day_key("acme", date(2026, 11, day)) for day in (2, 16)], PeriodKind.WEEK)


def test_a_custom_period_that_is_not_named_is_explained_and_no_run_begins() -> None:
    with pytest.raises(UserInputError, match=r"run\.no_period"):
        CustomPeriodResource(first_day="2026-11-10", last_day="2026-11-01").period()
    period = Period.custom(date(2026, 11, 1), date(2026, 11, 10))
    assert CustomPeriodResource(first_day="2026-11-01", last_day="2026-11-10").period() == period


def test_a_custom_report_of_two_tenants_at_once_is_refused_like_any_other_run() -> None:
    assert only_tenant(["acme"]) == "acme"
    for keys in (["acme", "beta"], []):
        with pytest.raises(RefusedError, match=r"run\.two_tenants"):
            only_tenant(keys)
