"""Shows run requests while they are carried out: a bar per request on a terminal, a line per change elsewhere."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from synkro_resources.control.database import Database
from synkro_resources.control.progress import Progress, progress_of
from synkro_resources.control.run_requests import RunRequest, get_request
from synkro_resources.model.clock import Clock

POLL_S = 1.0
OPEN = ("open", "running")


def start_worker(tenant: str, request_id: str) -> subprocess.Popen[bytes]:
    """The same saga in an own process, for a machine without a running daemon."""
    return subprocess.Popen([sys.executable, "-m", "synkro_assets.in_place", tenant, request_id])  # noqa: S603


def follow_progress(control: Database, requests: Sequence[RunRequest], *, clock: Clock) -> list[RunRequest]:
    """Wait until every request has ended and return them as they ended."""
    console = Console()
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
    )
    told: dict[str, str] = {}
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {request.id: bars.add_task(request.tenant, total=1.0, told="waiting") for request in requests}
        while True:
            present = [get_request(control, request.tenant, request.id) for request in requests]
            for request in present:
                found = progress_of(control, request, clock.now())
                bars.update(tasks[request.id], completed=found.share, told=sentence(found))
                if not console.is_terminal and told.get(request.id) != found.stage:
                    told[request.id] = found.stage
                    click.echo(f"  {request.tenant}: {found.stage or request.status}, {sentence(found)}")
            if all(request.status not in OPEN for request in present):
                return present
            time.sleep(POLL_S)


def sentence(found: Progress) -> str:
    """Stages, days, rows and the time left, as one line."""
    parts = [
        f"stage {min(found.stages_done + 1, found.stages_total)} of {found.stages_total}",
        f"{found.whole_days} of {found.period_days} days",
        f"{found.rows} rows",
    ]
    if found.step:
        parts.append(found.step)
    if found.left is not None:
        parts.append(f"{_minutes(found.left)} left")
    return ", ".join(parts)


def _minutes(left: timedelta) -> str:
    return f"about {max(1, round(left.total_seconds() / 60))} min"
