"""Which combinations of two lists are tested: each of both lists in turn, or all with `SYNKRO_TEST_GRIDS=whole`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import cycle, product
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def in_turn(longer: Sequence[A], shorter: Sequence[B]) -> list[tuple[A, B]]:
    """Every one of `longer` once, those of `shorter` in turn: what one does seldom depends on the other."""
    if os.environ.get("SYNKRO_TEST_GRIDS") == "whole":
        return list(product(longer, shorter))
    return list(zip(longer, cycle(shorter), strict=False))
