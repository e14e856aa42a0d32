"""The key figures of the newest period: value, the period before, how it went, and the way to the rows behind."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from synkro_app.cabinet.components.formats import period as period_words
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.key_figures import PERIODS, KeyFigure, key_figures
from synkro_app.cabinet.texts import translate
from synkro_resources.control.reports import ReportSummary
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.package import Change, PackageMetric, Verdict
from synkro_resources.model.period import PeriodKind
from synkro_resources.rules import formats

KIND = "overview_kind"
ARROWS: dict[Change, Literal["up", "down"]] = {Change.UP: "up", Change.DOWN: "down"}


def draw_figures(place: Installation, user: SessionUser, tenant: str, listing: list[ReportSummary]) -> None:
    """The figures of days or weeks, as chosen; nothing is drawn before the first report."""
    language = user.language
    heading, choice = st.columns([3, 2], vertical_alignment="bottom")
    with choice:
        kind = st.segmented_control(
            translate(language, "overview.kind"),
            list(PERIODS),
            default=PeriodKind.DAY,
            required=True,
            format_func=lambda one: translate(language, f"overview.kind_{one}"),
            label_visibility="collapsed",
            key=KIND,
        )
    found = key_figures(place, user, tenant, kind)
    with heading:
        st.header(translate(language, "overview.figures"), anchor=False)
    if found is None:
        st.caption(translate(language, f"overview.none_{kind}"))
        return
    shown = period_words(found.newest.period, language)
    key = "overview.preliminary" if found.newest.verdict is Verdict.PRELIMINARY else "overview.period"
    st.caption(translate(language, key, period=shown))
    doc_id = document_of(listing, found.newest.package_id, language)
    grid = st.grid("auto", min_column_width=220)
    for figure in found.figures:
        with grid, st.container(border=True, height="stretch"):
            _draw_figure(figure, doc_id, language)


def document_of(listing: list[ReportSummary], package_id: str, language: str) -> str | None:
    """The document of a package, in this language if there is one."""
    mine = [item for item in listing if item.package_id == package_id]
    mine.sort(key=lambda item: item.language != language)
    return mine[0].doc_id if mine else None


def _draw_figure(figure: KeyFigure, doc_id: str | None, language: str) -> None:
    metric = figure.metric
    before = before_words(metric, language)
    change = None if metric.verdict is None else ARROWS.get(metric.verdict)
    is_better = change is not None and (change == "up") == ((metric.polarity or 0) > 0)
    st.metric(
        translate(language, f"figure.{metric.code}"),
        shown_value(metric, language),
        None if before is None else translate(language, "overview.before", value=before),
        delta_arrow=change or "off",
        delta_color="off" if change is None or not metric.polarity else "green" if is_better else "red",
        chart_data=list(figure.past) if len(figure.past) > 1 else None,
        chart_type="line",
    )
    if doc_id is not None:
        page_link(
            "reports",
            language,
            "overview.rows",
            icon=":material/list:",
            query={"report": doc_id, "list": figure.list_code},
        )


def shown_value(metric: PackageMetric, language: str) -> str:
    """The figure as its report tells it; too small a sample is told instead of a number."""
    if metric.unit == "share" and metric.num is not None and metric.den is not None:
        return formats.share(metric.num, metric.den, language)
    if metric.value is None:
        return "–"
    if metric.display != "ok" and metric.unit == "minutes":
        return translate(language, "overview.few")
    return _value(metric.unit, metric.value, language)


def before_words(metric: PackageMetric, language: str) -> str | None:
    """The value of the period before, or None where there is nothing to compare with."""
    if metric.prev_value is None:
        return None
    if metric.unit == "share":
        den = metric.prev_n or 0
        return formats.share(formats.half_up(metric.prev_value * den), den, language) if den else None
    return _value(metric.unit, metric.prev_value, language)


def difference_words(unit: str, difference: float, language: str) -> str:
    """A difference with its sign; of shares in percentage points."""
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    if unit == "share":
        points = formats.decimal(abs(difference) * 100, 1, language)
        return translate(language, "compare.points", value=sign + points)
    return sign + (_value(unit, abs(difference), language) if difference else "0")


def _value(unit: str, value: float, language: str) -> str:
    match unit:
        case "minutes":
            return formats.minutes(value, language)
        case "share":
            return formats.share(formats.half_up(value * 1000), 1000, language)
        case "roubles":
            return formats.money(int(value), language)
        case _:
            return formats.whole(formats.half_up(value))
