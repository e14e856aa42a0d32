"""Faults of the machine: a disk that is full, a clock that jumps, a network that is gone for a while.

Each strikes in the middle of a whole day in one process: from both vendors to the report in the chat.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from pathlib import Path

from faults.cases import wanted
from faults.outcome import BY_ITSELF, NOTHING, ONE_MORE, Outcome, skipped
from faults.place import REPORTED, Place, Tenant, place
from faults.state import chat_difference, planted_difference
from synkro_assets.automation.schedules import ask_for_due_reports
from synkro_resources.control.journal import steps_of_request
from synkro_resources.control.outbox import deliveries
from synkro_resources.control.run_requests import list_requests
from synkro_resources.control.schedules import set_schedule
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.platform import Platform
from synkro_resources.rules.due import occurrences
from synkro_resources.rules.working_time import Calendar

DISK_MIB = 700
"""Of a disk for the lake alone; a step wants 512 MiB free before it begins."""
NEARLY_FULL_MIB = 400
CUT_S = 20.0
MIB = 1024 * 1024
TICK = timedelta(minutes=10)
SENT_AT, JUMP_AT = day_time(8, 30), 50
"""Local time of the daily report; the clock jumps at the tick ten minutes before it."""


def on_a_machine(only: Sequence[str] = ()) -> Iterator[Outcome]:
    """All cases whose name holds these words."""
    for group, name, case in CASES:
        if wanted(only, f"{group} {name}"):
            began = time.monotonic()
            told = case(group, name)
            yield Outcome(
                told.group, told.fault, told.saw, told.lost, told.recovered, round(time.monotonic() - began, 1)
            )


# ---- a whole day with something in its middle ----


def disturbed_day(
    made: Place, group: str, name: str, disturb: Callable[[], None], mend: Callable[[], None] = lambda: None
) -> Outcome:
    """Ask for the report; `disturb` runs beside it once the first rows are stored, `mend` before the next request."""
    with made.tenant("day") as tenant:
        beside = threading.Thread(target=_once_stored, args=(made, disturb), daemon=True)
        beside.start()
        period = Period.day(REPORTED)
        ended = made.ask(tenant.slug, period)
        beside.join()
        steps = steps_of_request(made.control, tenant.slug, ended.id)
        told = dict.fromkeys(f"{step.error.code}: {step.error.what.ru}" for step in steps if step.error is not None)
        saw = "; ".join(told) or f"отчёт, попыток: {ended.attempt}"
        recovered = BY_ITSELF
        mend()
        if ended.status != "done" or _lost(made, tenant):
            recovered = f"{ended.remedy_ru} Затем {ONE_MORE}" if ended.remedy_ru else ONE_MORE
            ended = made.ask(tenant.slug, period)
        lost = _lost(made, tenant)
        return Outcome(group, name, saw, lost or NOTHING, recovered)


def _lost(made: Place, tenant: Tenant) -> str:
    rows = planted_difference(tenant.world, made.lake, tenant.slug)
    chat = chat_difference(deliveries(made.control, tenant.slug), tenant.messages())
    return "; ".join(text for text in (rows, chat) if text)


def _once_stored(made: Place, disturb: Callable[[], None]) -> None:
    while not any(Path(made.settings.lake_root).glob("amocrm/*/*/*.parquet")):
        time.sleep(0.02)
    disturb()


# ---- the disk ----


class NoDisk(Exception):
    """This machine does not let us make a disk; the text says why."""


@contextmanager
def small_disk() -> Generator[Path]:
    """A disk of its own in memory.

    Raises:
        NoDisk: this machine does not let us make one.
    """
    folder = Path(tempfile.mkdtemp(prefix="synkro-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        if done.returncode != 0:
            raise NoDisk(done.stderr.strip())
        yield folder
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def _fill(path: Path, leave_mib: int) -> None:
    """Leave so much of the disk free."""
    with path.open("ab") as ballast:
        while True:
            free = shutil.disk_usage(path).free // MIB - leave_mib
            if free <= 0:
                return
            try:
                ballast.write(b"\0" * MIB)
                ballast.flush()
            except OSError:
                return


def _disk(leave_mib: int) -> Callable[[str, str], Outcome]:
    def case(group: str, name: str) -> Outcome:
        try:
            with small_disk() as disk, place(disk / "lake") as made:
                ballast = disk / "ballast"
                told = disturbed_day(made, group, f"{name} (tmpfs)", lambda: _fill(ballast, leave_mib), ballast.unlink)
        except NoDisk as error:
            return skipped(group, name, f"tmpfs не смонтирован: {error}")
        return told

    return case


# ---- the clock ----


def _jump(by: timedelta) -> Callable[[str, str], Outcome]:
    """The clock is put right before the next request: what lies ahead of a clock that is slow cannot be loaded yet."""

    def case(group: str, name: str) -> Outcome:
        with place() as made:
            return disturbed_day(made, group, name, lambda: made.clock.jump(by), lambda: made.clock.jump(-by))

    return case


def _schedules(group: str, name: str) -> Outcome:
    """Ten simulated days of a schedule's ticks: every report is asked for once, or said to be missed."""
    jumps = {2: timedelta(hours=5), 3: -timedelta(hours=3), 5: timedelta(hours=26), 7: -timedelta(hours=26)}
    with place() as made, made.tenant("jumps") as tenant:
        start = datetime(2026, 11, 22, 19, tzinfo=UTC)  # midnight of a Monday in the tenant's zone
        clock = FixedClock(start)
        platform = Platform(made.settings, made.control, made.keyring, clock)
        schedule = set_schedule(made.control, tenant.slug, kind=PeriodKind.DAY, at=SENT_AT, actor="faults", clock=clock)
        latest = start
        for day in range(10):
            for tick in range(144):
                if tick == JUMP_AT and day in jumps:  # the report is asked for and waits for its time
                    clock.move(jumps[day])
                ask_for_due_reports(platform)
                latest = max(latest, clock.now())
                clock.move(TICK)
        found = list_requests(made.control, tenant.slug, limit=100)
        calendar = Calendar.of(tenant_settings(made.control, tenant.slug))
        first, last = (at.astimezone(calendar.zone).date() for at in (start, latest))
        planned = occurrences(schedule.rule, calendar, first, last)
        due = {one.period.first_day for one in planned if start < one.at <= latest}
        asked = Counter(request.period.first_day for request in found)
        told = [f"нет отчёта за {day}" for day in sorted(due - asked.keys())]
        told += [f"дважды за {day}" for day, times in asked.items() if times > 1]
        missed = [request.what_ru for request in found if request.error_code]
        saw = f"{len(asked)} отчётов, по плану {len(due)}; {'; '.join(missed) or 'пропущенных нет'}"
        return Outcome(group, name, saw, "; ".join(told) or NOTHING, BY_ITSELF)


