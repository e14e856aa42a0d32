"""Tenant × local day, week or month: the partitions, their keys, and the rule that one run serves one tenant."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from itertools import pairwise

import dagster as dg
from dagster._core.instance import DynamicPartitionsStore

from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.settings import Settings

TENANT_SET = "synkro_tenants"
"""Names of dynamic sets are shared by the whole Dagster instance, hence the prefix."""

END_OFFSET = 2
"""Keys exist two days ahead of UTC's ended days, so that at 08:30 in Vladivostok today's local day is a key."""

TENANT_TAG = "synkro/tenant"
REQUEST_TAG = "synkro/request"
STAGE_TAG = "synkro/stage"
ATTEMPT_TAG = "synkro/attempt"
PRIORITY_TAG = "dagster/priority"
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

_present: ContextVar[str | None] = ContextVar("present tenant", default=None)


class TenantSet(dg.DynamicPartitionsDefinition):
    """Dagster's set of tenants, which does not ask its database for a key that the caller vouches for."""

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        if partition_key == _present.get():
            return True
        return super().has_partition_key(partition_key, current_time, dynamic_partitions_store)


@contextmanager
def known_present(tenant: str) -> Generator[None]:
    """Within the block the tenant counts as a key: a run's own tenant was checked when the run began.

    Dagster would ask its database four times for every day that a step tells something of.
    """
    token = _present.set(tenant)
    try:
        yield
    finally:
        _present.reset(token)


TENANTS = TenantSet(name=TENANT_SET)


def history_start(settings: Settings) -> date:
    """First day of the partitions (`SYNKRO_HISTORY_START`).

    Without the setting: the first of the month 12 months before the present instant. `synkro up` sets it once and for
    all, because a start that moves would hide older keys.
    """
    if settings.history_start is not None:
        return settings.history_start
    today = settings.present.now().date()
    return date(today.year - 1, today.month, 1)


def tenant_days(history_start: date) -> dg.MultiPartitionsDefinition:
    """Tenant × local day. Dagster sees a date; `TenantWindow` turns it into the tenant's instants."""
    days = dg.DailyPartitionsDefinition(start_date=history_start.isoformat(), end_offset=END_OFFSET)
    return dg.MultiPartitionsDefinition({"tenant": TENANTS, "time": days})


def tenant_periods(history_start: date) -> dict[PeriodKind, dg.PartitionsDefinition[str]]:
    """The partitions of every kind of period; weeks begin on Monday, both begin with the first whole one.

    A custom period is partitioned by tenant alone and named in the run's config: a set of all periods that anybody ever
    asked for would multiply with every tenant.
    """
    monday = history_start + timedelta(days=-history_start.weekday() % 7)
    first = Period.month_of(history_start)
    month = history_start if first.first_day == history_start else first.last_day + timedelta(days=1)
    weeks = dg.WeeklyPartitionsDefinition(start_date=monday.isoformat(), day_offset=1, end_offset=END_OFFSET)
    months = dg.MonthlyPartitionsDefinition(start_date=month.isoformat(), end_offset=END_OFFSET)
    return {
        PeriodKind.DAY: tenant_days(history_start),
        PeriodKind.WEEK: dg.MultiPartitionsDefinition({"tenant": TENANTS, "time": weeks}),
        PeriodKind.MONTH: dg.MultiPartitionsDefinition({"tenant": TENANTS, "time": months}),
        PeriodKind.CUSTOM: TENANTS,
    }


def days_of(kind: PeriodKind) -> dg.PartitionMapping:
    """How a period depends on the days of its tenant. For lineage and status only: the rows are read from the lake."""
    if kind is PeriodKind.CUSTOM:
        return dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name="tenant")
    return dg.MultiPartitionMapping(
        {
            "tenant": dg.DimensionPartitionMapping("tenant", dg.IdentityPartitionMapping()),
            "time": dg.DimensionPartitionMapping("time", dg.TimeWindowPartitionMapping()),
        }
    )


def day_key(tenant: str, day: date) -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({"tenant": check_tenant_slug(tenant), "time": day.isoformat()})


def range_tags(tenant: str, first_day: date, last_day: date) -> dict[str, str]:
    """Run tags for one tenant's days: a plain range run is the quickest way to load a chunk of days."""
    return {
        RANGE_START_TAG: str(day_key(tenant, first_day)),
        RANGE_END_TAG: str(day_key(tenant, last_day)),
        TENANT_TAG: tenant,
    }


def period_tags(tenant: str, period: Period) -> dict[str, str]:
    """Run tags for one report period of one tenant."""
    match period.kind:
        case PeriodKind.DAY:
            return range_tags(tenant, period.first_day, period.last_day)
        case PeriodKind.WEEK | PeriodKind.MONTH:
            return range_tags(tenant, period.first_day, period.first_day)
        case PeriodKind.CUSTOM:
            return {PARTITION_TAG: check_tenant_slug(tenant), TENANT_TAG: tenant}


def only_tenant(tenants: Iterable[str]) -> str:
    """The one tenant that a run's keys name.

    Raises:
        RefusedError: `run.two_tenants`, because Dagster groups a selection of many tenants into one run over all of
            them, and secrets, quotas and failures would mix.
    """
    found = sorted(set(tenants))
    if len(found) != 1:
        raise RefusedError(
            "run.two_tenants",
            Sentence(
                f"Запуск охватывает несколько кабинетов: {', '.join(found) or 'ни одного'}.",
                f"The run spans these tenants: {', '.join(found) or 'none'}.",
            ),
            Sentence(
                "Запускайте один кабинет за раз: в Dagster выберите одного tenant и добавьте тег synkro/tenant, "
                "для многих кабинетов используйте `synkro backfill`.",
                "Run one tenant at a time: choose one tenant in Dagster and add the tag synkro/tenant, "
                "or use `synkro backfill` for many.",
            ),
        )
    return check_tenant_slug(found[0])


def one_tenant(keys: Iterable[str], kind: PeriodKind = PeriodKind.DAY) -> tuple[str, Sequence[Period]]:
    """The tenant and the ascending days, weeks or months of a run's partition keys.

    Raises:
        RefusedError: `run.two_tenants`, or `run.gap_in_days` if the periods are not contiguous.
    """
    dimensions = [key.keys_by_dimension for key in keys if isinstance(key, dg.MultiPartitionKey)]
    tenant = only_tenant(dimension["tenant"] for dimension in dimensions)
    days = sorted(date.fromisoformat(dimension["time"]) for dimension in dimensions)
    periods = [_period(kind, day) for day in days]
    if any(after.first_day - before.last_day != timedelta(days=1) for before, after in pairwise(periods)):
        raise RefusedError(
            "run.gap_in_days",
            Sentence("Дни запуска идут не подряд.", "The run's days are not contiguous."),
            Sentence("Запустите каждый непрерывный отрезок отдельно.", "Run each contiguous span on its own."),
            tenant=tenant,
        )
    return tenant, periods


def _period(kind: PeriodKind, first_day: date) -> Period:
    match kind:
        case PeriodKind.WEEK:
            return Period.week_of(first_day)
        case PeriodKind.MONTH:
            return Period.month_of(first_day)
        case PeriodKind.DAY | PeriodKind.CUSTOM:
            return Period.day(first_day)
