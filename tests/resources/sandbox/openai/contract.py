"""The analysis contract as a client of the model sees it: how an episode is shown, asked about and checked.

Written from the contract alone, so that neither the model's rules nor the product's client can hide a mistake here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NONCE = "7f3c9a1b"
ITEMS = tuple(f"CK{number:02}" for number in range(1, 13))
CLIENT_TYPES = ("buyer", "customer", "supplier", "partner", "job_seeker", "spam", "unclear")
INTENTS = (
    *("price_specific", "availability", "choice", "invoice", "payment", "visit", "order"),
    *("order_status", "service_question", "complaint", "return", "other"),
)
TOPICS = (
    *("price", "availability", "delivery", "payment", "installment", "discount", "choice", "specs", "booking"),
    *("order_status", "documents", "warranty", "return", "complaint", "cooperation", "vacancy", "new"),
)
OBJECTIONS = ("price", "timing", "trust", "competitor", "thinking", "authority", "need", "terms", "other")
LOST_REASONS = (
    *("price", "timing", "competitor", "no_product", "terms", "trust"),
    *("no_response_us", "no_response_client", "changed_mind", "not_target", "duplicate", "other"),
)
ABSENCE = ("CK10", "CK11", "CK12")
ALLOWED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "client_type": (CLIENT_TYPES, ("yes",)),
    "intent": (INTENTS, ("yes",)),
    "topic": (TOPICS, ("yes",)),
    "needs_reply": (("-",), ("yes", "no")),
    "sentiment_start": (("-",), ("negative", "neutral", "positive")),
    "sentiment_end": (("-",), ("negative", "neutral", "positive")),
    "objection": (OBJECTIONS, ("raised",)),
    "objection_reply": (OBJECTIONS, ("handled", "not_handled")),
    "objection_outcome": (OBJECTIONS, ("accepted", "declined", "open")),
    "lost_reason": (LOST_REASONS, ("yes",)),
    "checklist": (ITEMS, ("yes", "no")),
}
MOST = {"intent": 3, "topic": 3, "lost_reason": 1, "client_type": 1, "needs_reply": 1}
VALUES = (
    *("yes", "no", "raised", "handled", "not_handled", "accepted", "declined", "open"),
    *("negative", "neutral", "positive", "made", "done", "-"),
)
CODES = list(dict.fromkeys([*CLIENT_TYPES, *INTENTS, *TOPICS, *OBJECTIONS, *LOST_REASONS, *ITEMS, "-"]))
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "findings": {"type": "array", "items": {"$ref": "#/$defs/Finding"}},
        "instruction_like": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["findings", "instruction_like"],
    "additionalProperties": False,
    "$defs": {
        "Finding": {
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": list(ALLOWED)},
                "code": {"type": "string", "enum": CODES},
                "refs": {"type": "array", "items": {"type": "string"}},
                "quote": {"type": ["string", "null"]},
                "detail": {"type": ["string", "null"]},
                "applicability": {"type": "string", "enum": ["applicable", "not_applicable", "undetermined"]},
                "value": {"type": "string", "enum": list(VALUES)},
            },
            "required": ["type", "code", "refs", "quote", "detail", "applicability", "value"],
            "additionalProperties": False,
        }
    },
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "episode", "strict": True, "schema": SCHEMA}}
LABELS_PROMPT = "Ты размечаешь диалоги. Верни findings и instruction_like."
FULL_PROMPT = f"{LABELS_PROMPT} Пункты: {', '.join(ITEMS)}."
ROLES = {"К": "Клиент", "М": "Менеджер 1", "Н": "Менеджер 2", "Б": "Бот", "Р": "Рассылка", "З": "Звонок"}
SIDES = {"К": "client", "М": "manager", "Н": "manager", "Б": "bot", "Р": "broadcast", "З": "call"}


@dataclass(frozen=True)
class Talk:
    """A conversation as lines `К: text`; a call is `З: …`."""

    lines: tuple[str, ...]
    begun_before: bool = False
    left_out: int = 0
    texts: dict[str, str] = field(default_factory=dict[str, str])
    sides: dict[str, str] = field(default_factory=dict[str, str])
    order: dict[str, int] = field(default_factory=dict[str, int])

    def rendered(self, nonce: str = NONCE) -> str:
        before = "да" if self.begun_before else "нет"
        shown = [
            f"<<<EPISODE {nonce}>>>",
            f"канал: whatsapp | начало раньше окна: {before} | пропущено сообщений: {self.left_out}",
        ]
        numbers = {"m": self.left_out, "c": 0}
        for place, line in enumerate(self.lines):
            who, _, words = line.partition(": ")
            kind = "c" if who == "З" else "m"
            numbers[kind] += 1
            ref = f"{kind}{numbers[kind]}"
            text = words.replace("\n", " ⏎ ")
            self.texts[ref], self.sides[ref], self.order[ref] = text, SIDES[who], place
            shown.append(f"[{nonce}|{ref}|{ROLES[who]}|пн 07.09 {10 + place // 60}:{place % 60:02}] {text}")
        return "\n".join([*shown, f"<<<END {nonce}>>>"])

    def of(self, side: str) -> list[str]:
        return [ref for ref in self.texts if self.sides[ref] == side]


def talk(*lines: str, **more: Any) -> Talk:
    return Talk(lines, **more)


def body(
    shown: Talk, *, full: bool = True, nonce: str = NONCE, repair: Sequence[dict[str, str]] = ()
) -> dict[str, Any]:
    user = shown.rendered(nonce)
    if repair:
        user += "\nИсправь только эти пункты:\n" + "\n".join(json.dumps(item, ensure_ascii=False) for item in repair)
    messages = [
        {"role": "system", "content": FULL_PROMPT if full else LABELS_PROMPT},
        {"role": "user", "content": user},
    ]
    return {"model": "sandbox-mini", "messages": messages, "response_format": FORMAT}


def normal(text: str) -> str:
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    text = re.sub("[«»„“”]", '"', text)
    text = re.sub("[‘’‚]", "'", text)
    text = re.sub("[‐‑‒–—―−]", "-", text).replace("…", "...").replace("⏎", " ")
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower().replace("ё", "е")).strip()


def numbers(text: str) -> set[str]:
    text = re.sub(r"\[[A-Z]+_[A-Z2-7]+\]", " ", text)
    joined = re.sub(r"(?<=\d)[\s\u00a0](?=\d{3}(?!\d))", "", text)
    return {number.replace(",", ".") for number in re.findall(r"\d+(?:[.,]\d+)?", joined)}


def drops(shown: Talk, findings: Sequence[dict[str, Any]]) -> list[str | None]:
    """Why each finding is dropped; None for those that stand."""
    found: list[str | None] = []
    seen: dict[str, set[str]] = {}
    for item in findings:
        reason = _drop(shown, item)
        codes = seen.setdefault(item["type"], set())
        if reason is None and (item["code"] in codes or len(codes) >= MOST.get(item["type"], 99)):
            reason = "duplicate"
        if reason is None:
            codes.add(item["code"])
        found.append(reason)
    raised = {
        item["code"]: item
        for item, reason in zip(findings, found, strict=True)
        if item["type"] == "objection" and not reason
    }
    for at, item in enumerate(findings):
        if found[at] is None and (reason := _drop_in_context(shown, item, raised)):
            found[at] = reason
    return found


def _drop(shown: Talk, item: dict[str, Any]) -> str | None:
    codes, values = ALLOWED[item["type"]]
    applies = item["applicability"] == "applicable"
    if item["code"] not in codes or item["value"] not in (values if applies else ("-",)):
        return "bad_code"
    if item["code"] == "unclear" and item["applicability"] != "undetermined":
        return "bad_code"
    if len(item["refs"]) > 5 or any(not ref.startswith("m") or ref not in shown.texts for ref in item["refs"]):
        return "bad_ref"
    if not applies:
        return None
    if item["quote"] is None:
        return None if item["code"] in ABSENCE and item["value"] == "yes" else "empty_quote"
    text, quoted = normal(shown.texts[item["refs"][0]]), normal(item["quote"])
    if quoted != text and not 12 <= len(quoted) <= 300:
        return "short_quote" if len(quoted) < 12 else "long_quote"
    if quoted not in text:
        return "quote_not_found"
    if not re.search(rf"(?<!\w){re.escape(quoted)}(?!\w)", text):
        return "cut_word"
    if shown.sides[item["refs"][0]] not in _sides(item):
        return "bad_role"
    if (
        item["detail"] is not None
        and normal(item["detail"]) in quoted
        and not numbers(item["detail"]) <= numbers(item["quote"])
    ):
        return "bad_number"
    return None


def _sides(item: dict[str, Any]) -> tuple[str, ...]:
    match item["type"], item["code"], item["value"]:
        case "topic", _, _:
            return ("client", "manager")
        case ("objection_reply", _, "handled") | ("lost_reason", "no_response_client", _):
            return ("manager",)
        case "checklist", code, value:
            of_manager = ("CK01", "CK06", "CK09", "CK10", "CK11")
            return ("manager",) if value == "yes" or code in of_manager else ("client",)
        case _:
            return ("client",)


def _drop_in_context(shown: Talk, item: dict[str, Any], raised: dict[str, dict[str, Any]]) -> str | None:
    kind, applies = item["type"], item["applicability"] == "applicable"
    if kind in ("objection_reply", "objection_outcome"):
        if item["code"] not in raised:
            return "bad_order"
        gap = shown.order[item["refs"][0]] - shown.order[raised[item["code"]]["refs"][0]]
        stays = item["value"] in ("not_handled", "open")
        return None if (gap == 0 if stays else gap > 0) else "bad_order"
    if kind.startswith("sentiment") and applies:
        texts = [ref for ref in shown.of("client") if re.sub(r"\[[а-я][^\]]*\]", "", shown.texts[ref]).strip()]
        return None if item["refs"][0] in (texts[:3] if kind == "sentiment_start" else texts[-3:]) else "bad_order"
    if item["code"] == "CK01" and applies and item["refs"][0] != shown.of("manager")[0]:
        return "bad_order"
    if item["code"] == "CK04" and item["value"] == "yes" and not re.search(r"\d|бесплатно", item["quote"].lower()):
        return "guard"
    if item["code"] == "CK08" and item["value"] == "yes" and not _TIME.search(item["quote"].lower()):
        return "guard"
    if item["code"] == "CK07" and applies != bool(raised):
        return "guard"
    if kind == "needs_reply":
        turn, before = _last_turns(shown)
        if item["refs"][0] not in turn:
            return "bad_role"
        if item["value"] == "no" and any("?" in shown.texts[ref] for ref in before):
            return "guard"
    return None


_TIME = re.compile(
    r"\d|понедельник|вторник|сред[уы]|четверг|пятниц|суббот|воскресен|январ|феврал|март|апрел|мая|июн|июл|август|сентябр"
    r"|октябр|ноябр|декабр|сегодня|завтра|час|день|недел"
)


def _last_turns(shown: Talk) -> tuple[list[str], list[str]]:
    """The last turn of the client and the manager's before it."""
    refs = sorted(shown.order, key=lambda ref: shown.order[ref])
    people = [ref for ref in refs if shown.sides[ref] in ("client", "manager", "call")]
    while people and shown.sides[people[-1]] != "client":
        people.pop()
    turn: list[str] = []
    while people and shown.sides[people[-1]] == "client":
        turn.append(people.pop())
    before: list[str] = []
    while people and shown.sides[people[-1]] != "client":
        before.append(people.pop())
    return turn, before