# ---- the network ----


def _cut(group: str, name: str) -> Outcome:
    """In a network namespace of its own the only interface goes down under everything: vendors and database."""
    try:
        command = ["unshare", "-n", sys.executable, "-m", "faults.alone", group, name]
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        return skipped(group, name, str(error))
    if done.returncode != 0 or not done.stdout.strip():
        return skipped(group, name, f"unshare -n: {' '.join(done.stderr.split())[-200:]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def _loopback(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def _lose_the_network() -> None:
    _loopback("down")
    time.sleep(CUT_S)
    _loopback("up")


def main() -> None:
    """The case of the lost network, inside the namespace."""
    group, name = sys.argv[1:3]
    _loopback("up")
    with place() as made:
        print(json.dumps(asdict(disturbed_day(made, group, name, _lose_the_network))))


CASES: tuple[tuple[str, str, Callable[[str, str], Outcome]], ...] = (
    ("диск", "почти полон посреди загрузки", _disk(NEARLY_FULL_MIB)),
    ("диск", "полон посреди записи", _disk(0)),
    ("часы", "на 5 часов вперёд посреди загрузки", _jump(timedelta(hours=5))),
    ("часы", "на 26 часов вперёд, через полночь", _jump(timedelta(hours=26))),
    ("часы", "на 3 часа назад посреди загрузки", _jump(-timedelta(hours=3))),
    ("часы", "на 26 часов назад, через полночь", _jump(-timedelta(hours=26))),
    ("часы", "расписание 10 дней: +5 ч, −3 ч, +26 ч, −26 ч", _schedules),
    ("сеть", f"всё недоступно {CUT_S:.0f} с (пространство имён)", _cut),
)
