"""One label: its quote, what holds about it, and the person's own verdict; a window for reasons and disputes."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from synkro_app.cabinet.components.finding_names import finding_name
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.context import installation, viewer
from synkro_app.cabinet.services import dialog as service
from synkro_app.cabinet.services.dialog import OpenedEpisode, ShownFinding
from synkro_app.cabinet.texts import translate
from synkro_resources.control.feedback import Dispute, Feedback
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.feedback import Reason, Verdict

PROBLEM = "dialog_problem"
REVIEW = "review"
"""In the address of a dialog that was opened to judge one of its labels."""
COLOURS = {Verdict.RIGHT: "green", Verdict.WRONG: "red", Verdict.DOUBTFUL: "orange"}


def draw_finding(
    opened: OpenedEpisode, shown: ShownFinding, message_number: int | None, company: Tenant, language: str
) -> None:
    """The card of one label."""
    item = shown.finding
    with st.container(border=True):
        name = plain(finding_name(item, language, opened.episode.items))
        removed = shown.said.standing.is_removed
        quote = "" if not shown.quote else "\n\n> " + plain(shown.quote).replace("\n", "  \n> ")
        st.markdown((f"~~{name}~~" if removed else f"**{name}**") + quote)
        about = [translate(language, "finding.band", band=translate(language, f"band.{item.band}"))]
        if message_number is not None:
            about.insert(0, translate(language, "finding.message", number=message_number))
        st.caption(plain(" · ".join(about)))
        _draw_standing(shown, language)
        with st.container(horizontal=True, vertical_alignment="center"):
            own = shown.own_mark
            key = f"mark_{item.finding_id}_{'' if own is None else own.feedback_id}"  # anew whenever a mark is stored
            st.segmented_control(
                translate(language, "finding.mark"),
                list(Verdict),
                default=None if own is None else own.verdict,
                format_func=lambda verdict: translate(language, f"verdict.{verdict}"),
                label_visibility="collapsed",
                key=key,
                on_change=mark_finding,
                args=(company.slug, item.finding_id, key, None if own is None else own.verdict, is_review()),
            )
            if st.button(
                translate(language, "finding.more"),
                key=f"more_{item.finding_id}",
                icon=":material/forum:",
                type="tertiary",
            ):
                st.dialog(translate(language, "finding.details"))(_draw_details)(opened, shown, company)


def _draw_standing(shown: ShownFinding, language: str) -> None:
    holds = shown.said.standing
    if holds.verdict is None:
        return
    colour = COLOURS[holds.verdict]
    verdict = plain(translate(language, f"verdict.{holds.verdict}"))
    source = plain(translate(language, f"standing.{holds.source}"))
    st.markdown(f":{colour}-badge[{verdict}] :gray[{source}]")


def is_review() -> bool:
    """Whether the person came to the dialog from the list «На проверку»."""
    return REVIEW in st.query_params


def mark_finding(tenant: str, finding_id: str, key: str, before: Verdict | None, from_review: bool) -> None:
    """The click's callback; runs before the page, so the service checks the rights itself."""
    user = viewer()
    verdict = st.session_state[key]
    if verdict is None:  # a verdict is changed, never taken back
        st.session_state[key] = before
        return
    try:
        service.mark(installation(), user, tenant, finding_id, Verdict(verdict), from_review=from_review)
    except SynkroError as error:
        st.session_state[PROBLEM] = _sentences(error, user.language)
        st.session_state[key] = before


