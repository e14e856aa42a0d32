"""Changing an emulator's switches at run time: JSON onto a dataclass, with clear refusals."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class SwitchError(ValueError):
    """A switch does not exist or does not take this value."""


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


class DroppedResponse(Response):
    """Announces a body and closes the connection instead of sending it: the caller never learns the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4096")]})
