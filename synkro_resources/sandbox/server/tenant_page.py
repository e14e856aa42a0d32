"""The page of one tenant: every vendor's switches as controls, its last requests, what was odd about them."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from synkro_resources.sandbox.server.control import Control, VendorApp
from synkro_resources.sandbox.server.page import document
from synkro_resources.sandbox.server.words import GROUPS, VENDORS, choice_words, switch_words

SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")

RADIOS_AT_MOST = 4
"""More choices than these are a list to open."""

Switch = dict[str, Any]


def tenant_page(slug: str, vendors: Sequence[VendorApp], control: Control) -> str:
    """The page; `vendors` are the tenant's own emulators and the shared ones."""
    tabs = "".join(_tab(item) for item in vendors)
    panels = "".join(_panel(item, control.described(item)) for item in vendors)
    body = (
        '<main><p><a href="/">Песочница</a></p><div class="head"><div>'
        f"<h1>Компания {html.escape(slug)}</h1>"
        "<p>Переключатели меняют ответы выдуманных сервисов сразу, без перезапуска.</p></div>"
        '<button type="button" data-reset-all>Вернуть всё к начальному</button></div>'
        f'<nav role="tablist" aria-label="Сервисы">{tabs}</nav><p role="status" aria-live="polite"></p>{panels}</main>'
    )
    return document(f"{slug} — песочница Synkro", body, SCRIPT)


def _tab(item: VendorApp) -> str:
    return (
        f'<button type="button" role="tab" data-vendor="{item.vendor}" aria-controls="panel-{item.vendor}" '
        f'id="tab-{item.vendor}">{VENDORS[item.vendor]}<span class="count" hidden title="изменено"></span></button>'
    )


def _panel(item: VendorApp, switches: list[Switch]) -> str:
    groups = "".join(
        f'<section class="group">{_heading(group)}{"".join(_switch(item.vendor, switch) for switch in rows)}</section>'
        for group, rows in groupby(switches, key=_group_of)
    )
    shared = "" if item.slug else " Этот сервис один на все компании песочницы."
    return (
        f'<section role="tabpanel" id="panel-{item.vendor}" aria-labelledby="tab-{item.vendor}" '
        f'data-key="{html.escape(item.key)}" hidden>'
        f'<div class="bar"><p>Адрес: <code>{html.escape(item.path)}</code>.{shared}</p>'
        '<button type="button" data-reset>Вернуть к начальным</button></div>'
        '<div class="odd" hidden><div class="bar"><strong>Запросы сверх документации</strong>'
        '<button type="button" data-forget>Забыть</button></div><ul></ul></div>'
        f"{groups}"
        '<div class="bar"><h2>Последние запросы</h2><input class="filter" type="search" placeholder="часть пути" '
        'aria-label="Часть пути"></div><p class="empty">Запросов пока не было.</p>'
        '<table class="log" hidden><tbody></tbody></table></section>'
    )


def _group_of(switch: Switch) -> str:
    return str(switch["group"])


def _heading(group: str) -> str:
    return f"<h3>{html.escape(GROUPS.get(group, group))}</h3>" if group else ""


def _switch(vendor: str, switch: Switch) -> str:
    title, hint = switch_words(vendor, str(switch["name"]), str(switch["doc"]))
    default = html.escape(json.dumps(switch["default"], ensure_ascii=False))
    optional = "true" if switch["optional"] else "false"
    label = html.escape(title)
    return (
        f'<div class="switch" data-name="{switch["name"]}" data-form="{switch["form"]}" data-optional="{optional}" '
        f'data-default="{default}"><div><span class="name">{label}</span> <code>{switch["name"]}</code>'
        f'<p class="hint">{html.escape(hint)}</p></div>'
        f'<div class="control"><div class="field">{_input(switch, label)}</div>'
        '<button type="button" class="back" title="Вернуть к начальному" aria-label="Вернуть к начальному">↺</button>'
        '<p class="error" role="alert"></p></div></div>'
    )


def _input(switch: Switch, label: str) -> str:
    value = switch["value"]
    match switch["form"]:
        case "flag":
            return f'<input type="checkbox" data-value aria-label="{label}"{" checked" if value else ""}>'
        case "whole" | "number":
            step = "1" if switch["form"] == "whole" else "any"
            shown = "" if value is None else value
            return f'<input type="number" step="{step}" data-value aria-label="{label}" value="{shown}">'
        case "text":
            return f'<input type="text" data-value aria-label="{label}" value="{html.escape(str(value or ""))}">'
        case "choice":
            return _choice(switch, label)
        case "queue":
            options = "".join(
                f'<option value="{html.escape(str(word))}">{html.escape(choice_words(word))}</option>'
                for word in cast("tuple[object, ...]", switch["choices"])
            )
            return (
                f'<div class="chips" data-value></div><select data-add aria-label="{label}">'
                f'<option value="" selected>добавить…</option>{options}</select>'
            )
        case _:
            text = html.escape(json.dumps(value, ensure_ascii=False))
            return f'<textarea rows="1" data-value spellcheck="false" aria-label="{label}">{text}</textarea>'


def _choice(switch: Switch, label: str) -> str:
    choices = list(cast("tuple[object, ...]", switch["choices"]))
    if switch["optional"]:
        choices.insert(0, None)
    value = switch["value"]
    if len(choices) > RADIOS_AT_MOST:
        options = "".join(
            f'<option value="{_json(word)}"{" selected" if word == value else ""}>'
            f"{html.escape(choice_words(word))}</option>"
            for word in choices
        )
        return f'<select data-value aria-label="{label}">{options}</select>'
    return "".join(
        f'<label><input type="radio" name="{switch["name"]}-{id(switch)}" value="{_json(word)}" data-value'
        f"{' checked' if word == value else ''}>{html.escape(choice_words(word, short=True))}</label>"
        for word in choices
    )


def _json(value: object) -> str:
    return html.escape(json.dumps(value, ensure_ascii=False))
