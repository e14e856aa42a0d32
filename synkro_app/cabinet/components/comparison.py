"""Two reports of one kind side by side: the figure, both values and the difference."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from synkro_app.cabinet.components.figure_grid import difference_words, shown_value
from synkro_app.cabinet.components.formats import period as period_words
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import comparing
from synkro_app.cabinet.services.comparing import ComparedFigure
from synkro_app.cabinet.texts import translate
from synkro_resources.control.reports import ReportSummary
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.package import PackageMetric


def draw_comparison(
    place: Installation, user: SessionUser, tenant: str, listing: list[ReportSummary], shown: ReportSummary
) -> None:
    """The choice of the other report, and the table; a fold that reads nothing until it is opened."""
    language = user.language
    others = [item for item in listing if item.kind == shown.kind and item.report_id != shown.report_id]
    fold = st.expander(translate(language, "compare.title"), key="report_compare", on_change="rerun")
    if not fold.open:
        return
    with fold:
        if not others:
            st.caption(translate(language, "compare.none"))
            return
        by_id = {item.package_id: item for item in others}
        other = st.selectbox(
            translate(language, "compare.with"),
            list(by_id),
            format_func=lambda package_id: by_id[package_id].title,
            key=f"compare_{shown.kind}_{shown.package_id}",
        )
        found = comparing.compare(place, user, tenant, other, shown.package_id)
        if found is None:
            st.caption(translate(language, "compare.none"))
            return
        first, second = (period_words(one.period, language) for one in (found.first, found.second))
        st.dataframe(_frame(found.figures, first, second, language), hide_index=True, width="stretch", placeholder="–")
        st.caption(translate(language, "compare.about"))


def _frame(figures: tuple[ComparedFigure, ...], first: str, second: str, language: str) -> pd.DataFrame:
    def words(metric: PackageMetric | None) -> str | None:
        return None if metric is None else shown_value(metric, language)

    return pd.DataFrame(
        {
            translate(language, "compare.figure"): [translate(language, f"figure.{one.code}") for one in figures],
            f"A · {first}": [words(one.first) for one in figures],
            f"B · {second}": [words(one.second) for one in figures],
            translate(language, "compare.difference"): [_difference(one, language) for one in figures],
        }
    )


def _difference(figure: ComparedFigure, language: str) -> str | None:
    metric = figure.second
    if figure.difference is None or metric is None:
        return None
    return difference_words(metric.unit, figure.difference, language)
