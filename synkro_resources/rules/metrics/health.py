"""How far the figures of a period can be trusted (#23): what was loaded, linked, attributed, and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd

from synkro_resources.model.package import Verdict
from synkro_resources.rules.metrics.frames import among
from synkro_resources.rules.metrics.turns import TurnState, within
from synkro_resources.rules.statistics import Share

RECONCILIATION_LIMIT = 0.02  # more rows missing than this and the figures would be wrong, not merely late


@dataclass(frozen=True, slots=True)
class StepLoad:
    """How one source step ended for one local day."""

    step: str
    """`source/entity`, for example `radist/messages`."""
    day: date
    ok: bool
    finished_at: datetime
    rows_source: int
    rows_stored: int

    @property
    def missing(self) -> int:
        """Rows that the source showed and we do not hold; a merged day may rightly hold more than the last listing."""
        return max(0, self.rows_source - self.rows_stored)


@dataclass(frozen=True)
class DataHealth:
    """The figures of data health. Shares are 0…1; counts are rows of the unit that the name says."""

    load_coverage: Share
    missing_days: tuple[date, ...]
    dialog_coverage: Share
    unmatched: Share
    attribution: Share
    attribution_split: dict[str, int]
    reconciliation: float
    skipped: dict[str, int]
    undelivered: int
    no_zone: int
    counted_messages: int
    sources_without_load: tuple[str, ...] = ()
    unmatched_episodes: pd.DataFrame = field(default_factory=pd.DataFrame)


def data_health(
    *,
    states: pd.DataFrame,
    episodes: pd.DataFrame,
    messages: pd.DataFrame,
    dialogs: pd.DataFrame,
    loads: Sequence[StepLoad],
    mandatory: Collection[str],
    days: Sequence[date],
    start: datetime,
    end: datetime,
) -> DataHealth:
    """#23 for the messages, episodes and loads of `[start, end)`.

    An episode is active if it has a counted message in the period. `mandatory`: the steps without which a day is not
    loaded. Dialogs that the listing shows as active and that have no stored message lower `dialog_coverage`.
    """
    told = ["dialog_id", "episode_key", "is_counted", "error_at", "no_zone"]
    inside = messages[told][within(messages["sent_at"], start, end)]
    counted = inside[inside["is_counted"].astype(bool)]
    active = episodes[among(episodes["episode_key"], counted["episode_key"])]
    unmatched = active[active["contact_id"].isna()]
    attributed, of = _attribution(states, active)
    done = {day: {load.step for load in loads if load.day == day and load.ok} for day in days}
    missing_days = tuple(day for day in days if not done[day] >= set(mandatory))
    loaded = {step.partition("/")[0] for steps in done.values() for step in steps}
    listed = _listed(dialogs, start, end)
    return DataHealth(
        load_coverage=Share(len(days) - len(missing_days), len(days)),
        missing_days=missing_days,
        dialog_coverage=Share(len(listed & set(inside["dialog_id"])), len(listed)),
        unmatched=Share(len(unmatched), len(active)),
        attribution=Share(sum(attributed.values()), of),
        attribution_split=dict(attributed),
        reconciliation=max((load.missing / load.rows_source for load in loads if load.rows_source), default=0.0),
        skipped=dict(sorted(Counter(active["skip_reason"].dropna()).items())),
        undelivered=int(inside["error_at"].notna().sum()),
        no_zone=int(inside["no_zone"].astype(bool).sum()),
        counted_messages=len(counted),
        sources_without_load=tuple(sorted({step.partition("/")[0] for step in mandatory} - loaded)),
        unmatched_episodes=unmatched,
    )


def verdict(
    health: DataHealth, *, as_of: datetime, end: datetime, coverage_floor: float, checks_failed: bool = False
) -> tuple[Verdict, tuple[str, ...]]:
    """Whether readers get the report, and the reason codes of a mark.

    `failed`: a mandatory source was never loaded in the period. `preliminary`: part of it is missing, or a check of its
    data failed that a correct report depends on (`checks_failed`). `empty`: everything was loaded and nobody wrote.
    """
    if health.sources_without_load:
        return Verdict.FAILED, tuple(f"no_load:{source}" for source in health.sources_without_load)
    coverage = health.dialog_coverage.value
    reasons = {
        "period_not_over": as_of < end,
        "days_missing": bool(health.missing_days),
        "dialog_coverage": coverage is not None and coverage < coverage_floor,
        "reconciliation": health.reconciliation > RECONCILIATION_LIMIT,
        "checks_failed": checks_failed,
    }
    found = tuple(code for code, fires in reasons.items() if fires)
    if found:
        return Verdict.PRELIMINARY, found
    return (Verdict.OK if health.counted_messages else Verdict.EMPTY), ()


def _attribution(states: pd.DataFrame, active: pd.DataFrame) -> tuple[Counter[str], int]:
    """Attributed episodes by the method of their last turn, and the episodes that could be attributed."""
    turns = states[["episode_key", "manager_id", "attribution"]]
    asked = turns["episode_key"][states["state"] != TurnState.NO_REPLY_NEEDED]
    wanted = active["episode_key"][(active["manager_messages"] > 0) | among(active["episode_key"], asked)]
    last = turns[among(turns["episode_key"], wanted)].drop_duplicates("episode_key", keep="last")
    known = last[last["manager_id"].notna() & (last["attribution"] != "none")]
    return Counter(str(kind) for kind in known["attribution"]), len(wanted)


def _listed(dialogs: pd.DataFrame, start: datetime, end: datetime) -> set[int]:
    active = within(dialogs["last_activity_at"], start, end) & ~dialogs["is_group"].astype(bool)
    return {int(dialog) for dialog in dialogs["dialog_id"][active]}
