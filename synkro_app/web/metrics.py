"""`/metrics` for Prometheus: the state of the platform as gauges, made at each scrape; no company is named.

Off without `SYNKRO_METRICS_TOKEN`, and then as unknown as any other address.
"""

from __future__ import annotations

import hmac
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from synkro_app.alerts import incidents
from synkro_app.alerts.dagster_health import dagster_health
from synkro_app.alerts.watch import FILE, database_answers, disks
from synkro_resources.control.database import Database
from synkro_resources.control.fleet import LEVELS, Fleet, ai_costs, fleet
from synkro_resources.free_space import free_bytes
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import SynkroError
from synkro_resources.settings import Settings

PATH = "/metrics"
KEPT_S = 55.0
"""One look per minute however many scrape: each look at the companies is recorded."""
ACTOR = "metrics"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Gauge:
    """One value now; `labels` name no company."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict[str, str])


class Metrics:
    """The endpoint and the look that it keeps for a minute."""

    def __init__(self, settings: Settings, control: Database, clock: Clock) -> None:
        self._settings, self._control, self._clock = settings, control, clock
        self._kept: tuple[float, str] | None = None

    def routes(self) -> list[Route]:
        return [Route(PATH, self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        token = self._settings.metrics_token.get_secret_value()
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token or not hmac.compare_digest(given.encode(), token.encode()):
            return PlainTextResponse("Not Found", 404)
        now = time.monotonic()
        if self._kept is None or now - self._kept[0] > KEPT_S:
            self._kept = (now, exposition(await run_in_threadpool(lambda: list(self._look()))))
        return Response(self._kept[1], media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    def _look(self) -> Iterator[Gauge]:
        settings, now = self._settings, self._clock.now()
        for place, folder in disks(settings):
            yield Gauge("synkro_disk_free_bytes", "Free bytes where this lies.", free_bytes(folder), {"place": place})
        told = incidents.load(settings.state_dir / FILE).by_key.values()
        yield Gauge(
            "synkro_alerts_open", "Incidents that operators were told of.", sum(bool(one.told_at) for one in told)
        )
        health = dagster_health(settings.dagster_url)
        yield Gauge("synkro_dagster_up", "Whether Dagster's server answers.", health is not None)
        if health is not None:
            yield Gauge("synkro_dagster_daemons_ill", "Required daemons that do not beat.", len(health.ill))
            for name, at in health.ticks.items():
                if at is not None:
                    age = (now - at).total_seconds()
                    yield Gauge("synkro_tick_age_seconds", "Age of the last tick.", age, {"name": name})
        is_up = database_answers(self._control, settings.cell)
        yield Gauge("synkro_database_up", "Whether the control database answers.", is_up)
        if is_up:
            try:
                found = fleet(self._control, now, actor=ACTOR, cell=settings.cell)
            except (SynkroError, SQLAlchemyError):
                return  # it went away in between; the next scrape says so
            yield from _of_fleet(found, now=now.timestamp())


def exposition(gauges: Iterable[Gauge]) -> str:
    """The text that Prometheus reads: all values of one name together, under its help."""
    by_name: dict[str, list[Gauge]] = {}
    for gauge in gauges:
        by_name.setdefault(gauge.name, []).append(gauge)
    lines: list[str] = []
    for name, values in by_name.items():
        lines += [f"# HELP {name} {values[0].help}", f"# TYPE {name} gauge"]
        for one in values:
            labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(one.labels.items()))
            lines.append(f"{name}{{{labels}}} {float(one.value):.10g}" if labels else f"{name} {float(one.value):.10g}")
    return "\n".join(lines) + "\n"


def _of_fleet(found: Fleet, *, now: float) -> Iterator[Gauge]:
    levels = Counter(one.level for one in found.tenants)
    for level in LEVELS:
        yield Gauge("synkro_companies", "Companies by state.", levels[level], {"level": level})
    stages = Counter(one.life.stage for one in found.tenants)
    for stage, count in sorted(stages.items()):
        yield Gauge("synkro_companies_by_stage", "Companies by stage of life.", count, {"stage": stage})
    yield Gauge("synkro_reports_late", "Reports over their time.", sum(one.late_reports for one in found.tenants))
    yield Gauge("synkro_requests", "Open requests.", found.waiting, {"state": "waiting"})
    yield Gauge("synkro_requests", "Open requests.", found.running, {"state": "running"})
    waited = 0.0 if found.oldest_wait is None else found.oldest_wait.total_seconds()
    yield Gauge("synkro_oldest_wait_seconds", "How long the oldest request has waited.", waited)
    yield Gauge("synkro_runs_failed_day", "Failed runs of the last day.", found.failed_runs)
    for error in found.errors:
        yield Gauge("synkro_errors_day", "Failed runs by error code.", error.count, {"code": error.code or "unknown"})
    broken = Counter(item.kind for one in found.tenants for item in one.broken)
    for kind, count in sorted(broken.items()):
        yield Gauge("synkro_connections_broken", "Connections that do not work.", count, {"kind": kind})
    ages = [now - one.loaded_at.timestamp() for one in found.tenants if one.level != "suspended" and one.loaded_at]
    if ages:
        yield Gauge("synkro_data_age_max_seconds", "Age of the oldest company's data.", max(ages))
    yield Gauge("synkro_dialogs_month", "Billable dialogs of this month.", sum(one.dialogs for one in found.tenants))
    for currency, cost in ai_costs(found).items():
        yield Gauge("synkro_ai_cost_month", "Cost of the AI this month.", float(cost), {"currency": currency})


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
