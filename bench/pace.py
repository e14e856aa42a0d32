"""Do the readers use what they allow themselves, without one «too many requests», alone and several at once?"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.installation import Installation, installation
from bench.table import Row, tell
from bench.vendors import Vendors, vendors
from synkro_resources.amocrm.client import REQUESTS_PER_SECOND as AMOCRM_RATE
from synkro_resources.child_process import dies_with_parent
from synkro_resources.radist.client import REQUESTS_PER_SECOND as RADIST_RATE
from synkro_resources.radist.client import SECONDS_PER_LISTING

LATENCY_S = 0.15
LEAST_SHARE = 0.95
ALLOWED = {"amocrm": AMOCRM_RATE, "messages": RADIST_RATE, "listings": 1 / SECONDS_PER_LISTING}
"""Requests per second that each kind of reading may make, all its processes together."""

ROUNDS = (("amocrm", "messages"), ("amocrm", "amocrm", "listings"))
"""What reads at the same time, one process each."""


@dataclass(frozen=True, slots=True)
class Share:
    """What all processes of one kind of reading did together."""

    what: str
    told: Sequence[dict[str, Any]]

    @property
    def requests(self) -> int:
        return sum(one["requests"] for one in self.told)

    @property
    def used(self) -> float:
        return sum(one["requests"] / one["seconds"] for one in self.told) / ALLOWED[self.what]

    def line(self) -> str:
        waits = sum(one["waits_s"] for one in self.told)
        slowed = sum(one["slowdowns"] for one in self.told)
        each = "+".join(str(one["requests"]) for one in self.told)
        share = f"{self.used:6.1%} of its allowance"
        took = (sum(one["seconds"] for one in self.told) - waits) / self.requests
        rest = f"{took * 1000:.0f} ms per request beside the waiting, {slowed} slow-downs"
        return f"{self.what:<9} {each:>9} requests, {share}, {waits:5.1f} s waited, {rest}"


def pace(seconds: float, latency_s: float = LATENCY_S) -> bool:
    """Run all rounds; True if every kind of reading used its share and no vendor complained.

    A reader has one request in flight: once an answer and its rows take longer than a slot, these decide and not the
    limits. A busy machine shows so in the milliseconds per request.
    """
    held = True
    with vendors("medium", rate_limits=True) as served, installation(served.url, served.first_day) as home:
        for vendor in ("amocrm", "radist"):
            served.switch(vendor, latency_s=latency_s)
        print(f"{seconds:.0f} s each, answers after {latency_s} s, the documented limits on")
        shares: list[float] = []
        for kinds in ROUNDS:
            held &= _round(served, home, kinds, seconds, shares)
    tell(
        Row(
            bench="sources",
            measures="the share of the vendors' limits that readers use side by side, none of their requests refused",
            value=statistics.median(shares),
            low=min(shares),
            high=max(shares),
            unit="of the limit",
            repeats=len(shares),
            aim=f"each ≥ {LEAST_SHARE}",
            met=held,
        )
    )
    return held


def _round(served: Vendors, home: Installation, kinds: Sequence[str], seconds: float, shares: list[float]) -> bool:
    before = _refused(served)
    told = _read(home, kinds, seconds)
    refused = _refused(served) - before
    print(f"\ntogether: {', '.join(kinds)}; load of the machine {os.getloadavg()[0]:.1f}; answered 429: {refused}")
    held = not refused
    for what in dict.fromkeys(kinds):
        share = Share(what, [one for kind, one in zip(kinds, told, strict=True) if kind == what])
        shares.append(share.used)
        holds = share.used >= LEAST_SHARE
        print(f"  {'ok  ' if holds else 'FAIL'} {share.line()}", flush=True)
        held &= holds
    return held


def _read(home: Installation, kinds: Sequence[str], seconds: float) -> list[dict[str, Any]]:
    """All readers start at the same moment, once every one is ready."""
    readers = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.reader", kind, str(seconds)],
            env=home.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_parent(signal.SIGKILL),
        )
        for kind in kinds
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            if reader.stdout.readline() != "ready\n":
                raise RuntimeError("a reader did not start")
        for reader in readers:
            assert reader.stdin is not None
            reader.stdin.write("go\n")
            reader.stdin.flush()
        return [json.loads(reader.communicate(timeout=seconds + 120)[0]) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()


def _refused(served: Vendors) -> int:
    return sum(vendor["statuses"].get("429", 0) for vendor in served.answers().values())
