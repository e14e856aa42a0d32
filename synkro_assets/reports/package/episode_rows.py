"""Every active episode of a period as a row of the package: what the workbook's sheet «Обращения» shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from synkro_assets.reports.package.figures import PeriodFigures
from synkro_resources.model.package import PackageRow
from synkro_resources.rules.deal_history import NOBODY
from synkro_resources.rules.metrics.frames import among, moment, records, text, whole
from synkro_resources.rules.metrics.labels import Labels, codes_by_episode, first_by_episode
from synkro_resources.rules.metrics.turns import TurnState

Row = Mapping[str, object]
SHOWN = ("episode_key", "dialog_id", "deal_id", "start_at", "last_at", "channel", "opened_by", "skip_reason")
"""What of an active episode its row tells."""


def episode_rows(figures: PeriodFigures, labels: Labels) -> Iterator[PackageRow]:
    """One row per active episode, by its start; unnumbered. `extra` holds what was measured and what was labelled."""
    measured, labelled = _measured(figures), _Labelled(figures, labels)
    active = figures.active.sort_values(["start_at", "episode_key"], kind="stable")[list(SHOWN)]
    for row in records(active):
        key = str(row["episode_key"])
        who = figures.labels.managers.get(key, NOBODY)
        start, last = moment(row["start_at"]), moment(row["last_at"])
        yield PackageRow(
            list_code="episodes",
            row_no=0,
            episode_key=key,
            dialog_id=text(row["dialog_id"]),
            deal_id=whole(row["deal_id"]),
            manager_id=who.manager_id,
            attribution=who.attribution,
            at=start,
            extra={
                "channel": text(row["channel"]),
                "start": None if start is None else start.isoformat(),
                "last": None if last is None else last.isoformat(),
                "opened_by": text(row["opened_by"]),
                "skip_reason": text(row["skip_reason"]),
                **measured.get(key, {}),
                **labelled.of(key),
            },
        )


def _measured(figures: PeriodFigures) -> dict[str, dict[str, object]]:
    """By episode: first response, turns that wait for a reply, the share of those in time, whether somebody waits."""
    found: dict[str, dict[str, object]] = {}
    for row in records(figures.first_response.rows[["episode_key", "wt", "off_hours"]]):
        found[str(row["episode_key"])] = {"frt": row["wt"], "off_hours": bool(row["off_hours"])}
    states = figures.states[among(figures.states["episode_key"], figures.active["episode_key"])]
    asked = states[states["state"] != TurnState.NO_REPLY_NEEDED]
    for key, count in asked["episode_key"].value_counts().items():
        found.setdefault(str(key), {})["turns"] = int(count)
    judged = figures.in_sla.rows
    kept = (judged["state"] == TurnState.IN_SLA).groupby(judged["episode_key"]).mean()
    for key, share in kept.items():
        found.setdefault(str(key), {})["in_sla"] = float(share)
    for waiting in figures.unanswered.rows:
        found.setdefault(waiting.episode_key, {})["unanswered"] = True
    return found


class _Labelled:
    """What the analysis said, by episode; empty where it said nothing."""

    def __init__(self, figures: PeriodFigures, labels: Labels) -> None:
        keys = figures.active["episode_key"]
        self._codes = {
            name: codes_by_episode(labels.found(kind, keys))
            for name, kind in (("intents", "intent"), ("topics", "topic"), ("objections", "objection"))
        }
        self._values = {
            name: first_by_episode(labels.found(name, keys)) for name in ("sentiment_start", "sentiment_end")
        }
        self._reasons = first_by_episode(labels.found("lost_reason", keys))
        self._scores = _scores(figures.labels.checklist.scored)

    def of(self, key: str) -> dict[str, object]:
        found: dict[str, object] = {name: codes[key] for name, codes in self._codes.items() if key in codes}
        found |= {name: text(rows[key]["value"]) for name, rows in self._values.items() if key in rows}
        if key in self._reasons:
            found["lost_reason"] = text(self._reasons[key]["code"])
        if key in self._scores:
            found["checklist"] = self._scores[key]
        return found


def _scores(scored: pd.DataFrame) -> dict[str, float]:
    return {str(row["episode_key"]): float(str(row["score"])) for row in records(scored[["episode_key", "score"]])}
