"""The planted labels as rows of the analysis tables, as a perfect model would have left them day by day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from synkro_resources.sandbox.world.facts import PlantedEpisode
from synkro_resources.sandbox.world.labels import EpisodeLabels, PlantedFinding, labels_of
from synkro_resources.sandbox.world.model import World

Row = dict[str, object]

VERSIONS = {
    "rubric": "r1",
    "taxonomy": "t1",
    "prompt": "p1",
    "schema": "s1",
    "model": "planted/perfect",
    "masker": "k1",
}
BAND = "вероятно"


def analysis_rows(world: World) -> Iterator[tuple[Row, list[Row]]]:
    """Rows of `episode_analysis`, each with its rows of `finding`, without the tenant.

    One analysis per episode and local day on which something was written, of everything written up to the day's end;
    nothing for episodes that cannot be labelled yet.
    """
    working_time = world.truth.working_time
    for episode in world.truth.episodes:
        for day in sorted({working_time.local_day(line.at) for line in episode.lines}):
            labels = labels_of(world.seed, episode, working_time.bounds(day)[1])
            if labels is not None:
                yield _analysis(episode, labels, working_time.bounds(day)[1])


def _analysis(episode: PlantedEpisode, labels: EpisodeLabels, day_end: datetime) -> tuple[Row, list[Row]]:
    content = _digest(episode.start_id, labels.content_until.isoformat())
    key = _digest(content, *VERSIONS.values())
    analysis: Row = {
        "analysis_key": key,
        "episode_key": f"{episode.chat_id}:{episode.start_id}",
        "content_hash": content,
        "content_until": labels.content_until,
        "variant": "full" if labels.is_full else "labels",
        "versions": dict(VERSIONS),
        "status": labels.status,
        "answer": None,
        "truncated": False,
        "injection_flag": labels.injected,
        "attempts": 1,
        "tokens_in": 1600,
        "tokens_cached": 0,
        "tokens_out": 600,
        "cost": 0,
        "currency": "RUB",
        "created_at": day_end,
        "superseded_by": None,
    }
    return analysis, [_finding(key, finding) for finding in labels.findings]


def _finding(analysis_key: str, finding: PlantedFinding) -> Row:
    quoted = finding.refs[0] if finding.refs else None
    return {
        "finding_id": _digest(analysis_key, finding.type, finding.code, quoted or "", "0"),
        "analysis_key": analysis_key,
        "type": finding.type,
        "code": finding.code,
        "value": finding.value,
        "applicability": finding.applicability,
        "message_ids": list(finding.refs),
        "quote_message_id": quoted,
        "text_version": None,
        "start": 0 if quoted else None,
        "end": len(finding.quote) if quoted else None,
        "quote_masked": finding.quote or None,
        "detail_masked": None,
        "band": BAND,
        "run_agreement": None,
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
