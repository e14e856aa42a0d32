"""Looking at the age of every tenant's data now and then: a load that nobody starts fails nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from synkro_resources.control.freshness import judge_freshness
from synkro_resources.control.tenants import Tenant
from synkro_resources.platform import Platform

LOOK_EVERY = timedelta(hours=1)
"""A day is what is told; an hour more does no harm, and a tick may not cost a query per tenant."""


@dataclass(slots=True)
class FreshnessWatch:
    """When this process has looked at each tenant."""

    _looked_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def look(self, platform: Platform, tenants: Iterable[Tenant]) -> None:
        """Store the verdicts of the active tenants whose turn it is."""
        now = platform.clock.now()
        for tenant in tenants:
            looked_at = self._looked_at.get(tenant.slug)
            if tenant.status == "active" and (looked_at is None or now - looked_at >= LOOK_EVERY):
                judge_freshness(platform.control, tenant, now)
                self._looked_at[tenant.slug] = now
