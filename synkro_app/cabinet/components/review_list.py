"""The list of findings that chance has chosen: a card with the quote, three verdicts, and the way to the dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from synkro_app.cabinet.components.finding_card import mark_finding
from synkro_app.cabinet.components.finding_names import finding_name
from synkro_app.cabinet.components.formats import plain
from synkro_app.cabinet.services.reviews import ReviewItem
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.feedback import Sampling, Verdict
from synkro_resources.rules.formats import period_name


def draw_reviews(
    items: Sequence[ReviewItem], company: Tenant, language: str, open_it: Callable[[ReviewItem], None]
) -> None:
    """`open_it` is called with what the person wants to see in its dialog."""
    _draw_items(items, company, language, open_it, texts="review")


def draw_conclusions(
    items: Sequence[ReviewItem], company: Tenant, language: str, open_it: Callable[[ReviewItem], None]
) -> None:
    """The same cards for the labels behind one report."""
    _draw_items(items, company, language, open_it, texts="conclusions")


def _draw_items(
    items: Sequence[ReviewItem], company: Tenant, language: str, open_it: Callable[[ReviewItem], None], *, texts: str
) -> None:
    st.caption(translate(language, f"{texts}.about"))
    if not items:
        st.info(translate(language, f"{texts}.none"), icon=":material/task_alt:")
        return
    st.markdown(plural(language, f"{texts}.waiting", len(items)))
    for item in items:
        _draw(item, company, language, open_it)


def _draw(item: ReviewItem, company: Tenant, language: str, open_it: Callable[[ReviewItem], None]) -> None:
    found = item.finding
    with st.container(border=True):
        quote = "" if not item.quote else "\n\n> " + plain(item.quote).replace("\n", "  \n> ")
        st.markdown(f"**{plain(finding_name(found, language, item.items))}**{quote}")
        about = [
            translate(language, "finding.band", band=translate(language, f"band.{found.band}")),
            translate(language, f"review.{item.kind}"),
            period_name(item.period.first_day, item.period.last_day, language),
        ]
        st.caption(plain(" · ".join(about)))
        with st.container(horizontal=True, vertical_alignment="center"):
            key = f"review_{found.finding_id}"
            st.segmented_control(
                translate(language, "finding.mark"),
                list(Verdict),
                format_func=lambda verdict: translate(language, f"verdict.{verdict}"),
                label_visibility="collapsed",
                key=key,
                on_change=mark_finding,
                args=(company.slug, found.finding_id, key, None, item.kind is not Sampling.VOLUNTARY),
            )
            st.button(
                translate(language, "dialogs.open"),
                key=f"review_open_{found.finding_id}",
                type="tertiary",
                on_click=open_it,
                args=(item,),
            )
