"""Charts of a report's figures as Vega-Lite, for paper and for the cabinet alike (docs/report.md, «Charts»).

Values come from the package's figures; nothing is computed here. A chart without enough to show is None.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from synkro_resources.model.package import Package, PackageMetric
from synkro_resources.rules import formats
from synkro_resources.rules.statistics import SHARE_FROM_ROWS

FONT = "DejaVu Sans"
"""Ships with the reports; a browser without it takes its own sans-serif."""
INK, BLUE, PALE, AMBER, GRID = "#1f2933", "#2563eb", "#93c5fd", "#f59e0b", "#e5e7eb"
WIDTH = 520
BAR, ROW, CELL = 20, 22, 16
"""Height of a bar, of a person's row and of a weekday, pixels."""

TEXTS: dict[str, dict[str, str]] = {
    "ru": {
        "of": "{share} из {count}",
        "in_time": "Ответы в срок, % (интервал 95 %)",
        "funnel": "Прошли этап, %",
        "minutes": "мин",
        "weekdays": "пн вт ср чт пт сб вс",
        "hour": "Час первого сообщения без ответа",
    },
    "en": {
        "of": "{share} of {count}",
        "in_time": "Answers in time, % (95 % interval)",
        "funnel": "Passed the stage, %",
        "minutes": "min",
        "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
        "hour": "Hour of the first unanswered message",
    },
}


def funnel(package: Package, pipeline: str, language: str) -> alt.LayerChart | None:
    """The share of a pipeline's mature deals that passed each stage, in the order of the stages."""
    words, names = TEXTS[language], package.names.get("step", {})
    steps = [
        step
        for step in package.scoped(10, "conversion", "step")
        if step.scope_id.partition(":")[0] == pipeline and (step.den or 0) >= SHARE_FROM_ROWS
    ]
    if not steps:
        return None
    frame = pd.DataFrame(
        {
            "step": [names.get(step.scope_id, step.scope_id) for step in steps],
            "place": range(len(steps)),
            "rate": [_per_cent(step.value) for step in steps],
            "label": [
                words["of"].format(share=_share(step, language), count=formats.whole(step.den or 0)) for step in steps
            ],
        }
    )
    base = alt.Chart(frame).encode(
        x=alt.X("rate:Q", title=words["funnel"], scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=TICKS)),
        y=alt.Y("step:N", title=None, sort=frame["step"].tolist(), axis=alt.Axis(labelLimit=240)),
    )
    label = base.mark_text(align="left", dx=5, color=INK, fontSize=9).encode(text="label:N")
    return themed(alt.layer(base.mark_bar(color=BLUE, height=BAR - 6), label).properties(**_size(len(steps), 190)))


def managers(package: Package, language: str) -> alt.LayerChart | None:
    """Each manager's share of answers in time with its interval, by name: no order of merit where chance may rule."""
    words, names = TEXTS[language], package.names.get("manager", {})
    people = [
        person
        for person in package.scoped(3, "in_sla", "manager")
        if (person.den or 0) >= SHARE_FROM_ROWS and person.ci_low is not None and person.ci_high is not None
    ]
    if not people:
        return None
    people.sort(key=lambda person: (names.get(person.scope_id, person.scope_id).casefold(), person.scope_id))
    frame = pd.DataFrame(
        {
            "manager": [names.get(person.scope_id, person.scope_id) for person in people],
            "share": [_per_cent(person.value) for person in people],
            "low": [_per_cent(person.ci_low) for person in people],
            "high": [_per_cent(person.ci_high) for person in people],
            "label": [
                words["of"].format(share=_share(person, language), count=formats.whole(person.den or 0))
                for person in people
            ],
        }
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("manager:N", title=None, sort=None, axis=alt.Axis(labelLimit=160, grid=True, gridColor=GRID))
    )
    scale = alt.Scale(domain=[0, 100])
    interval = base.mark_rule(color=PALE, strokeWidth=5, strokeCap="round").encode(
        x=alt.X("low:Q", title=words["in_time"], scale=scale, axis=alt.Axis(values=TICKS)), x2="high:Q"
    )
    point = base.mark_point(color=BLUE, filled=True, size=55, opacity=1).encode(x=alt.X("share:Q", scale=scale))
    label = base.mark_text(align="left", color=INK, fontSize=9).encode(text="label:N", x=alt.value(WIDTH - 160 + 8))
    return themed(alt.layer(interval, point, label).properties(width=WIDTH - 160, height=ROW * len(people)))


def hours(package: Package, language: str) -> alt.LayerChart | None:
    """The median response time by weekday and hour; few answers leave an hour empty, one weekday draws nothing."""
    words = TEXTS[language]
    weekdays = words["weekdays"].split()
    cells = [
        (cell, *cell.scope_id.split(":"))
        for cell in package.scoped(2, "rt_median", "weekday_hour")
        if cell.value is not None and cell.display == "ok"
    ]
    if len({day for _, day, _ in cells}) < 2:
        return None
    seen = [int(hour) for _, _, hour in cells]
    frame = pd.DataFrame(
        {
            "weekday": [weekdays[int(day) - 1] for _, day, _ in cells],
            "hour": [f"{int(hour):02d}" for _, _, hour in cells],
            "minutes": [cell.value for cell, _, _ in cells],
            "label": [formats.whole(formats.half_up(cell.value or 0)) for cell, _, _ in cells],
        }
    )
    across = [f"{hour:02d}" for hour in range(min(seen), max(seen) + 1)]
    base = alt.Chart(frame).encode(
        x=alt.X("hour:O", title=words["hour"], scale=alt.Scale(domain=across), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("weekday:O", title=None, scale=alt.Scale(domain=weekdays)),
    )
    heat = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "minutes:Q",
            title=words["minutes"],
            scale=alt.Scale(range=["#fef3c7", AMBER], zero=True),
            legend=alt.Legend(gradientLength=100, gradientThickness=10, labelFontSize=9, titleFontSize=9),
        )
    )
    label = base.mark_text(color=INK, fontSize=9).encode(text="label:N")
    width = min(WIDTH - 60, 34 * len(across))
    return themed(alt.layer(heat, label).properties(width=width, height=CELL * len(weekdays)))


TICKS = [0, 20, 40, 60, 80, 100]


def themed(chart: Any) -> Any:
    """The look of all charts."""
    return (
        chart.configure(font=FONT, background="white")
        .configure_axis(labelColor=INK, titleColor=INK, titleFontWeight="normal", labelFontSize=9, titleFontSize=9)
        .configure_view(stroke=None)
    )


def _size(bars: int, labels: int) -> dict[str, Any]:
    return {"width": WIDTH - labels, "height": (BAR + 2) * bars}


def _per_cent(value: float | None) -> float:
    return round(100 * (value or 0.0), 2)


def _share(found: PackageMetric, language: str) -> str:
    return formats.share(found.num or 0, found.den or 0, language, small=False)
