"""Waiting without waiting: pauses pass quickly, and the product's clock moves by as much as was to be waited.

Must be imported before the product: its clients take `time.sleep` as a default argument when they are defined.
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, timedelta

QUICKER = 40.0
LONGEST_S = 0.25
_really_sleep = time.sleep
_really_wait = asyncio.sleep
_lock = threading.Lock()
_waited = timedelta()


class MovingClock:
    """The product's `Clock`: an instant, the time that passes, and all pauses that were shortened."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began = time.monotonic()
        self._before = _waited

    def jump(self, by: timedelta) -> None:
        """What an operator, a hypervisor or a wrong time server does to a clock."""
        self._start += by

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began) + (_waited - self._before)


def _shortened(seconds: float) -> float:
    """What is really waited; the vendors' own pauses, in threads of theirs, stay as they are."""
    global _waited  # one time for the whole process is the point
    if threading.current_thread() is not threading.main_thread() or seconds < LONGEST_S:
        return seconds
    really = min(seconds / QUICKER, LONGEST_S)
    with _lock:
        _waited += timedelta(seconds=seconds - really)
    return really


def _sleep(seconds: float) -> None:
    _really_sleep(_shortened(seconds))


async def _wait(delay: float, result: object = None) -> object:
    return await _really_wait(_shortened(delay), result)


def hurry() -> None:
    """From now on pauses of the main thread are short."""
    time.sleep = _sleep
    asyncio.sleep = _wait  # type: ignore[assignment]
