"""Does an installation look after itself? `python -m bench.soak [--minutes 20] [--every 1] [--seed N] [--gap 45]`.

A real stack with a report due every minute, each of another tenant. At random moments one of daemon, code server, run
worker and database gets `kill -9`. In the end every report has to have arrived exactly once, without hands; the only
exception are parts of which nobody can know whether Telegram took them: shown as uncertain, one series per kill.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from zoneinfo import ZoneInfo

import psycopg2

from bench.stack import ACTOR, Stack, started
from synkro_resources.control.outbox import NOTICES, Delivery, deliveries
from synkro_resources.control.packages import latest_package
from synkro_resources.control.run_requests import RunRequest, list_requests
from synkro_resources.control.schedules import set_schedule
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.tenant_settings import Interval, WorkCalendar
from synkro_resources.sandbox.world.calendar import ZONE

VICTIMS = ("daemon", "code server", "run worker", "database")
ZONES = (*(f"Etc/GMT{hours:+d}" for hours in range(-12, 13)),)
SHIFT = Interval(start=day_time(9), end=day_time(18))
EVERY_DAY = WorkCalendar(weekly=dict.fromkeys(range(1, 8), (SHIFT,)), public_holidays=None)
"""No daily report is due on a day off: these companies have none, so that a soak can be run on any day."""
EARLIEST, LATEST = 2, 20
"""Local hours after and before which no midnight can fall into a soak."""
GAP_S = 45.0
"""Between two kills in the middle, half of it at least and one and a half at most."""
BACK_WITHIN_S = 300.0
GRACE = timedelta(minutes=15)
"""A report that a kill has hit may be late by a dead run's limit and two more runs; never by more than this."""
FIRST_DUE = timedelta(minutes=2)
LATENCY_S = 0.5
"""Of Telegram, so that kills meet messages on their way."""


@dataclass
class Kill:
    """One `kill -9`; `back_s`: seconds until the part worked again (a run worker: none is started for itself)."""

    at: datetime
    victim: str
    sending: bool
    back_s: float | None = None


@dataclass
class Outcome:
    """What became of one tenant's report."""

    slug: str
    due: datetime
    request: RunRequest | None
    parts: Sequence[Delivery]
    in_chat: int
    doubled: int
    as_planted: bool

    @property
    def uncertain(self) -> int:
        return sum(part.state == "uncertain" for part in self.parts)

    @property
    def sent_at(self) -> datetime | None:
        sent = [part.sent_at for part in self.parts if part.sent_at]
        return max(sent) if sent and all(part.state == "sent" for part in self.parts) else None

    @property
    def is_whole(self) -> bool:
        """Arrived once and complete, with the planted figures."""
        arrived = bool(self.parts) and self.sent_at is not None and self.in_chat == len(self.parts)
        done = self.request is not None and self.request.status == "done"
        return arrived and done and not self.doubled and self.as_planted

    @property
    def verdict(self) -> str:
        if self.doubled:
            return f"DOUBLED {self.doubled}"
        if self.is_whole:
            return "once"
        if self.uncertain:
            return f"{self.uncertain} uncertain"
        return "LOST" if self.request is None or not self.request.error_code else f"LOST: {self.request.error_code}"


def midday_zone(now: datetime) -> str:
    """The world's own zone, or one in which it is about noon if a midnight might fall into the soak."""
    if EARLIEST <= now.astimezone(ZoneInfo(ZONE)).hour <= LATEST:
        return ZONE
    return min(ZONES, key=lambda name: abs(now.astimezone(ZoneInfo(name)).hour - 12))


