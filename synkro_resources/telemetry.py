"""Traces and metrics of runs, steps and vendors' answers, for a collector of the operator's choice.

Off unless `SYNKRO_OTLP_ENDPOINT` is set (docs/operations.md, «Traces»). What leaves are names, numbers and codes: no
texts, no secrets, no ids of people or dialogs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

Value = str | int | float | bool

_ID = re.compile(r"\d{3,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{24,}")


class Span(Protocol):
    """A piece of work that lasts."""

    def set(self, name: str, value: Value) -> None: ...

    def fail(self, code: str) -> None:
        """It ended with an error of this code."""
        ...

    def end(self) -> None: ...


class Backend(Protocol):
    """Where spans and numbers go."""

    def begin(self, name: str, attributes: dict[str, Value], parent: Span | None) -> Span:
        """A span that is nobody's surroundings: its children name it."""
        ...

    @contextmanager
    def within(self, name: str, attributes: dict[str, Value], parent: Span | None) -> Iterator[Span]:
        """A span that surrounds whatever begins inside it, in this thread or task."""
        ...

    def count(self, name: str, attributes: dict[str, Value]) -> None: ...

    def took(self, name: str, seconds: float, attributes: dict[str, Value]) -> None: ...


class _Nowhere:
    """Takes everything and keeps nothing."""

    def set(self, name: str, value: Value) -> None:
        del name, value

    def fail(self, code: str) -> None:
        del code

    def end(self) -> None:
        return

    def begin(self, name: str, attributes: dict[str, Value], parent: Span | None) -> Span:
        del name, attributes, parent
        return self

    @contextmanager
    def within(self, name: str, attributes: dict[str, Value], parent: Span | None) -> Iterator[Span]:
        del name, attributes, parent
        yield self

    def count(self, name: str, attributes: dict[str, Value]) -> None:
        del name, attributes

    def took(self, name: str, seconds: float, attributes: dict[str, Value]) -> None:
        del name, seconds, attributes


NOWHERE = _Nowhere()

_backend: Backend = NOWHERE


def send_to(backend: Backend) -> Backend:
    """From now on this process's spans and numbers go there; what they went to before is returned."""
    global _backend
    before, _backend = _backend, backend
    return before


def begin(name: str, *, parent: Span | None = None, **attributes: Value) -> Span:
    """A span that ends with its `end`; without `parent` it is the root of a trace."""
    return _backend.begin(name, _named(attributes), parent)


@contextmanager
def span(name: str, *, parent: Span | None = None, **attributes: Value) -> Iterator[Span]:
    """A span for as long as the block lasts; without `parent` a child of the span around it.

    An exception that leaves the block marks it as failed, by the code of ours or by the kind of others: the text of an
    exception may quote what must not leave.
    """
    with _backend.within(name, _named(attributes), parent) as found:
        try:
            yield found
        except BaseException as error:
            found.fail(str(getattr(error, "code", "") or type(error).__name__))
            raise


def count(name: str, **attributes: Value) -> None:
    """One more of these."""
    _backend.count(name, _named(attributes))


def took(name: str, seconds: float, **attributes: Value) -> None:
    """So long it took, for a histogram."""
    _backend.took(name, seconds, _named(attributes))


def without_ids(path: str) -> str:
    """An address's path with `{id}` for numbers and UUIDs: a metric with a value per chat is no metric."""
    return "/".join("{id}" if _ID.fullmatch(part) else part for part in path.split("/"))


def _named(attributes: dict[str, Value]) -> dict[str, Value]:
    return {f"synkro.{name}": value for name, value in attributes.items()}
