"""One episode: its messages with the quoted words marked, and its labels with what people say of them."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.dialog_list import about, status_line
from synkro_app.cabinet.components.finding_card import draw_finding
from synkro_app.cabinet.components.finding_names import CHECKLIST, TYPES
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.services.dialog import OpenedEpisode, Piece, ShownFinding, ShownMessage
from synkro_app.cabinet.services.dialogs import LABELLED
from synkro_app.cabinet.texts import translate
from synkro_resources.control.tenants import Tenant

ICONS = {
    "client": ":material/person:",
    "manager": ":material/support_agent:",
    "bot": ":material/smart_toy:",
    "broadcast": ":material/campaign:",
}
CLIENT_SIDE = "user"  # Streamlit's name for the side with a background of its own
OTHER_SIDE = "assistant"


def draw_dialog(opened: OpenedEpisode, company: Tenant, language: str) -> None:
    """Messages on the left, labels on the right; one below the other on a phone."""
    episode = opened.episode
    with st.container(horizontal=True, vertical_alignment="center"):
        if episode.client is not None and episode.client.name:
            st.markdown(f"**{plain(episode.client.name)}**")
        told = about(episode, opened.manager, language)
        st.markdown(plain(" · ".join(told)))
        if opened.deal_url is not None:
            st.link_button(
                translate(language, "dialog.open_deal"),
                opened.deal_url,
                icon=":material/open_in_new:",
            )
    if episode.is_flagged:
        st.warning(translate(language, "dialog.flagged"), icon=":material/warning:")
    if episode.status != LABELLED:
        st.info(status_line(episode, language), icon=":material/label_off:")
    left, right = st.columns([1, 1], gap="large")
    numbers = {message.message_id: number for number, message in enumerate(opened.messages, start=1)}
    with left:
        st.markdown(f"**{translate(language, 'dialog.messages')}**")
        if not opened.shows_texts:
            st.caption(translate(language, "dialog.texts_hidden"))
        for message in opened.messages:
            _draw_message(message, numbers[message.message_id], opened.shows_texts, company, language)
    with right:
        st.markdown(f"**{translate(language, 'dialog.labels')}**")
        _draw_findings(opened, numbers, company, language)


def _draw_message(message: ShownMessage, number: int, shows_texts: bool, company: Tenant, language: str) -> None:
    side = CLIENT_SIDE if message.author_kind == "client" else OTHER_SIDE
    with st.chat_message(side, avatar=ICONS.get(message.author_kind, ICONS["bot"])):
        who = translate(language, f"author.{message.author_kind}")
        when = instant(message.at, company.zone, language)
        st.caption(plain(translate(language, "dialog.message", number=number, who=who, when=when)))
        if message.pieces:
            between = "" if shows_texts else " … "
            st.markdown(between.join(_markdown(piece) for piece in message.pieces))
        elif shows_texts:
            st.markdown(f":gray[{plain(translate(language, 'dialog.no_text', type=message.type))}]")


def _markdown(piece: Piece) -> str:
    """Line by line, since a mark ends with its line."""
    lines = (plain(line) for line in piece.text.split("\n"))
    return "  \n".join(f":yellow-background[{line}]" if piece.is_quoted and line.strip() else line for line in lines)


def _draw_findings(opened: OpenedEpisode, numbers: dict[str, int], company: Tenant, language: str) -> None:
    applicable = [item for item in opened.findings if item.finding.applicability == "applicable"]
    if not opened.findings:
        st.caption(translate(language, "dialog.no_labels"))
        return
    for shown in sorted(applicable, key=_order):
        draw_finding(opened, shown, numbers.get(shown.finding.quote_message_id or ""), company, language)
    left_out = [item.finding.applicability for item in opened.findings if item.finding.type == CHECKLIST]
    st.caption(
        translate(
            language,
            "dialog.left_out",
            not_applicable=left_out.count("not_applicable"),
            undetermined=left_out.count("undetermined"),
        )
        if left_out
        else translate(language, "dialog.no_checklist")
    )


def _order(shown: ShownFinding) -> tuple[int, bool, str]:
    """What was not done comes first."""
    kind = shown.finding.type
    return TYPES.index(kind) if kind in TYPES else len(TYPES), shown.finding.value != "no", shown.finding.code
