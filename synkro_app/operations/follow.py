"""Shows a run request while it is carried out: a moving bar on a terminal, one line per step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from synkro_resources.control.database import Database
from synkro_resources.control.journal import StepRecord, steps_of_request
from synkro_resources.control.run_requests import RunRequest, get_request
from synkro_resources.model.errors import Sentence, TransientError

POLL_S = 0.5


def follow_request(
    db: Database,
    tenant: str,
    request_id: str,
    *,
    title: str,
    console: Console,
    meanwhile: Callable[[], None],
    limit: timedelta,
) -> RunRequest:
    """Wait until the request is closed, one way or the other; `meanwhile` is called at every look.

    Raises:
        TransientError: `run.takes_too_long`.
    """
    deadline = time.monotonic() + limit.total_seconds()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    shown: set[int] = set()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(title, total=None)
        while True:
            meanwhile()
            request = get_request(db, tenant, request_id)
            _show(steps_of_request(db, tenant, request_id), shown, progress, bar, title, console)
            if not request.is_open:
                return request
            if time.monotonic() > deadline:
                raise _too_long(title, limit)
            time.sleep(POLL_S)


def _show(
    steps: Iterable[StepRecord], shown: set[int], progress: Progress, bar: TaskID, title: str, console: Console
) -> None:
    known = list(steps)
    for step in known:
        if step.status == "running" or step.step_id in shown:
            continue
        shown.add(step.step_id)
        console.print(f"  {_sign(step)} {step.asset:<32} {_rows(step)}", highlight=False)
    running = [step.asset for step in known if step.status == "running"]
    progress.update(bar, description=f"{title}: {running[-1] if running else '…'}", completed=len(shown))


def _sign(step: StepRecord) -> str:
    return {"done": "✓", "skipped": "–", "failed": "✗"}.get(step.status, "·")


def _rows(step: StepRecord) -> str:
    if step.error is not None:
        return step.error.what.ru
    rows = "" if step.rows_out is None else f"{step.rows_out} строк"
    if step.finished_at is None:
        return rows
    return f"{rows} {(step.finished_at - step.started_at).total_seconds():.1f} с".strip()


def _too_long(title: str, limit: timedelta) -> TransientError:
    minutes = limit.total_seconds() / 60
    return TransientError(
        "run.takes_too_long",
        Sentence(f"{title}: не завершилось за {minutes:.0f} мин.", f"{title}: not finished in {minutes:.0f} min."),
        Sentence(
            "Посмотрите запуски в Dagster и журналы в папке logs.", "Look at the runs in Dagster and at the logs."
        ),
    )
