"""What a person sees: the list of chats and one chat, drawn as Telegram draws them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

from synkro_resources.sandbox.telegram.chats import BotIdentity, Chat, StoredMessage, TelegramStore
from synkro_resources.sandbox.telegram.entities import Entity, utf16_length

SHOWN_ZONE = timezone(timedelta(hours=5))
"""The invented company lives in Asia/Yekaterinburg, which has no daylight saving time."""

_CSS = """
:root{color-scheme:light;--ground:#dfe7ec;--bubble:#fff;--mine:#effdde;--ink:#0f1419;--soft:#6d7b86;--accent:#2a7fb8}
*{box-sizing:border-box}
body{margin:0;font:15px/1.42 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:var(--ground);
  color:var(--ink)}
header{position:sticky;top:0;background:#fff;border-bottom:1px solid #cfd9df;padding:10px 20px;z-index:1}
header h1{font-size:17px;margin:0}
header p{margin:0;color:var(--soft);font-size:13px}
a{color:var(--accent)}
main{max-width:760px;margin:0 auto;padding:16px 16px 96px}
.day{text-align:center;margin:18px 0 10px}
.day span{background:#7d95a5;color:#fff;border-radius:12px;padding:3px 12px;font-size:13px}
.bubble{background:var(--bubble);border-radius:14px 14px 14px 4px;padding:8px 12px 6px;margin:6px 0;
  max-width:620px;width:fit-content;box-shadow:0 1px 1px rgba(0,0,0,.14);scroll-margin-top:76px}
.human{background:var(--mine);margin-left:auto;border-radius:14px 14px 4px 14px}
.bubble:target{outline:2px solid var(--accent)}
.author{color:var(--accent);font-weight:600;font-size:13px}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
.meta{color:var(--soft);font-size:12px;text-align:right}
.meta a{color:inherit;text-decoration:none}
blockquote{margin:4px 0;padding:4px 10px;border-left:3px solid var(--accent);background:#eef5fa;border-radius:4px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:13.5px;background:#f1f4f6;
  border-radius:4px}
pre{padding:8px;overflow-x:auto;margin:4px 0}
code{padding:0 3px}
.spoiler{background:#b9c4cb;color:transparent;border-radius:4px}
.spoiler:hover{color:inherit}
.file{display:flex;gap:8px;align-items:center;padding:4px 0;font-weight:600}
.list a{display:block;background:#fff;border-radius:12px;padding:12px 16px;margin:8px 0;color:inherit;
  text-decoration:none}
.list small,.empty{color:var(--soft)}
.empty{text-align:center;padding:40px 0}
form{position:fixed;bottom:0;left:0;right:0;background:#fff;border-top:1px solid #cfd9df;padding:10px 16px;
  display:flex;gap:8px;justify-content:center}
input{flex:0 1 640px;font:inherit;padding:8px 12px;border:1px solid #c3ced5;border-radius:18px}
button{font:inherit;border:0;border-radius:18px;padding:8px 18px;background:var(--accent);color:#fff;cursor:pointer}
"""

_TYPES = {"private": "личный чат", "group": "группа", "supergroup": "группа", "channel": "канал"}
# Genitive, as in «5 мая».
_MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)


def chats_page(store: TelegramStore, root: str) -> str:
    """All chats with their last message."""
    rows: list[str] = []
    for chat in store.chats.values():
        messages = store.messages.get(chat.chat_id, [])
        last = _plain(messages[-1].message) if messages else "Сообщений пока нет"
        rows.append(
            f'<a href="{root}/chats/{chat.chat_id}"><b>{html.escape(chat.title)}</b> '
            f"<small>{_TYPES[chat.type]} · {len(messages)} сообщ.</small><br>"
            f"<small>{html.escape(last[:120])}</small></a>"
        )
    body = "".join(rows) or '<p class="empty">Чатов нет</p>'
    return _page(
        "Telegram песочницы",
        f"<header><h1>Telegram песочницы</h1><p>Сюда приходят отчёты демонстрации. Настоящий Telegram не участвует."
        f'</p></header><main class="list">{body}</main>',
    )


def chat_page(chat: Chat, messages: Sequence[StoredMessage], bots: Mapping[int, BotIdentity], root: str) -> str:
    """One chat with all its messages, oldest first; each has the anchor `message-<id>`."""
    parts: list[str] = []
    day = ""
    for stored in messages:
        at = datetime.fromtimestamp(int(str(stored.message["date"])), UTC).astimezone(SHOWN_ZONE)
        if (label := f"{at.day} {_MONTHS[at.month - 1]} {at.year}") != day:
            day = label
            parts.append(f'<div class="day"><span>{label}</span></div>')
        parts.append(_bubble(chat, stored, bots, at, root))
    body = "".join(parts) or '<p class="empty">Здесь появятся сообщения бота</p>'
    return _page(
        chat.title,
        f"<header><h1>{html.escape(chat.title)}</h1><p>{_TYPES[chat.type]} {chat.chat_id} · "
        f'<a href="{root}/">все чаты</a></p></header><main>{body}</main>'
        f'<form method="post" action="{root}/chats/{chat.chat_id}/say"><input name="text" autocomplete="off" '
        'aria-label="Сообщение" placeholder="Написать в чат от имени человека, например /start"><button>Отправить'
        "</button></form>",
    )


def render_entities(text: str, entities: Sequence[Entity]) -> str:
    """The text as HTML for a browser; entities are nested or apart, never crossing."""
    units = text.encode("utf-16-le")
    opens: dict[int, list[str]] = {}
    closes: dict[int, list[str]] = {}
    for entity in entities:
        start, length = entity.get("offset", 0), entity.get("length", 0)
        begin, end = _markup(entity, units[2 * start : 2 * (start + length)].decode("utf-16-le", "replace"))
        opens.setdefault(start, []).append(begin)
        closes.setdefault(start + length, []).insert(0, end)
    out: list[str] = []
    at = 0
    for char in text:
        out += closes.pop(at, [])
        out += opens.pop(at, [])
        out.append(html.escape(char))
        at += utf16_length(char)
    out += [tag for position in sorted(closes) for tag in closes[position]]
    return "".join(out)


def _markup(entity: Entity, covered: str) -> tuple[str, str]:
    match entity.get("type"):
        case "bold":
            return "<b>", "</b>"
        case "italic":
            return "<i>", "</i>"
        case "underline":
            return "<u>", "</u>"
        case "strikethrough":
            return "<s>", "</s>"
        case "code":
            return "<code>", "</code>"
        case "pre":
            return "<pre>", "</pre>"
        case "blockquote" | "expandable_blockquote":
            return "<blockquote>", "</blockquote>"
        case "spoiler":
            return '<span class="spoiler">', "</span>"
        case "text_link":
            return f'<a href="{html.escape(entity.get("url", covered))}" rel="noreferrer">', "</a>"
        case _:
            return "<span>", "</span>"


def _bubble(chat: Chat, stored: StoredMessage, bots: Mapping[int, BotIdentity], at: datetime, root: str) -> str:
    message = stored.message
    bot = bots.get(stored.bot_id)
    author = bot.first_name if bot else str(cast("dict[str, object]", message.get("from", {})).get("first_name", ""))
    text = str(message.get("text", message.get("caption", "")))
    entities = cast("list[Entity]", message.get("entities", message.get("caption_entities", [])))
    thread = message.get("message_thread_id")
    topic = f" · {html.escape(chat.topics.get(int(str(thread)), 'тема'))}" if thread else ""
    edited = "изменено " if "edit_date" in message else ""
    address = f"{root}/chats/{chat.chat_id}/messages/{stored.message_id}"
    return (
        f'<div class="bubble{"" if bot else " human"}" id="message-{stored.message_id}">'
        f'<div class="author">{html.escape(author)}{topic}</div>{_attachment(message, root)}'
        f'<div class="text">{render_entities(text, entities)}</div>'
        f'<div class="meta"><a href="{address}">{edited}{at:%H:%M}</a></div></div>'
    )


def _attachment(message: Mapping[str, object], root: str) -> str:
    if document := cast("dict[str, object] | None", message.get("document")):
        name = html.escape(str(document["file_name"]))
        size = max(1, int(str(document["file_size"])) // 1024)
        return f'<div class="file">📎 <a href="{root}/files/{document["file_id"]}">{name}</a> {size} КБ</div>'
    if photos := cast("list[dict[str, object]] | None", message.get("photo")):
        return f'<div class="file">🖼 <a href="{root}/files/{photos[-1]["file_id"]}">Фото</a></div>'
    return ""


def _plain(message: Mapping[str, object]) -> str:
    if "text" in message or "caption" in message:
        return str(message.get("text", message.get("caption")))
    return "Файл" if "document" in message else "Фото"


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>{html.escape(title)}</title><style>{_CSS}</style></head>'
        f"<body>{body}</body></html>"
    )
