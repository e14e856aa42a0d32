"""What to do today: clients to write to, each one a way to the dialog."""

from __future__ import annotations

import streamlit as st

from synkro_app.cabinet.components.figure_grid import document_of
from synkro_app.cabinet.components.formats import instant, plain
from synkro_app.cabinet.components.page_links import page_link
from synkro_app.cabinet.services.today import NO_DEAL, WAITING, Client, Today
from synkro_app.cabinet.texts import translate
from synkro_resources.control.reports import ReportSummary
from synkro_resources.control.tenants import Tenant
from synkro_resources.rules import formats

FIRST = 5


def draw_today(found: Today, listing: list[ReportSummary], company: Tenant, language: str) -> None:
    """Hot clients first, then who else waits, then interest without a deal; each list short, the whole one a link."""
    st.header(translate(language, "today.title"), anchor=False)
    st.caption(translate(language, "today.as_of", when=instant(found.data_until, company.zone, language)))
    waiting = found.totals.get(WAITING, 0)
    if not waiting and not found.no_deal:
        st.success(translate(language, "today.nobody"), icon=":material/check:")
        return
    doc_id = document_of(listing, found.package_id, language)
    others = [client for client in found.waiting if not client.is_hot]
    _draw_list("hot", found.hot, len(found.hot), None, WAITING, company, language)
    _draw_list("waiting", others, waiting - len(found.hot), doc_id, WAITING, company, language)
    _draw_list("no_deal", found.no_deal, found.totals.get(NO_DEAL, 0), doc_id, NO_DEAL, company, language)


def _draw_list(
    name: str,
    clients: list[Client] | tuple[Client, ...],
    total: int,
    doc_id: str | None,
    code: str,
    company: Tenant,
    language: str,
) -> None:
    if not clients:
        return
    with st.container(border=True):
        st.markdown(f"**{translate(language, f'today.{name}', count=total)}**")
        for client in clients[:FIRST]:
            query = {
                "dialog": client.episode_key,
                "from": client.period.first_day.isoformat(),
                "to": client.period.last_day.isoformat(),
            }
            page_link("dialogs", language, label=_line(client, company, language), icon=":material/chat:", query=query)
        if total > FIRST and doc_id is not None:
            query = {"report": doc_id, "list": code}
            label = translate(language, "today.all", count=total)
            page_link("reports", language, label=label, icon=":material/list:", query=query)


def _line(client: Client, company: Tenant, language: str) -> str:
    """«2 ч 10 мин · 310 тыс. ₽ · Игорь», short enough for a phone; the dialog tells the rest."""
    parts: list[str] = []
    if client.age_min is not None:
        parts.append(formats.minutes(client.age_min, language))
    elif client.at is not None:
        parts.append(instant(client.at, company.zone, language))
    if client.amount:
        parts.append(formats.money(client.amount, language))
    if client.manager is not None:
        parts.append(client.manager)
    elif client.deal_id is not None:
        parts.append(translate(language, "dialogs.deal", number=client.deal_id))
    if client.amount is None and client.manager is None and client.deal_id is None:
        parts.append(translate(language, "dialogs.no_deal"))
    return plain(" · ".join(parts))
