"""One line of the table: a fault, what the client saw of it, what was lost, and how it recovered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

NOTHING = "ничего"
BY_ITSELF = "само"
ONE_MORE = "ещё один запрос"
SKIPPED = "не проверялось"
FOLDER = Path(".synkro/faults")
WIDEST = 150


@dataclass(frozen=True, slots=True)
class Outcome:
    """`lost`: «ничего», why it was not tried, or what was lost or doubled. `saw`: the words that the client reads."""

    group: str
    fault: str
    saw: str
    lost: str
    recovered: str
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return self.lost == NOTHING or self.lost.startswith(SKIPPED)


def skipped(group: str, fault: str, why: str) -> Outcome:
    """A fault that this machine does not let us make."""
    return Outcome(group, fault, "–", f"{SKIPPED}: {why}", "–")


def table(outcomes: Sequence[Outcome]) -> str:
    """All outcomes as Markdown, one table."""
    lines = ["| Класс | Сбой | Что видел клиент | Что потеряно | Как восстановилось |", "|---|---|---|---|---|"]
    lines += [
        f"| {' | '.join(_cell(text) for text in (one.group, one.fault, one.saw, one.lost, one.recovered))} |"
        for one in outcomes
    ]
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    broken, left_out = [one for one in outcomes if not one.holds], [one for one in outcomes if one.recovered == "–"]
    alone = sum(one.holds and one.recovered.startswith(BY_ITSELF) for one in outcomes)
    return (
        f"{len(outcomes)} сбоев: {alone} прошли сами, {len(outcomes) - alone - len(left_out) - len(broken)} – после "
        f"запроса или действия, {len(left_out)} не проверялись, потеряно или удвоено в {len(broken)}"
    )


def write(outcomes: Sequence[Outcome], folder: Path = FOLDER) -> None:
    """The table and one JSON object per fault, beside each other."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faults.md").write_text(f"{table(outcomes)}\n\n{summary(outcomes)}\n")
    lines = (json.dumps(asdict(one), ensure_ascii=False) for one in outcomes)
    (folder / "faults.jsonl").write_text("\n".join(lines) + "\n")


def _cell(text: str) -> str:
    flat = " ".join(text.split()).replace("|", "\\|")
    return flat if len(flat) <= WIDEST else flat[: WIDEST - 1] + "…"
