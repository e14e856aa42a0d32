"""The catalogue of attacks: which tests carry out which one, and what has to refuse it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack. `tests` are `file::function` of pytest, `program` a check of `attacks.programs` instead of them.

    `known` says why it is not refused and what stands in its way instead; empty for all that must be refused.
    """

    id: str
    kind: str
    what: str
    refusal: str
    tests: tuple[str, ...] = ()
    program: str = ""
    known: str = ""


def catalogue() -> list[Attack]:
    """All attacks in the order of the table.

    Raises:
        ValueError: an id occurs twice, or an attack names neither tests nor a program, or both.
    """
    found: list[Attack] = []
    for kind, attacks in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        for number, entry in attacks.items():
            tests = tuple(entry.pop("tests", ()))
            attack = Attack(number, kind, tests=tests, **entry)
            if bool(attack.tests) == bool(attack.program):
                raise ValueError(f"{number} needs either tests or a program")
            found.append(attack)
    if len({attack.id for attack in found}) != len(found):
        raise ValueError("an id occurs twice")
    return found


def missing_tests(names: Iterable[str]) -> Iterator[str]:
    """Of the tests `file::function` those that do not exist; a file alone stands for all its tests."""
    for name in names:
        file, _, function = name.partition("::")
        if not (ROOT / file).is_file() or (function and function not in _functions(file)):
            yield name


@cache
def _functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )
