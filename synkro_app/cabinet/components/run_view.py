"""A request with its live steps: what is going on, what failed and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from synkro_app.cabinet.components.formats import period, plain, step_name
from synkro_app.cabinet.context import installation, viewer
from synkro_app.cabinet.services.runs import RequestProgress, progress_of
from synkro_app.cabinet.texts import plural, translate
from synkro_resources.control.journal import StepRecord
from synkro_resources.control.run_requests import RunRequest

POLL_S = 1.0
_ICONS = {
    "running": ":material/progress_activity:",
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "skipped": ":material/remove_circle_outline:",
    "open": ":material/schedule:",
    "cancelled": ":material/cancel:",
}
_COLOURS = {"done": "green", "failed": "red", "running": "blue", "open": "gray", "cancelled": "gray"}


@st.fragment(run_every=POLL_S)
def watch_request(tenant: str, request_id: str) -> None:
    """Redraws itself until the request ends, then the whole page once, so that the new report appears."""
    user = viewer()
    progress = progress_of(installation(), user, tenant, request_id)
    draw_progress(progress, user.language)
    if not progress.request.is_open:
        st.session_state.pop("watched_request", None)
        st.rerun()


def draw_progress(progress: RequestProgress, language: str) -> None:
    """A bar, the present step and, on failure, cause and remedy."""
    request, steps = progress.request, progress.steps
    share = progress.finished / len(steps) if steps else 0.0
    running = progress.running
    if request.is_open:
        label = (
            translate(language, "run.now", step=step_name(running.asset, language))
            if running is not None
            else translate(language, "run.waiting")
        )
        st.progress(share, text=label)
        st.caption(translate(language, "run.progress", done=progress.finished, total=len(steps)))
    elif request.error_code:
        what, remedy = (
            (request.what_ru, request.remedy_ru) if language == "ru" else (request.what_en, request.remedy_en)
        )
        st.error(f"{plain(what)}  \n{plain(remedy)}", icon=":material/error:")


def draw_request(
    request: RunRequest,
    language: str,
    when: str,
    read: Callable[[], RequestProgress],
    draw_below: Callable[[RequestProgress], None],
) -> None:
    """One request as a fold: its state in the title, its steps and what can be done about it inside.

    Steps are read only where somebody looks: twenty requests have more than a thousand.
    """
    title = translate(
        language,
        "run.requested",
        kind=translate(language, f"run.kind_{request.kind}"),
        period=period(request.period, language),
        when=when,
    )
    state = translate(language, f"request.{request.status}")
    colour = _COLOURS[request.status]
    fold = st.expander(
        f"{_ICONS[request.status]} {plain(title)} · :{colour}[{state}]",
        expanded=request.is_open,
        key=f"run_{request.id}",
        on_change="rerun",
    )
    progress = read() if fold.open else RequestProgress(request, ())
    with fold:
        draw_progress(progress, language)
        draw_steps(progress.steps, language)
        draw_below(progress)


def draw_steps(steps: Sequence[StepRecord], language: str) -> None:
    """Each step with its state, its rows and, on failure, cause and remedy."""
    if not steps:
        return
    lines: list[str] = []
    for step in steps:
        rows = "" if step.rows_out is None else f" · {plural(language, 'run.rows', step.rows_out)}"
        lines.append(f"{_ICONS[step.status]} {plain(step_name(step.asset, language))}{plain(rows)}")
        if step.error is not None:
            what, remedy = step.error.what.in_language(language), step.error.remedy.in_language(language)
            lines.append(f":red[{plain(what)}] {plain(remedy)}")
    st.markdown("  \n".join(lines))
    failed = [step for step in steps if step.error is not None]
    if failed:
        with st.popover(translate(language, "run.detail")):
            st.code("\n".join(f"{step.asset}: {step.error.code}" for step in failed if step.error is not None))
