"""The findings of a connection's check, what is broken first."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.texts import translate
from synkro_resources.control.integrations import CheckFinding, StoredCheck

ORDER = ("broken", "warning", "ok")
ICONS = {
    "broken": ":red[:material/cancel:]",
    "warning": ":orange[:material/warning:]",
    "ok": ":green[:material/check_circle:]",
}


def draw_check(check: StoredCheck, zone: str, language: str) -> None:
    """One line per finding, with its remedy where there is something to do."""
    when = instant(check.checked_at, zone, language)
    st.markdown(f"**{translate(language, 'connect.findings')}** · {translate(language, 'connect.checked', when=when)}")
    for finding in sorted(check.findings, key=lambda one: ORDER.index(one.status)):
        _draw_finding(finding, language)


def _draw_finding(finding: CheckFinding, language: str) -> None:
    lines = [f"{ICONS[finding.status]} {plain(finding.what.in_language(language))}"]
    remedy = finding.remedy.in_language(language)
    if remedy and finding.status != "ok":
        lines.append(translate(language, "connect.what_to_do", remedy=plain(remedy)))
    st.markdown("  \n".join(lines))
