"""The charts of a report, the same as on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import streamlit as st

from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports
from synkro_app.cabinet.texts import translate
from synkro_resources.control.sessions import SessionUser

LIGHT, LINES = "#d0d5dd", "#344054"
"""Letters and lines on a dark page."""
AS_DRAWN = {"type": "pad"}
"""Else Streamlit fits axes and legends into the height of the bars, and the rows fall on each other."""


def draw_charts(
    place: Installation, user: SessionUser, tenant: str, package_id: str, *, only: str | None = None
) -> bool:
    """Each chart under its title, or `only` the one of this code; False where the package has too few figures."""
    found = reports.charts_of(place, user, tenant, package_id, user.language)
    wanted = [chart for chart in found if only is None or chart.code == only]
    for number, chart in enumerate(wanted):
        title = translate(user.language, f"chart.{chart.code}", subject=chart.subject)
        with st.container(border=True):
            st.markdown(f"**{plain(title)}**")
            spec = {**_in_theme(chart.spec), "autosize": AS_DRAWN}
            st.vega_lite_chart(spec=spec, theme=None, width="content", key=f"chart_{number}_{chart.code}")
    return bool(wanted)


def _in_theme(spec: Mapping[str, object]) -> dict[str, object]:
    """As on paper; on a dark page without the paper's white, and its ink light."""
    if st.context.theme.type != "dark":
        return {**spec}
    config = cast("dict[str, dict[str, object]]", spec.get("config", {}))
    inked = {part: {**config.get(part, {}), "labelColor": LIGHT, "titleColor": LIGHT} for part in ("axis", "legend")}
    inked["axis"] |= {"gridColor": LINES, "domainColor": LINES, "tickColor": LINES}
    return {**spec, "config": {**config, **inked, "background": "transparent"}}