def _draw_details(opened: OpenedEpisode, shown: ShownFinding, company: Tenant) -> None:
    """Who said what, an own verdict with its reason, and the dispute. Runs by itself, so it asks anew who is there."""
    user = viewer()
    language = user.language
    st.markdown(f"**{plain(finding_name(shown.finding, language, opened.episode.items))}**")
    for other in shown.said.marks:
        if other.user_id != user.user_id:
            _draw_mark(other, company, language)
    for dispute in shown.said.disputes:
        _draw_dispute(dispute, company, language)
    _draw_mark_form(shown, company, language)
    open_dispute = shown.said.open_dispute
    if open_dispute is not None:
        _draw_decision(opened, open_dispute, company, user.user_id, language)
    elif opened.may_dispute and not shown.said.standing.is_removed:
        with st.form(f"dispute_{shown.finding.finding_id}"):
            text = st.text_area(translate(language, "dispute.why"), max_chars=2000)
            if st.form_submit_button(translate(language, "dispute.open"), icon=":material/gavel:"):
                _try(lambda: service.dispute(installation(), user, company.slug, shown.finding.finding_id, text))


def _draw_mark(mark: Feedback, company: Tenant, language: str) -> None:
    words = [translate(language, f"verdict.{mark.verdict}"), translate(language, f"role.{mark.role}")]
    if mark.reason:
        words.insert(1, translate(language, f"reason.{mark.reason}"))
    st.markdown(plain(" · ".join([*words, instant(mark.created_at, company.zone, language)])))
    if mark.comment:
        st.markdown("> " + plain(mark.comment).replace("\n", "  \n> "))


def _draw_dispute(dispute: Dispute, company: Tenant, language: str) -> None:
    state = translate(language, f"dispute_state.{dispute.state}")
    when = instant(dispute.decided_at or dispute.opened_at, company.zone, language)
    st.markdown(plain(translate(language, "dispute.line", state=state, when=when)))
    for text in (dispute.text, dispute.decision_text):
        if text:
            st.markdown("> " + plain(text).replace("\n", "  \n> "))


def _draw_mark_form(shown: ShownFinding, company: Tenant, language: str) -> None:
    own = shown.own_mark
    with st.form(f"reason_{shown.finding.finding_id}"):
        verdict = st.radio(
            translate(language, "finding.mark"),
            list(Verdict),
            index=None if own is None else list(Verdict).index(own.verdict),
            format_func=lambda one: translate(language, f"verdict.{one}"),
            horizontal=True,
        )
        reasons = list(Reason)
        reason = st.selectbox(
            translate(language, "finding.reason"),
            reasons,
            index=0 if own is None else reasons.index(own.reason),
            format_func=lambda one: translate(language, f"reason.{one}"),
        )
        comment = st.text_area(
            translate(language, "finding.comment"), value="" if own is None else own.comment, max_chars=2000
        )
        if st.form_submit_button(translate(language, "finding.save")) and verdict is not None:
            user = viewer()
            finding_id = shown.finding.finding_id
            place, asked = installation(), is_review()
            _try(
                lambda: service.mark(place, user, company.slug, finding_id, verdict, reason, comment, from_review=asked)
            )


def _draw_decision(opened: OpenedEpisode, dispute: Dispute, company: Tenant, user_id: str, language: str) -> None:
    user, place = viewer(), installation()
    if dispute.opened_by == user_id and st.button(translate(language, "dispute.withdraw"), icon=":material/undo:"):
        _try(lambda: service.withdraw(place, user, company.slug, dispute.dispute_id))
    if not opened.may_decide:
        return
    with st.form(f"decision_{dispute.dispute_id}"):
        text = st.text_area(translate(language, "dispute.decision"), max_chars=2000)
        with st.container(horizontal=True):
            accepted = st.form_submit_button(translate(language, "dispute.accept"), type="primary")
            rejected = st.form_submit_button(translate(language, "dispute.reject"))
        if accepted or rejected:
            accept, id_ = accepted, dispute.dispute_id
            _try(lambda: service.decide(place, user, company.slug, id_, accept=accept, text=text))


def _try(deed: Callable[[], object]) -> None:
    """Do it and draw the page anew, or say why not."""
    try:
        deed()
    except SynkroError as error:
        st.warning(plain(_sentences(error, viewer().language)))
        return
    st.rerun()


def _sentences(error: SynkroError, language: str) -> str:
    return f"{error.what.in_language(language)} {error.remedy.in_language(language)}"
