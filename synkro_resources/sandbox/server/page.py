"""The sandbox's front page: what is invented here and where it is."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from synkro_resources.sandbox.credentials import report_chat_id
from synkro_resources.sandbox.server.control import VendorApp
from synkro_resources.sandbox.server.words import VENDORS

CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")

_ROOTS = {"amocrm": "/api/v4/account", "radist": "/v2/companies/", "openai": "/v1/models", "supabase": "/rest/v1/"}


def document(title: str, body: str, script: str = "") -> str:
    """A whole page with the sandbox's looks."""
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title>'
        f"<style>{CSS}</style></head><body>{body}"
        f"{f'<script>{script}</script>' if script else ''}</body></html>"
    )


def index_page(vendors: Sequence[VendorApp], slugs: Sequence[str], rest_reason: str | None) -> str:
    """Everything with links; `rest_reason` says why Supabase has no REST interface here, None if it has."""
    companies = "".join(
        f'<tr><td><strong>{html.escape(slug)}</strong></td><td><a href="/tenants/{slug}">неполадки и запросы</a></td>'
        f'<td><a href="/telegram/chats/{report_chat_id(slug)}">группа с отчётами</a></td></tr>'
        for slug in slugs
    )
    rows = "".join(_row(item) for item in vendors)
    rest = (
        "Supabase клиента отвечает через настоящий PostgREST."
        if rest_reason is None
        else f"Supabase клиента доступен только прямым подключением: {html.escape(rest_reason)}."
    )
    return document(
        "Песочница Synkro",
        "<main><h1>Песочница Synkro</h1>"
        "<p>Здесь живут выдуманные сервисы выдуманной компании. Настоящие сервисы и люди не участвуют.</p>"
        f"<h2>Компании</h2><table>{companies}</table>"
        f"<h2>Сервисы</h2><table>{rows}</table><p>{rest}</p>"
        '<h2>Для программ</h2><table><tr><td><a href="/control/ready">/control/ready</a></td><td>Что запущено</td></tr>'
        '<tr><td><a href="/control/requests">/control/requests</a></td><td>Сколько запросов получил каждый сервис</td>'
        '</tr><tr><td><a href="/control/switches">/control/switches</a></td><td>Все переключатели со значениями и '
        "описанием; POST на <code>/control/switches/сервис/компания</code> меняет</td></tr>"
        "<tr><td><code>/control/reset/…</code></td><td>POST возвращает переключатели к начальным</td></tr>"
        "<tr><td><code>/control/log/…</code></td><td>Журнал запросов, <code>?since=&amp;path=</code></td></tr>"
        "<tr><td><code>/control/oddities/…</code></td><td>Что клиент прислал сверх документации</td></tr>"
        "<tr><td><code>/control/edit/…</code></td><td>POST меняет данные выдуманного сервиса на ходу</td></tr>"
        "</table></main>",
    )


def _row(item: VendorApp) -> str:
    owner = html.escape(item.slug) if item.slug else "все компании"
    link = item.path + ("/" if item.vendor == "telegram" else _ROOTS[item.vendor])
    return (
        f"<tr><td>{VENDORS[item.vendor]}<br><small>{owner}</small></td>"
        f'<td><a href="{link}"><code>{html.escape(item.path)}</code></a></td></tr>'
    )
