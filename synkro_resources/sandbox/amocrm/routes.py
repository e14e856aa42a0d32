"""How the endpoint modules tell the application what they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from synkro_resources.sandbox.amocrm.documented import PLAIN, Reads

Answer = Callable[[Request], Response]
"""Runs under the account's lock."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One path below `/api/v4`, what answers it, and what may be asked there."""

    path: str
    answer: Answer
    reads: Reads = PLAIN
