"""The list of a period's episodes: filters, and one card per episode with what the analysis says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from synkro_app.cabinet.components.finding_names import CHECKLIST, TYPES, code_name, finding_name
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.services.dialogs import LABELLED, Filters, ListedEpisode, Listing
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.tenants import Tenant
from synkro_resources.dialog_clients import Stage
from synkro_resources.rules.metrics.labels import DOUBTFUL

AT_ONCE = 20
One = TypeVar("One", int, str, Stage)
SUMMARY = ("intent", "objection", "lost_reason")
FILTER_KEYS = (
    "dialogs_words",
    "dialogs_channel",
    "dialogs_stage",
    "dialogs_manager",
    "dialogs_status",
    "dialogs_kind",
    "dialogs_code",
    "dialogs_band",
    "dialogs_flagged",
    "dialogs_disputed",
)
CHOICE = 200
"""Width of a filter, pixels."""
LONGEST_SEARCH = 100


def draw_filters(found: Listing, language: str) -> Filters:
    """Choices among what the period holds."""
    labels = [item for episode in found.episodes for item in episode.counted]
    items = next((episode.items for episode in found.episodes if episode.items), None)
    stages = sorted({item.stage for item in found.episodes if item.stage}, key=lambda one: (one.order, one.name))
    words = st.text_input(
        translate(language, "dialogs.search"),
        key="dialogs_words",
        placeholder=translate(language, "dialogs.search_clients" if found.shows_clients else "dialogs.search_deals"),
        icon=":material/search:",
        max_chars=LONGEST_SEARCH,
    )
    people = {item.manager_id for item in found.episodes if item.manager_id is not None}
    with st.container(horizontal=True):  # unlike columns it leaves no hole where there is nothing to choose
        manager = _choice("manager", sorted(people), lambda one: found.managers.get(one, str(one)), language)
        channels = Counter(item.channel for item in found.episodes)
        channel = _choice("channel", list(channels), lambda one: translate(language, f"channel.{one}"), language)
        stage = _choice("stage", stages, lambda one: one.name, language)
        states = Counter(item.status for item in found.episodes)
        status = _choice("status", list(states), lambda one: translate(language, f"dialog_status.{one}"), language)
        kinds = [kind for kind in TYPES if any(item.type == kind for item in labels)]
        kind = _choice("kind", kinds, lambda one: translate(language, f"finding_type.{one}"), language)
        codes = sorted({item.code for item in labels if item.type == kind and item.code not in ("", "-")})
        code = _choice("code", codes, lambda one: code_name(kind or "", one, language, items), language)
        bands = sorted({item.band for item in labels})
        band = _choice("band", bands, lambda one: translate(language, f"band.{one}"), language)
    with st.container(horizontal=True):
        flagged = st.toggle(translate(language, "dialogs.flagged"), key="dialogs_flagged")
        disputed = st.toggle(translate(language, "dialogs.disputed"), key="dialogs_disputed")
    return Filters(manager, status, kind, code, band, flagged, disputed, channel, stage, words)


def _choice(name: str, options: Sequence[One], label: Callable[[One], str], language: str) -> One | None:
    """One of the options, or None for all of them; what the period no longer holds is forgotten."""
    key = f"dialogs_{name}"
    if st.session_state.get(key) not in options:
        st.session_state[key] = None
    if not options:  # a box that cannot be opened is grey on grey and says nothing
        return None
    return st.selectbox(
        translate(language, f"dialogs.{name}"),
        options,
        index=None,
        format_func=label,
        placeholder=translate(language, "dialogs.all"),
        key=key,
        width=CHOICE,
    )


def draw_list(
    found: Listing, fitting: Sequence[ListedEpisode], company: Tenant, language: str, open_it: Callable[[str], None]
) -> None:
    """The first episodes that fit, more of them on demand; `open_it` is called with an episode's key."""
    labelled = sum(item.status == LABELLED for item in found.episodes)
    count = plural(language, "dialogs.found", len(fitting))
    st.caption(translate(language, "dialogs.count", found=count, labelled=labelled, total=len(found.episodes)))
    if not fitting:
        st.info(translate(language, "dialogs.nothing_fits"), icon=":material/filter_alt:")
        return
    shown = int(st.session_state.get("dialogs_shown", AT_ONCE))
    for episode in fitting[:shown]:
        _draw_card(episode, found, company, language, open_it)
    if len(fitting) > shown:
        st.button(
            translate(language, "dialogs.more"),
            icon=":material/expand_more:",
            on_click=_show_more,
            args=(shown,),
            key="dialogs_more",
        )


def _show_more(shown: int) -> None:
    st.session_state["dialogs_shown"] = shown + AT_ONCE


def _draw_card(
    episode: ListedEpisode, found: Listing, company: Tenant, language: str, open_it: Callable[[str], None]
) -> None:
    with st.container(border=True):
        when, what, button = st.columns([3, 6, 2], vertical_alignment="center")
        with when:
            st.markdown(f"**{instant(episode.last_at, company.zone, language)}**")
            st.caption(plain(" · ".join(about(episode, found.managers.get(episode.manager_id or 0), language))))
        with what:
            if episode.client is not None and episode.client.name:
                st.markdown(f"**{plain(episode.client.name)}**")
            st.markdown(summary(episode, language))
        with button:
            st.button(
                translate(language, "dialogs.open"),
                key=f"open_{episode.episode_key}",
                width="stretch",
                on_click=open_it,
                args=(episode.episode_key,),
            )


def about(episode: ListedEpisode, manager: str | None, language: str) -> list[str]:
    """Channel, manager, deal and its stage in words."""
    deal = (
        translate(language, "dialogs.no_deal")
        if episode.deal_id is None
        else translate(language, "dialogs.deal", number=episode.deal_id)
    )
    name = manager or translate(language, "dialogs.no_manager")
    if episode.stage is not None:
        deal = f"{deal}, {episode.stage.name}"
    return [translate(language, f"channel.{episode.channel}"), name, deal]


def status_line(episode: ListedEpisode, language: str) -> str:
    """Whether the episode is labelled, and why not."""
    text = translate(language, f"dialog_status.{episode.status}")
    if episode.status != "skipped" or episode.skip_reason is None:
        return text
    return f"{text}: {translate(language, f'skip_reason.{episode.skip_reason}')}"


def summary(episode: ListedEpisode, language: str) -> str:
    """The labels that a reader looks for first; of an episode without labels, why there are none."""
    if episode.status != LABELLED:
        return f":gray[:material/label_off: {plain(status_line(episode, language))}]"
    marks: list[str] = []
    if episode.is_flagged:
        marks.append(f":red-badge[:material/warning: {plain(translate(language, 'dialogs.flagged'))}]")
    if episode.is_disputed:
        marks.append(f":orange-badge[:material/gavel: {plain(translate(language, 'dialogs.is_disputed'))}]")
    failed = [item for item in episode.counted if item.type == CHECKLIST and item.value == "no"]
    if failed:
        marks.append(f":orange-badge[{plain(plural(language, 'dialogs.failed', len(failed)))}]")
    for item in episode.counted:
        unhappy = item.type == "sentiment_end" and item.value == "negative"
        if item.type in SUMMARY or unhappy:
            colour = "red" if unhappy else "gray" if item.band == DOUBTFUL else "blue"
            marks.append(f":{colour}-badge[{plain(finding_name(item, language, episode.items))}]")
    return " ".join(marks) or f":gray[{plain(translate(language, 'dialogs.nothing_special'))}]"
