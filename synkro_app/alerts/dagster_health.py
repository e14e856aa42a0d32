"""How Dagster is: whether its daemons beat and our sensors and schedules tick; its private server is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

TIMEOUT_S = 10.0
"""The first answer after a start loads the code location."""
_QUERY = """
{
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } }
  repositoriesOrError {
    ... on RepositoryConnection {
      nodes {
        sensors { name sensorState { status ticks(limit: 1) { timestamp } } }
        schedules { name scheduleState { status ticks(limit: 1) { timestamp } } }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class DagsterHealth:
    """`ill`: required daemons that do not beat. `ticks`: the last tick of each sensor and schedule that is on (UTC)."""

    ill: tuple[str, ...]
    ticks: dict[str, datetime | None]


def dagster_health(dagster_url: str) -> DagsterHealth | None:
    """None if Dagster does not answer, or not in its way."""
    try:
        answer = httpx.post(f"{dagster_url}/graphql", json={"query": _QUERY}, timeout=TIMEOUT_S, trust_env=False)
        data = answer.json()["data"]
        daemons = data["instance"]["daemonHealth"]["allDaemonStatuses"]
        ill = tuple(str(one["daemonType"]) for one in daemons if one["required"] and not one["healthy"])
        ticks: dict[str, datetime | None] = {}
        for repository in data["repositoriesOrError"].get("nodes", []):
            for kind in ("sensor", "schedule"):
                for one in repository[f"{kind}s"]:
                    state = one[f"{kind}State"]
                    if state["status"] == "RUNNING":
                        times = [datetime.fromtimestamp(float(tick["timestamp"]), UTC) for tick in state["ticks"]]
                        ticks[str(one["name"])] = times[0] if times else None
        return DagsterHealth(ill, ticks)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return None
