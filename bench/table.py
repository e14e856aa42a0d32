"""One form for what benches find: a row for people in Markdown, and the same row as a line of JSON.

A bench calls `tell` with its rows. Alone it prints them; under `python -m bench`, which sets `SYNKRO_BENCH_ROWS`, they
are collected into one table.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROWS_FILE = "SYNKRO_BENCH_ROWS"
HEAD = (
    "| bench | measures | median (spread) | ratio | aim | | warm-up + repeats | growth | CPU s | peak MiB |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `value` is the median, `low` and `high` its spread; `ratio` is against what `next_to` names.

    `amount` of `amount_of`: how much work it was, in `seconds`; rows of one bench over several amounts give the growth.
    """

    bench: str
    measures: str
    value: float
    unit: str
    repeats: int
    warm_up: int = 0
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    next_to: str = ""
    aim: str = ""
    met: bool | None = None
    amount: float | None = None
    amount_of: str = ""
    seconds: float | None = None


def tell(*rows: Row) -> None:
    """Print the rows, or hand them to whoever collects them."""
    file = os.environ.get(ROWS_FILE)
    for row in rows:
        line = json.dumps(asdict(row), ensure_ascii=False)
        if file:
            with Path(file).open("a") as collected:
                collected.write(line + "\n")
        else:
            print(line)


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """The power with which seconds grow with the amount, fitted by least squares; None for fewer than three amounts."""
    logs = sorted({(math.log(amount), math.log(seconds)) for amount, seconds in points if amount > 0 and seconds > 0})
    if len({x for x, _ in logs}) < 3:
        return None
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def markdown(found: Sequence[dict[str, Any]]) -> str:
    """The table of collected rows; of several amounts of one bench the largest is shown, the others are its growth."""
    lines = [HEAD]
    for bench in dict.fromkeys(row["bench"] for row in found):
        rows = [row for row in found if row["bench"] == bench]
        lines.append(_line(max(rows, key=lambda row: row["amount"] or 0), rows))
    return "\n".join(lines)


def _line(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    spread = "" if row["low"] is None else f" ({_short(row['low'])} to {_short(row['high'])})"
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}x {row['next_to']}"
    verdict = {True: "met", False: "**not met**", None: ""}[row["met"]]
    cells = (
        row["bench"],
        row["measures"],
        f"{_short(row['value'])} {row['unit']}{spread}",
        ratio,
        row["aim"],
        verdict,
        f"{row['warm_up']} + {row['repeats']}",
        _growth(rows),
        _short(row.get("cpu_s")),
        _short(row.get("peak_mib")),
    )
    return "| " + " | ".join(cells) + " |"


def _growth(rows: Sequence[dict[str, Any]]) -> str:
    sized = sorted((row for row in rows if row["amount"] and row["seconds"]), key=lambda row: row["amount"])
    power = exponent((row["amount"], row["seconds"]) for row in sized)
    if power is None:
        return ""
    steps = ", ".join(f"{row['amount']:,.0f}: {row['seconds']:.1f} s" for row in sized)
    return f"{steps} ({sized[0]['amount_of']}), exponent {power:.2f}"


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
