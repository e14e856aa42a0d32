"""The sensor that tells people what fails, apart from the one that starts runs: a slow messenger must not hold runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg

from synkro_assets.notices.telling import tell
from synkro_resources.channels.resource import Channels
from synkro_resources.control.tenants import Tenant, list_tenants
from synkro_resources.model.errors import SynkroError
from synkro_resources.platform import Platform

TICK_S = 30
TIME_FOR_TICK_S = 25.0
"""A sensor has 60 s, and one message to a messenger that does not answer may take 30 of them."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Rounds:
    """Where this process has stopped: a tick that runs out of time goes on with the tenant after."""

    _last: str = ""

    def order(self, tenants: Iterable[Tenant]) -> list[str]:
        slugs = sorted(tenant.slug for tenant in tenants if tenant.status == "active")
        return [slug for slug in slugs if slug > self._last] + [slug for slug in slugs if slug <= self._last]

    def tell_all(self, platform: Platform, tenants: Iterable[Tenant], channels: Channels) -> int:
        """Look at each active tenant; returns how many were looked at. One that fails does not silence the others."""
        until = time.monotonic() + TIME_FOR_TICK_S
        looked = 0
        for slug in self.order(tenants):
            if time.monotonic() >= until:
                break
            self._last = slug
            looked += 1
            try:
                tell(platform, slug, channels.of(slug))
            except SynkroError as error:
                log.warning("notices of %s: %s", slug, error.code)
        return looked


def notices_sensor() -> dg.SensorDefinition:
    """Twice a minute: note what fails and tell what is due."""
    rounds = Rounds()

    @dg.sensor(
        name="notices",
        minimum_interval_seconds=TICK_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform", "channels"},
        description="Tells admins what fails and readers that a report is late.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        platform: Platform = context.resources.platform
        tenants = list_tenants(platform.control, platform.settings.cell)
        looked = rounds.tell_all(platform, tenants, context.resources.channels)
        return dg.SkipReason(f"looked at {looked} tenant(s)")

    return sensor
