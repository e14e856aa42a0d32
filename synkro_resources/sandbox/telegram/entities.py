"""Telegram's HTML parse mode: text with tags in, plain text with entities out, or the server's own error texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = frozenset({*_SIMPLE, "a", "code", "pre", "blockquote", "tg-emoji", "tg-time"})
_NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
_SPACE = b" \t\r\n\0\v"
_LAST_CODE_POINT = 0x10FFFF


class Entity(TypedDict, total=False):
    """A MessageEntity; offset and length are UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str
    language: str
    custom_emoji_id: str


class EntityError(ValueError):
    """The markup cannot be parsed; the text is what the server puts after `can't parse entities: `."""


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    offset: int
    text_start: int


def utf16_length(text: str) -> int:
    """Length in UTF-16 units, the unit of entity offsets."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


class _Parser:
    def __init__(self, source: str) -> None:
        # The sentinel stands for the C string's end, which the real parser reads as a space-like zero.
        self.data = source.replace("\0", " ").encode("utf-8", "replace") + b"\0"
        self.at = 0
        self.out: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        plain_from = 0
        end = len(self.data) - 1
        while self.at < end:
            char = self.data[self.at]
            if char == 0x26:
                decoded, after = self._reference(self.at)
                if decoded:
                    self._plain(plain_from, self.at)
                    self._append(decoded)
                    plain_from = self.at = after
                    continue
            elif char == 0x3C:
                self._plain(plain_from, self.at)
                if self.data[self.at + 1] == 0x2F:
                    self._end_tag()
                else:
                    self._start_tag()
                plain_from = self.at
                continue
            self.at += 1
        self._plain(plain_from, end)
        if self.open:
            raise EntityError(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        return "".join(self.out), self.entities

    def _plain(self, start: int, stop: int) -> None:
        if stop > start:
            self._append(self.data[start:stop].decode("utf-8"))

    def _append(self, text: str) -> None:
        self.out.append(text)
        self.offset += utf16_length(text)

    def _reference(self, at: int) -> tuple[str, int]:
        """The character of the reference at `at` and the position after it; an empty text if it stays literal."""
        data, start = self.data, at + 1
        if data[start] == 0x23:
            start += 1
            base, digits = 10, b"0123456789"
            if data[start] in b"xX":
                start, base, digits = start + 1, 16, b"0123456789abcdefABCDEF"
            stop = start
            while data[stop] in digits and data[stop]:
                stop += 1
            code = int(data[start:stop], base) if stop > start else 0
            if not 0 < code < _LAST_CODE_POINT or 0xD800 <= code <= 0xDFFF:
                return "", at
            text = chr(code)
        else:
            stop = start
            while chr(data[stop]).isascii() and chr(data[stop]).isalpha():
                stop += 1
            text = _NAMED.get(data[start:stop], "")
        if not text:
            return "", at
        return text, stop + 1 if data[stop] == 0x3B else stop

    def _skip_space(self) -> None:
        while self.data[self.at] and self.data[self.at] in _SPACE:
            self.at += 1

    def _name_until(self, stops: bytes) -> bytes:
        start = self.at
        while self.data[self.at] not in _SPACE and self.data[self.at] not in stops:
            self.at += 1
        return self.data[start : self.at]

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self._name_until(b">").decode("utf-8", "replace").lower()
        if not self.data[self.at]:
            raise EntityError(f"Unclosed start tag at byte offset {begin}")
        if tag not in _TAGS:
            raise EntityError(f'Unsupported start tag "{tag}" at byte offset {begin}')
        argument = ""
        while self.data[self.at] != 0x3E:
            self._skip_space()
            if self.data[self.at] == 0x3E:
                break
            name = self._name_until(b"=>").decode("utf-8", "replace").lower()
            if not name:
                if not self.data[self.at]:
                    raise EntityError(f'Unclosed start tag "{tag}" at byte offset {begin}')
                raise EntityError(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
            self._skip_space()
            value = ""
            if self.data[self.at] == 0x3D:
                self.at += 1
                value = self._attribute_value(tag, begin)
            elif not self.data[self.at]:
                raise EntityError(f'Unclosed start tag "{tag}" at byte offset {begin}')
            argument = _argument(tag, name, value) or argument
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise EntityError(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self.open.append(_Open(tag, argument, self.offset, len(self.out)))

    def _attribute_value(self, tag: str, begin: int) -> str:
        self._skip_space()
        quote = self.data[self.at]
        if quote in b"'\"" and quote:
            self.at += 1
            parts: list[bytes] = []
            while self.data[self.at] not in (quote, 0):
                decoded, after = self._reference(self.at) if self.data[self.at] == 0x26 else ("", 0)
                if decoded:
                    parts.append(decoded.encode())
                    self.at = after
                else:
                    parts.append(self.data[self.at : self.at + 1])
                    self.at += 1
            value = b"".join(parts).decode("utf-8", "replace")
            self.at += 1 if self.data[self.at] else 0
        else:
            start = self.at
            while chr(self.data[self.at]).isascii() and (
                chr(self.data[self.at]).isalnum() or self.data[self.at] in b".-"
            ):
                self.at += 1
            value = self.data[start : self.at].decode("ascii").lower()
            if self.data[self.at] not in _SPACE and self.data[self.at] != 0x3E:
                raise EntityError(f"Unexpected end of name token at byte offset {start}")
        if not self.data[self.at]:
            raise EntityError(f'Unclosed start tag "{tag}" at byte offset {begin}')
        return value

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise EntityError(f"Unexpected end tag at byte offset {begin}")
        self.at += 2
        found = self._name_until(b">").decode("utf-8", "replace").lower()
        self._skip_space()
        if self.data[self.at] != 0x3E:
            raise EntityError(f"Unclosed end tag at byte offset {begin}")
        self.at += 1
        opened = self.open[-1]
        if found and found != opened.tag:
            raise EntityError(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{found}>"'
            )
        self.open.pop()
        if self.offset > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity: Entity = {"type": "", "offset": opened.offset, "length": self.offset - opened.offset}
        match opened.tag:
            case "a":
                url = opened.argument or "".join(self.out[opened.text_start :])
                if not _is_link(url):
                    return
                entity["type"], entity["url"] = "text_link", url
            case "pre":
                entity["type"] = "pre"
                inner = self.entities[-1] if self.entities else None
                same = ("code", entity["offset"], entity["length"])
                if inner and (inner.get("type"), inner.get("offset"), inner.get("length")) == same:
                    self.entities.pop()
                    if "language" in inner:
                        entity["language"] = inner["language"]
            case "code":
                entity["type"] = "code"
                # A language counts only inside <pre>, where the branch above takes it over.
                if opened.argument and self.open and self.open[-1].tag == "pre":
                    entity["language"] = opened.argument
            case "blockquote":
                entity["type"] = "expandable_blockquote" if opened.argument else "blockquote"
            case "tg-emoji":
                entity["type"], entity["custom_emoji_id"] = "custom_emoji", opened.argument
            case "tg-time":
                return
            case tag:
                entity["type"] = _SIMPLE[tag]
        self.entities.append(entity)


def _argument(tag: str, name: str, value: str) -> str:
    match tag, name:
        case "a", "href":
            return value
        case "code", "class":
            return value.removeprefix("language-") if value.startswith("language-") else ""
        case "span", "class":
            return value.removeprefix("tg-") if value.startswith("tg-") else ""
        case "tg-emoji", "emoji-id":
            return value
        case "blockquote", "expandable":
            return "1"
        case _:
            return ""


def _is_link(url: str) -> bool:
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        scheme, rest = "http", url.strip()
    host = rest.split("/")[0].split("?")[0]
    if " " in host or not host:
        return False
    if scheme.lower() in ("tg", "ton", "tonsite"):
        return True
    return scheme.lower() in ("http", "https", "ftp") and ("." in host or host.startswith("localhost"))


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Parse `source` as the server does; the text is not trimmed yet.

    Raises:
        EntityError: with the server's reason, byte offsets counted in UTF-8.
    """
    text, entities = _Parser(source).parse()
    return text, sorted(entities, key=lambda item: (item.get("offset", 0), -item.get("length", 0)))


def trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Cut leading and trailing white space and clip the entities to what is left."""
    stripped = text.lstrip()
    cut = utf16_length(text) - utf16_length(stripped)
    stripped = stripped.rstrip()
    total = utf16_length(stripped)
    kept: list[Entity] = []
    for entity in entities:
        start = max(entity.get("offset", 0) - cut, 0)
        stop = min(entity.get("offset", 0) + entity.get("length", 0) - cut, total)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return stripped, kept
