"""The sandbox's front page: what is invented here and where it is."""

from __future__ import annotations

import html
from collections.abc import Sequence

from synkro_resources.sandbox.credentials import report_chat_id
from synkro_resources.sandbox.server.control import VendorApp

_CSS = """
body{margin:0;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:#f4f6f8;color:#12181d}
main{max-width:860px;margin:0 auto;padding:32px 20px}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:18px;margin:28px 0 8px}
p{color:#56636d;margin:4px 0}
table{width:100%;border-collapse:collapse;background:#fff;border-radius:10px;overflow:hidden}
td{padding:10px 14px;border-top:1px solid #e4e9ed;vertical-align:top}
tr:first-child td{border-top:0}
code{font:13.5px ui-monospace,SFMono-Regular,Menlo,monospace;background:#eef2f5;border-radius:4px;padding:1px 5px}
a{color:#1f6fb2}
"""

_NAMES = {
    "amocrm": "amoCRM",
    "radist": "Radist",
    "telegram": "Telegram",
    "openai": "Языковая модель (OpenAI-совместимая)",
    "supabase": "Supabase клиента",
}
_ROOTS = {"amocrm": "/api/v4/account", "radist": "/v2/companies", "openai": "/v1/models", "supabase": "/rest/v1/"}


def index_page(vendors: Sequence[VendorApp], slugs: Sequence[str], rest_reason: str | None) -> str:
    """Everything with links; `rest_reason` says why Supabase has no REST interface here, None if it has."""
    chats = "".join(
        f'<tr><td>{html.escape(slug)}</td><td><a href="/telegram/chats/{report_chat_id(slug)}">группа с отчётами</a>'
        "</td></tr>"
        for slug in slugs
    )
    rows = "".join(_row(item) for item in vendors)
    rest = (
        "Supabase клиента отвечает через настоящий PostgREST."
        if rest_reason is None
        else f"Supabase клиента доступен только прямым подключением: {html.escape(rest_reason)}."
    )
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Песочница Synkro</title>'
        f"<style>{_CSS}</style></head><body><main><h1>Песочница Synkro</h1>"
        "<p>Здесь живут выдуманные сервисы выдуманной компании. Настоящие сервисы и люди не участвуют.</p>"
        f"<h2>Отчёты в Telegram</h2><table>{chats}</table>"
        f"<h2>Сервисы</h2><table>{rows}</table><p>{rest}</p>"
        '<h2>Управление</h2><table><tr><td><a href="/control/ready">Готовность</a></td><td>Что запущено</td></tr>'
        '<tr><td><a href="/control/requests">Запросы</a></td><td>Сколько запросов получил каждый сервис</td></tr>'
        "<tr><td><code>/control/switches/сервис/компания</code></td><td>Неполадки по заказу: GET показывает, POST с "
        "JSON меняет</td></tr></table></main></body></html>"
    )


def _row(item: VendorApp) -> str:
    owner = html.escape(item.slug) if item.slug else "все компании"
    link = item.path + ("/" if item.vendor == "telegram" else _ROOTS[item.vendor])
    return (
        f"<tr><td>{_NAMES[item.vendor]}<br><small>{owner}</small></td>"
        f'<td><a href="{link}"><code>{html.escape(item.path)}</code></a></td>'
        f'<td><a href="/control/switches/{item.vendor}{"/" + item.slug if item.slug else ""}">неполадки</a></td></tr>'
    )
