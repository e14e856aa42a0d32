"""How far a run request has come: days done of days to do, rows stored so far, and the time that is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from synkro_resources.control import journal
from synkro_resources.control.database import Database
from synkro_resources.control.journal import RunRecord, StepRecord
from synkro_resources.control.run_requests import RunRequest


@dataclass(frozen=True, slots=True)
class Progress:
    """`days_done` and `days_total` count each day once per stage that works on it; `left` is None until it is known."""

    stage: str
    stages_done: int
    stages_total: int
    days_done: float
    days_total: int
    rows: int
    step: str
    left: timedelta | None
    period_days: int = 0

    @property
    def whole_days(self) -> int:
        """Days of the period, as many as the share of the work that is done; each is worked on in every layer."""
        return int(self.share * self.period_days)

    @property
    def share(self) -> float:
        return self.days_done / self.days_total if self.days_total else 0.0


def progress_of(db: Database, request: RunRequest, now: datetime) -> Progress:
    """The progress of a request from its plan and the journal."""
    runs = journal.runs_of_request(db, request.tenant, request.id)
    return measure(request, runs, journal.steps_of_request(db, request.tenant, request.id), now)


def measure(request: RunRequest, runs: Sequence[RunRecord], steps: Sequence[StepRecord], now: datetime) -> Progress:
    """The present stage counts by its finished steps, as many as a finished stage of its kind had.

    The time left assumes that the remaining days take as long as those done; nothing is said before one stage is done.
    """
    stages = [(str(stage["name"]), int(str(stage["days"]))) for stage in planned(request)]
    names = [name for name, _ in stages]
    position = names.index(request.stage) if request.stage in names else 0
    done = sum(days for _, days in stages[:position])
    finished = [step for step in steps if step.status == "done"]
    running = next((step.asset for step in reversed(steps) if step.status == "running"), "")
    total = sum(days for _, days in stages)
    exact = float(done)
    if request.status == "done":
        exact = float(total)
    elif stages:
        exact += stages[position][1] * _share_of_stage(request.stage, runs, finished)
    left = None
    if request.status == "running" and done:
        left = (now - runs[0].started_at) * ((total - exact) / exact)
    return Progress(
        stage=request.stage,
        stages_done=len(stages) if request.status == "done" else position,
        stages_total=len(stages),
        days_done=exact,
        days_total=total,
        rows=sum(step.rows_out or 0 for step in finished),
        step=running,
        left=left,
        period_days=len(request.period.days),
    )


def planned(request: RunRequest) -> list[Mapping[str, object]]:
    """Name and number of days of each planned stage, in order; none before the first decision."""
    stored = request.plan.get("stages", [])
    found: list[Mapping[str, object]] = []
    for item in stored if isinstance(stored, list) else []:
        first, last = (date.fromisoformat(str(item[name])) for name in ("first_day", "last_day"))
        found.append({"name": f"{item['kind']}-{item['chunk']}", "days": (last - first).days + 1})
    return found


def _share_of_stage(stage: str, runs: Sequence[RunRecord], finished: Sequence[StepRecord]) -> float:
    """Finished steps of the stage's newest run over those of a finished stage of the same kind; 0 while unknown."""
    kind = stage.partition("-")[0]
    per_run: dict[str, int] = {}
    for step in finished:
        per_run[step.run_id] = per_run.get(step.run_id, 0) + 1
    whole = [per_run.get(run.run_id, 0) for run in runs if run.status == "done" and run.stage.partition("-")[0] == kind]
    present = [run for run in runs if run.stage == stage]
    if not whole or not present or not max(whole):
        return 0.0
    return min(1.0, per_run.get(present[-1].run_id, 0) / max(whole))
