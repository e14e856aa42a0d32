"""When a failed GET is tried again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import orjson

from synkro_resources.http.jsonvalues import as_object, as_whole


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with jitter; durations in seconds.

    `tries` counts all attempts. `retry_after_cap_s` bounds what a vendor may make us wait.
    """

    tries: int = 4
    first_s: float = 2.0
    longest_s: float = 16.0
    retry_after_cap_s: float = 300.0
    jitter: Callable[[], float] = field(default=random.SystemRandom().random, repr=False)

    def delay(self, attempt: int, retry_after_s: float | None = None) -> float:
        """Seconds before the next try after `attempt` failures; up to a quarter more than asked, never less."""
        if retry_after_s is not None:
            seconds = min(max(retry_after_s, 0.0), self.retry_after_cap_s)
        else:
            seconds = min(self.first_s * 2 ** (attempt - 1), self.longest_s)
        return seconds * (1 + self.jitter() / 4)


def retry_after_s(headers: Mapping[str, str], body: bytes) -> float | None:
    """The wait a vendor asks for: the `Retry-After` header (seconds or date), else `retry_after` in a JSON body.

    A date is measured against the answer's own `Date`, so that the two clocks need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    if value and (sent := headers.get("date")):
        try:
            return (parsedate_to_datetime(value) - parsedate_to_datetime(sent)).total_seconds()
        except (ValueError, TypeError):
            return None
    try:
        asked = as_whole(as_object(orjson.loads(body)).get("retry_after"))
    except orjson.JSONDecodeError:
        return None
    return None if asked is None else float(asked)
