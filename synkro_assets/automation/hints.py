"""From hints to refreshes: what webhooks have touched is read soon, but not once per message and never twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from synkro_resources.control.plans import tenant_plan
from synkro_resources.control.run_requests import RunRequest, create_request, newest_request_of
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.webhooks import REQUESTED_BY, Hint, are_due, list_webhooks, pending_hints
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform

LOOK_FOR_WEBHOOKS_EVERY = timedelta(seconds=60)
"""Most tenants have no webhooks; they cost one look a minute and not one every tick."""

REST_AFTER_FAILURE = timedelta(minutes=15)
"""A refresh that failed has been tried three times; events alone must not repeat it every minute."""

DAYS_BACK = 2
"""Hints that waited longer (the installation was off) are left to the loads of whole days."""


@dataclass(slots=True)
class HintWatch:
    """Which tenants have webhooks, as far as this process has looked."""

    _has_webhooks: dict[str, bool] = field(default_factory=dict[str, bool])
    _looked_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def has_webhooks(self, platform: Platform, tenant: str) -> bool:
        now = platform.clock.now()
        looked_at = self._looked_at.get(tenant)
        if looked_at is None or now - looked_at >= LOOK_FOR_WEBHOOKS_EVERY:
            self._has_webhooks[tenant] = bool(list_webhooks(platform.control, tenant))
            self._looked_at[tenant] = now
        return self._has_webhooks[tenant]


def request_refreshes(
    platform: Platform, tenants: Iterable[Tenant], busy: Collection[str], watch: HintWatch
) -> list[RunRequest]:
    """One refresh per tenant whose hints are due, and no more often than its plan says.

    `busy`: tenants with an open request. They wait: a refresh that asks for the same is one of them, and any other run
    of the tenant holds its lock.
    """
    asked: list[RunRequest] = []
    for tenant in tenants:
        if tenant.status != "active" or tenant.slug in busy or not watch.has_webhooks(platform, tenant.slug):
            continue
        hints = pending_hints(platform.control, tenant.slug)
        if are_due(hints, platform.clock.now()) and not _must_rest(platform, tenant.slug):
            asked.append(_ask(platform, tenant, hints))
    return asked


def _must_rest(platform: Platform, tenant: str) -> bool:
    often = tenant_plan(platform.control, tenant).event_refresh_min
    if often is None:
        return True
    newest = newest_request_of(platform.control, tenant, REQUESTED_BY)
    if newest is None:
        return False
    now = platform.clock.now()
    if newest.status == "failed" and newest.finished_at is not None:
        return now - newest.finished_at < REST_AFTER_FAILURE
    return now - newest.created_at < timedelta(minutes=often)


def _ask(platform: Platform, tenant: Tenant, hints: Iterable[Hint]) -> RunRequest:
    return create_request(
        platform.control,
        tenant=tenant.slug,
        kind=RequestKind.REFRESH,
        period=_days_of(tenant, hints, platform.clock.now()),
        requested_by=REQUESTED_BY,
        reason="Radist reported new messages",
        clock=platform.clock,
    )


def _days_of(tenant: Tenant, hints: Iterable[Hint], now: datetime) -> Period:
    """Today, and the day before if the events came before midnight."""
    window = TenantWindow(tenant.slug, tenant.zone, now.date(), now.date())
    today = window.day_of(now)
    first = max(window.day_of(min(hint.first_at for hint in hints)), today - timedelta(days=DAYS_BACK))
    return Period.day(today) if first >= today else Period.custom(first, today)
