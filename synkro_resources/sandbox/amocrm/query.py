"""Reading PHP-style query strings: `filter[created_at][from]=1&filter[id][]=2` as a tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

Node = str | dict[str, "Node"]
"""A value, or a level of brackets."""

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Query:
    """One parsed query string."""

    pairs: list[tuple[str, str]]
    tree: Mapping[str, Node]

    @classmethod
    def read(cls, raw: str) -> Query:
        pairs = parse_qsl(raw, keep_blank_values=True)
        tree: dict[str, Node] = {}
        for key, value in pairs:
            if found := _KEY.fullmatch(key):
                _put(tree, [found[1], *_BRACKETS.findall(found[2])], value)
        return cls(pairs, tree)

    def text(self, name: str) -> str | None:
        """The plain parameter `name`, None if it is missing or has brackets."""
        node = self.tree.get(name)
        return node if isinstance(node, str) else None

    def level(self, name: str) -> Mapping[str, Node]:
        """What is in the first brackets after `name`; empty if there are none."""
        node = self.tree.get(name)
        return node if isinstance(node, dict) else {}

    def wanted_parts(self) -> frozenset[str]:
        """The parts listed in `with`."""
        return frozenset(part.strip() for part in (self.text("with") or "").split(",") if part.strip())


def values(node: Node, *, commas: bool = False) -> list[str]:
    """All plain values of `x=1`, `x[]=1`, `x[0]=1`; with `commas` also of `x=1,2`."""
    found = [node] if isinstance(node, str) else [item for item in node.values() if isinstance(item, str)]
    if commas:
        return [part.strip() for item in found for part in item.split(",") if part.strip()]
    return found


def _put(tree: dict[str, Node], keys: list[str], value: str) -> None:
    level = tree
    for key in keys[:-1]:
        below = level.get(_index(level, key))
        if not isinstance(below, dict):
            below = {}
            level[_index(level, key)] = below
        level = below
    level[_index(level, keys[-1])] = value


def _index(level: Mapping[str, Node], key: str) -> str:
    """`[]` takes the next number, as in PHP."""
    if key:
        return key
    return str(max((int(name) + 1 for name in level if name.isdecimal()), default=0))
