"""Switches of an emulator at run time: described for people, set from JSON, put back, and aimed at requests."""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import inspect
import itertools
import re
import textwrap
import types
import typing
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import unquote

from pydantic import TypeAdapter, ValidationError

from synkro_resources.sandbox.broken_answers import DroppedResponse

__all__ = [
    "Aim",
    "DroppedResponse",
    "Form",
    "SwitchDescription",
    "SwitchError",
    "describe",
    "set_switches",
    "values_of",
]

Form = Literal["flag", "whole", "number", "text", "choice", "queue", "json"]
"""How a switch is shown: a checkbox, a number, a line, one of several words, a list of such words, or JSON."""


_HEADING = re.compile(r"    # ---- (.+?) ----")
_FIELD = re.compile(r"    ([a-z_0-9]+): ")


class SwitchError(ValueError):
    """A switch does not exist or does not take this value."""


@dataclasses.dataclass(frozen=True, slots=True)
class SwitchDescription:
    """One switch as a person needs it. `choices` belong to `choice` and `queue`; `optional` ones can be empty.

    `group` is the heading above the field in the class's source (`# ---- pace ----`).
    """

    name: str
    form: Form
    type: str
    choices: tuple[object, ...]
    optional: bool
    value: object
    doc: str
    group: str


def set_switches(switches: object, values: Mapping[str, object]) -> dict[str, object]:
    """Set the named fields of the dataclass instance `switches` after checking all of them; return all its values.

    Raises:
        SwitchError: an unknown name or a value of another type; nothing was changed then.
    """
    if not dataclasses.is_dataclass(switches) or isinstance(switches, type):
        raise SwitchError("this vendor has no switches")
    names = {item.name for item in dataclasses.fields(switches)}
    if unknown := sorted(set(values) - names):
        raise SwitchError(f"unknown switches {unknown}, there are {sorted(names)}")
    hints = get_type_hints(type(switches))
    checked: dict[str, object] = {}
    for name, value in values.items():
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(hints[name])
            checked[name] = adapter.validate_python(value)
        except ValidationError as error:
            raise SwitchError(f"switch {name}: {error.errors()[0]['msg']}") from error
    for name, value in checked.items():
        setattr(switches, name, value)
    return {name: getattr(switches, name) for name in sorted(names)}


def values_of(switches: object) -> dict[str, object]:
    """A copy of all values, in the order of the declaration; empty for something that is not a dataclass instance."""
    if not dataclasses.is_dataclass(switches) or isinstance(switches, type):
        return {}
    return {item.name: copy.deepcopy(getattr(switches, item.name)) for item in dataclasses.fields(switches)}


def describe(switches: object) -> list[SwitchDescription]:
    """Every switch of a dataclass instance with its type, present value and the docstring below its field."""
    kind = type(switches)
    docs, groups = _field_docs(kind), _field_groups(kind)
    hints = get_type_hints(kind)
    found: list[SwitchDescription] = []
    for name, value in values_of(switches).items():
        form, choices, optional = _form(hints[name])
        shown = _type_text(hints[name])
        doc, group = docs.get(name, ""), groups.get(name, "")
        found.append(SwitchDescription(name, form, shown, choices, optional, value, doc, group))
    return found


def _type_text(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and get_origin(hint) is None else str(hint).replace("typing.", "")


def _form(hint: Any) -> tuple[Form, tuple[object, ...], bool]:
    """Form, choices, and whether None is allowed."""
    origin = get_origin(hint)
    if origin is Literal:
        return "choice", get_args(hint), False
    if origin in (types.UnionType, typing.Union):
        parts = [part for part in get_args(hint) if part is not type(None)]
        optional = len(parts) < len(get_args(hint))
        if len(parts) == 1:
            form, choices, _ = _form(parts[0])
            return form, choices, optional
        if all(get_origin(part) is Literal for part in parts):
            return "choice", tuple(value for part in parts for value in get_args(part)), optional
        return "json", (), optional
    if origin is list and get_origin(get_args(hint)[0]) is Literal:
        return "queue", get_args(get_args(hint)[0]), False
    simple: dict[object, Form] = {bool: "flag", int: "whole", float: "number", str: "text"}
    return simple.get(hint, "json"), (), False


@functools.cache
def _field_docs(kind: type) -> dict[str, str]:
    """The docstrings below the fields of a dataclass; Python itself forgets them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs: dict[str, str] = {}
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            docs[field.target.id] = inspect.cleandoc(below.value.value)
    return docs


@functools.cache
def _field_groups(kind: type) -> dict[str, str]:
    """The heading that each field stands under; comments are in the source only."""
    groups: dict[str, str] = {}
    group = ""
    for line in inspect.getsource(kind).splitlines():
        if heading := _HEADING.match(line):
            group = heading[1]
        elif declared := _FIELD.match(line):
            groups[declared[1]] = group
    return groups


FaultT = TypeVar("FaultT", bound=str)


class FaultSwitches(Protocol):
    """The four switches that say which request meets which fault; the faults themselves are the vendor's words."""

    faults: list[Any]
    faults_on: dict[str, list[Any]]
    always: Any
    fault_every: int


class Aim(Generic[FaultT]):
    """Chooses the fault of each request; counts requests for `fault_every`."""

    def __init__(self, switches: FaultSwitches) -> None:
        self._switches = switches
        self._seen: Counter[str] = Counter()

    def next_fault(
        self, path: str, query: str = "", also: Sequence[str] = (), *, aimed_only: bool = False
    ) -> FaultT | None:
        """The fault for a request below the mount: aimed ones first, then the list, then `always`.

        An aimed fault hits when its key is part of the decoded path and query, or of one of the texts `also`;
        `aimed_only` is for requests that the list and `always` are not about.
        """
        switches = self._switches
        targets = (unquote(f"{path}?{query}" if query else path), *also)
        for part, waiting in switches.faults_on.items():
            if waiting and any(part in target for target in targets) and self._is_nth(part):
                return waiting.pop(0)
        if aimed_only or (not switches.faults and switches.always is None):
            return None
        if not self._is_nth(""):
            return None
        return switches.faults.pop(0) if switches.faults else switches.always

    def _is_nth(self, part: str) -> bool:
        self._seen[part] += 1
        return self._seen[part] % max(self._switches.fault_every, 1) == 0
