"""Short ways to write analyses and findings of the worked examples."""

from __future__ import annotations

from collections.abc import Iterable

from synkro_resources.rules.metrics.labels import Labels


def analysis(episode: str, *, variant: str = "full", status: str = "ok", rubric: str = "r1") -> dict[str, object]:
    return {
        "analysis_key": f"a-{episode}",
        "episode_key": episode,
        "variant": variant,
        "status": status,
        "rubric": rubric,
        "taxonomy": "t1",
        "truncated": False,
        "injection_flag": False,
    }


def found(
    episode: str,
    kind: str,
    code: str = "-",
    value: str = "yes",
    *,
    applicability: str = "applicable",
    band: str = "вероятно",
    messages: Iterable[str] = (),
    detail: str | None = None,
) -> dict[str, object]:
    cited = list(messages)
    return {
        "finding_id": f"{episode}/{kind}/{code}/{','.join(cited)}",
        "analysis_key": f"a-{episode}",
        "episode_key": episode,
        "type": kind,
        "code": code,
        "value": value,
        "applicability": applicability,
        "message_ids": cited,
        "quote_message_id": cited[0] if cited else None,
        "detail": detail,
        "band": band,
    }


def checklist(episode: str, *, yes: str = "", no: str = "", undetermined: str = "") -> list[dict[str, object]]:
    """Answers by the numbers of the items, `01 02`; the rest is not applicable."""
    answers: list[dict[str, object]] = []
    for number in range(1, 13):
        name, code = f"{number:02}", f"CK{number:02}"
        if name in undetermined.split():
            answers.append(found(episode, "checklist", code, "-", applicability="undetermined"))
        elif name in yes.split() or name in no.split():
            answers.append(found(episode, "checklist", code, "yes" if name in yes.split() else "no"))
        else:
            answers.append(found(episode, "checklist", code, "-", applicability="not_applicable"))
    return answers


def labels(*findings: dict[str, object], episodes: Iterable[str] = ()) -> Labels:
    """Every episode named or found is analysed."""
    keys = dict.fromkeys([*episodes, *(str(row["episode_key"]) for row in findings)])
    return Labels.of([analysis(key) for key in keys], findings)