def soak(minutes: int, every: int, seed: int, gap: float = GAP_S) -> bool:
    """Run it and print the tables; True if nothing was lost or doubled."""
    slugs = [f"soak-{number:02d}" for number in range(1, minutes // every + 1)]
    chance = random.Random(seed)
    print(f"seed {seed}, {len(slugs)} tenants, a report due every {every} min, {minutes} min", flush=True)
    with started(slugs, seed=seed) as stack:
        stack.switch("telegram", {"latency_s": LATENCY_S})
        begin = datetime.now(UTC).replace(second=0, microsecond=0) + FIRST_DUE
        zone = midday_zone(begin)
        dues = {slug: begin + timedelta(minutes=every * place) for place, slug in enumerate(slugs)}
        for slug, due in dues.items():
            stack.add_tenant(slug, zone)
            settings = tenant_settings(stack.control, slug).model_copy(update={"work_calendar": EVERY_DAY})
            save_tenant_settings(stack.control, slug, settings, changed_by=ACTOR, clock=SystemClock())
            at = due.astimezone(ZoneInfo(zone))
            clock = SystemClock()
            set_schedule(
                stack.control, slug, kind=PeriodKind.DAY, at=day_time(at.hour, at.minute), actor=ACTOR, clock=clock
            )
        print(f"started, the first report is due at {begin:%H:%M:%S} UTC; zone {zone}", flush=True)
        kills = _disturb(stack, chance, begin + timedelta(minutes=minutes), gap)
        _wait_for_all(stack, slugs)
        outcomes = [_outcome(stack, slug, dues[slug], zone) for slug in slugs]
        return _report(kills, outcomes)


def _disturb(stack: Stack, chance: random.Random, until: datetime, gap: float) -> list[Kill]:
    kills: list[Kill] = []
    waiting: list[tuple[Kill, list[int], float]] = []
    next_at = time.monotonic() + chance.uniform(gap / 2, gap * 3 / 2)
    wanted = list[str]()
    while datetime.now(UTC) < until:
        waiting = [one for one in waiting if not _is_back(stack, *one)]
        if time.monotonic() >= next_at:
            wanted = wanted or chance.sample(VICTIMS, len(VICTIMS))  # each as often as the others
            victim = next((name for name in wanted if stack.pids(name)), None)
            if victim is not None:
                wanted.remove(victim)
                pids = stack.pids(victim)
                sending = _somebody_sends(stack)
                kill = Kill(datetime.now(UTC), victim, sending)
                os.kill(pids[0], signal.SIGKILL)
                when = " while a part is sent" if sending else ""
                print(f"{kill.at:%H:%M:%S} kill -9 {kill.victim}{when}", flush=True)
                kills.append(kill)
                if kill.victim != "run worker":
                    waiting.append((kill, pids, time.monotonic()))
                next_at = time.monotonic() + chance.uniform(gap / 2, gap * 3 / 2)
        time.sleep(0.2)
    deadline = time.monotonic() + BACK_WITHIN_S
    while waiting and time.monotonic() < deadline:
        waiting = [one for one in waiting if not _is_back(stack, *one)]
        time.sleep(0.5)
    return kills


def _is_back(stack: Stack, kill: Kill, dead: list[int], since: float) -> bool:
    fresh = [pid for pid in stack.pids(kill.victim) if pid not in dead]
    if not fresh or (kill.victim == "database" and not _database_answers(stack)):
        return False
    kill.back_s = time.monotonic() - since
    return True


def _database_answers(stack: Stack) -> bool:
    try:
        psycopg2.connect(stack.settings.control_url.replace("+psycopg2", ""), connect_timeout=2).close()
    except psycopg2.Error:
        return False
    return True


def _somebody_sends(stack: Stack) -> bool:
    try:
        return any(part.state == "sending" for slug in stack.slugs for part in deliveries(stack.control, slug))
    except SynkroError:
        return False


def _wait_for_all(stack: Stack, slugs: Sequence[str]) -> None:
    deadline = datetime.now(UTC) + GRACE
    while datetime.now(UTC) < deadline:
        try:
            found = [_requests(stack, slug) for slug in slugs]
            if all(each and not any(request.is_open for request in each) for each in found):
                return
        except SynkroError:
            pass  # the database is on its way back
        time.sleep(2)


def _requests(stack: Stack, slug: str) -> list[RunRequest]:
    return [request for request in list_requests(stack.control, slug) if request.requested_by.startswith("schedule:")]


def _outcome(stack: Stack, slug: str, due: datetime, zone: str) -> Outcome:
    day = (due.astimezone(ZoneInfo(zone)) - timedelta(days=1)).date()
    report_id = Period.day(day).report_id
    parts = [part for part in deliveries(stack.control, slug) if not part.report_id.startswith(NOTICES)]
    notices = {part.message_id for part in deliveries(stack.control, slug) if part.report_id.startswith(NOTICES)}
    messages = [message for message in stack.messages(slug) if str(message["message_id"]) not in notices]
    texts = Counter(str(message.get("text") or message.get("caption") or "") for message in messages)
    requests = _requests(stack, slug)
    package = latest_package(stack.control, slug, report_id)
    metric = package[2].metric(0, "new_episodes") if package else None
    planted = stack.world(slug).truth.day(day).new_episodes if zone == ZONE else None
    return Outcome(
        slug,
        due,
        requests[0] if requests else None,
        parts,
        len(messages),
        sum(count - 1 for count in texts.values()),
        metric is not None and (planted is None or metric.value == planted),
    )


def _report(kills: Sequence[Kill], outcomes: Sequence[Outcome]) -> bool:
    print("\n| killed at | what | back after | a part was being sent |\n|---|---|---|---|")
    for kill in kills:
        back = "–" if kill.victim == "run worker" else "NEVER" if kill.back_s is None else f"{kill.back_s:.0f} s"
        print(f"| {kill.at:%H:%M:%S} | {kill.victim} | {back} | {'yes' if kill.sending else ''} |")
    print("\n| tenant | due | sent after | attempts | parts | in the chat | report |\n|---|---|---|---|---|---|---|")
    for one in outcomes:
        late = f"{(one.sent_at - one.due).total_seconds():.0f} s" if one.sent_at else "–"
        tries = one.request.attempt if one.request else "–"
        row = (one.slug, f"{one.due:%H:%M}", late, tries, len(one.parts), one.in_chat, one.verdict)
        print(f"| {' | '.join(map(str, row))} |")
    whole = sum(one.is_whole for one in outcomes)
    uncertain = [one for one in outcomes if one.uncertain and not one.doubled]
    doubled = sum(one.doubled for one in outcomes)
    lost = len(outcomes) - whole - len(uncertain)
    all_back = all(kill.back_s is not None for kill in kills if kill.victim != "run worker")
    late = sorted((one.sent_at - one.due).total_seconds() for one in outcomes if one.sent_at)
    middle = (
        f", sent {late[len(late) // 2]:.0f} s after their time in the middle, {late[-1]:.0f} s at most" if late else ""
    )
    print(
        f"\n{len(kills)} kills, {len(outcomes)} reports due: {whole} arrived once{middle}; "
        f"{len(uncertain)} with uncertain parts, {doubled} doubled, {lost} lost"
    )
    held = not doubled and lost <= 0 and len(uncertain) <= len(kills) and all_back
    print("held" if held else "NOT held")
    return held


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=20, help="length (20); 5 is a short one")
    parser.add_argument("--every", type=int, default=1, help="minutes between two due reports (1)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--gap", type=float, default=GAP_S, help=f"seconds between two kills ({GAP_S:.0f})")
    options = parser.parse_args()
    return 0 if soak(options.minutes, options.every, options.seed, options.gap) else 1


if __name__ == "__main__":
    sys.exit(main())
