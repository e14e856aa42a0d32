"""Charts of a package's rows, and pictures of any chart without a browser (docs/report.md, «Charts»).

Charts of figures, which the cabinet draws too, are in `synkro_resources/charts.py`. Nothing is computed here but counts
of rows by local day.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from synkro_assets.reports.words.file_texts import FILE_TEXTS
from synkro_resources.charts import BLUE, PALE, WIDTH, themed
from synkro_resources.model.package import Package
from synkro_resources.model.period import days_between
from synkro_resources.rules.metrics.turns import TurnState

FONTS = Path(__file__).parent / "fonts"
PIXELS_PER_POINT = 2.0
"""Sharp on paper and on a phone."""
DAY_LABELS = 16  # more of them would overlap
FEW = 10
"""Counts up to it get a mark each."""


def trend(package: Package, language: str) -> alt.LayerChart:
    """New episodes as bars and the share in time as a line, by local day."""
    words = FILE_TEXTS[language]
    frame = daily(package)
    step = max(1, -(-len(frame) // DAY_LABELS))
    shown = frame["day"].tolist()[::step]
    base = alt.Chart(frame).encode(
        x=alt.X("day:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, values=shown, ticks=False))
    )
    counts = _whole_axis(frame["episodes"].max())
    bars = base.mark_bar(color=PALE).encode(y=alt.Y("episodes:Q", title=words["new_episodes"], axis=counts))
    line = base.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE)).encode(
        y=alt.Y("share:Q", title=words["share_in_time"], scale=alt.Scale(domain=[0, 100]))
    )
    return themed(alt.layer(bars, line).resolve_scale(y="independent").properties(width=WIDTH, height=85))


def reasons(package: Package, language: str) -> alt.Chart:
    """Lost deals by the CRM's reason, most frequent first."""
    names, words = package.names.get("reason", {}), FILE_TEXTS[language]
    rows = [
        {
            "reason": names.get(item.scope_id, item.scope_id) if item.scope_id else words["no_reason"],
            "deals": item.value,
        }
        for item in package.scoped(9, "lost", "reason")
    ]
    frame = pd.DataFrame(rows, columns=["reason", "deals"])
    encoded = (
        alt.Chart(frame)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("deals:Q", title=words["deals"], axis=_whole_axis(frame["deals"].max())),
            y=alt.Y("reason:N", title=None, sort="-x", axis=alt.Axis(labelLimit=220)),
        )
    )
    return themed(encoded.properties(width=WIDTH - 160, height=alt.Step(18)))


def _whole_axis(highest: float) -> alt.Axis:
    """Marks of a count: half a deal is none, and Vega would draw it where there are few."""
    if highest <= FEW:
        return alt.Axis(values=list(range(int(highest) + 1)), format="d")
    return alt.Axis(format="d")


def daily(package: Package) -> pd.DataFrame:
    """By local day of the period: `day` («07.09»), `episodes` that began, `share` of answers in time in per cent."""
    zone = ZoneInfo(package.zone)

    def day_of(row: Any) -> date:
        return row.at.astimezone(zone).date()

    began = Counter(day_of(row) for row in package.list_rows("new_episodes") if row.at is not None)
    judged = [row for row in package.list_rows("judged") if row.at is not None]
    answers = Counter(day_of(row) for row in judged)
    kept = Counter(day_of(row) for row in judged if row.extra.get("state") == TurnState.IN_SLA.value)
    last = min(package.period.last_day, (package.as_of - timedelta(microseconds=1)).astimezone(zone).date())
    days = list(days_between(package.period.first_day, max(last, package.period.first_day)))
    return pd.DataFrame(
        {
            "day": [f"{day:%d.%m}" for day in days],
            "episodes": [began[day] for day in days],
            "share": [100 * kept[day] / answers[day] if answers[day] else None for day in days],
        }
    )


def render_png(chart: alt.Chart | alt.LayerChart) -> bytes:
    """The chart as a picture for messengers and paper."""
    return _converter().vegalite_to_png(chart.to_json(), scale=PIXELS_PER_POINT)


def render_svg(chart: alt.Chart | alt.LayerChart) -> str:
    """The chart as a drawing."""
    return _converter().vegalite_to_svg(chart.to_json())


@cache
def _converter() -> Any:
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert
