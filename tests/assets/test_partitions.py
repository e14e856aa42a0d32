"""One run serves one tenant: keys that mix tenants, or hide injection, never start work."""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from synkro_assets.partitions import day_key, one_tenant, tenant_days
from synkro_resources.model.errors import RefusedError, UserInputError


def test_a_runs_keys_name_its_tenant_and_ascending_days() -> None:
    keys = [day_key("acme", date(2026, 11, day)) for day in (2, 1, 3)]
    assert one_tenant(keys) == ("acme", [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)])


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
