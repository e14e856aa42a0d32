"""Faults of a whole started installation: killed, stopped and cut-off processes, a database that restarts.

One installation, one tenant per case. Each asks for yesterday's report; the fault strikes while its run works. In the
end the tenant's rows are compared with the world they were read from, and its chat with the outbox.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2

from bench.stack import Stack, started
from faults.cases import wanted
from faults.outcome import BY_ITSELF, NOTHING, ONE_MORE, Outcome
from faults.state import chat_difference, planted_difference
from synkro_resources.control.journal import steps_of_request
from synkro_resources.control.outbox import NOTICES, Delivery, deliveries
from synkro_resources.control.outcomes import accept_as_sent, send_again
from synkro_resources.control.packages import latest_package
from synkro_resources.control.run_requests import RunRequest, create_request, get_request
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import RequestKind
from synkro_resources.model.period import Period
from synkro_resources.sandbox.world.calendar import ZONE

SEED = 31
REACHED_WITHIN_S = 600.0
DONE_WITHIN_S = 900.0
STOPPED_S = 40.0
SLOW = {"latency_s": 0.05}
ACTOR = "faults"


@dataclass
class Situation:
    """A tenant whose report is under way, and the words of what happened to the installation meanwhile."""

    stack: Stack
    slug: str
    request: RunRequest
    happened: str = ""

    def until(self, reached: Callable[[], object], within_s: float = REACHED_WITHIN_S) -> None:
        deadline = time.monotonic() + within_s
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError("the run never came so far")
            time.sleep(0.1)

    def works(self) -> None:
        """Wait until a run of the request has done its first steps."""
        self.until(lambda: len(self._steps()) >= 4)

    def sends(self) -> None:
        """Wait until Telegram is taking a part."""
        self.until(lambda: any(part.state == "sending" for part in self.parts()))

    def parts(self) -> list[Delivery]:
        found = deliveries(self.stack.control, self.slug)
        return [part for part in found if not part.report_id.startswith(NOTICES)]

    def kill(self, part: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the part's first process, which must run."""
        self.until(lambda: self.stack.pids(part))
        pid = self.stack.pids(part)[0]
        os.kill(pid, how)
        return pid

    def back(self, part: str, dead: int, within_s: float = REACHED_WITHIN_S) -> None:
        """Wait until another process stands in for a dead one; how long it took is told."""
        began = time.monotonic()
        self.until(lambda: [pid for pid in self.stack.pids(part) if pid != dead], within_s)
        self.happened = f"{part} снова работает через {time.monotonic() - began:.0f} с; "

    def _steps(self) -> list[object]:
        try:
            return list(steps_of_request(self.stack.control, self.slug, self.request.id))
        except SynkroError:
            return []


Fault = Callable[[Situation], None]


def _killed(part: str) -> Fault:
    def fault(it: Situation) -> None:
        it.works()
        it.back(part, it.kill(part))

    return fault


def _worker_killed(it: Situation) -> None:
    it.works()
    it.kill("run worker")


def _worker_killed_while_sending(it: Situation) -> None:
    it.stack.switch("telegram", {"slow_s": 3.0, "faults_on": {"sendMessage": ["slow"]}})
    it.sends()
    it.kill("run worker")


def _up_killed(it: Situation) -> None:
    it.works()
    it.stack.up.kill()
    it.stack.up.wait()
    it.stack.restart()
    it.happened = "служба запущена снова (на сервере это делает systemd); "


def _vendors_killed(it: Situation) -> None:
    it.works()
    it.stack.sandbox.kill()
    it.stack.sandbox.wait()
    time.sleep(STOPPED_S / 4)
    it.stack.restart_sandbox()


def _vendors_half_open(it: Situation) -> None:
    """Connections are accepted by the kernel and never answered."""
    it.works()
    it.stack.sandbox.send_signal(signal.SIGSTOP)
    time.sleep(STOPPED_S)
    it.stack.sandbox.send_signal(signal.SIGCONT)


def _hung(part: str) -> Fault:
    def fault(it: Situation) -> None:
        it.back(part, it.kill(part, signal.SIGSTOP))

    return fault


def _worker_stopped(it: Situation) -> None:
    it.works()
    pid = it.kill("run worker", signal.SIGSTOP)
    time.sleep(STOPPED_S * 2)
    os.kill(pid, signal.SIGCONT)


def _database_restarts(it: Situation) -> None:
    it.works()
    it.back("database", it.kill("database", signal.SIGINT))  # a fast shutdown, as an upgrade of the server does it


def _connections_cut(it: Situation) -> None:
    it.works()
    address = it.stack.settings.control_url.replace("+psycopg2", "")
    for _ in range(3):
        connection = psycopg2.connect(address)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid()"
            )
            row = cursor.fetchone()
            it.happened = f"{it.happened}оборвано соединений: {row[0] if row else 0}; "
        connection.close()
        time.sleep(3)


CASES: tuple[tuple[str, str, Fault], ...] = (
    ("kill -9", "процесс запуска при чтении", _worker_killed),
    ("kill -9", "процесс запуска, пока Telegram принимает часть", _worker_killed_while_sending),
    ("kill -9", "code server во время запуска", _killed("code server")),
    ("kill -9", "daemon во время запуска", _killed("daemon")),
    ("kill -9", "база данных во время запуска", _killed("database")),
    ("kill -9", "кабинет", _killed("cabinet")),
    ("kill -9", "synkro up целиком", _up_killed),
    ("сеть", "поставщики не принимают соединений 10 с", _vendors_killed),
    ("сеть", "поставщики молчат 40 с (полуоткрытые соединения)", _vendors_half_open),
    ("зависание", "daemon (SIGSTOP)", _hung("daemon")),
    ("зависание", "code server (SIGSTOP)", _hung("code server")),
    ("зависание", "кабинет (SIGSTOP)", _hung("cabinet")),
    ("зависание", "процесс запуска стоит 80 с и идёт дальше", _worker_stopped),
    ("база", "перезапуск сервера во время запуска", _database_restarts),
    ("база", "pg_terminate_backend всем, три раза", _connections_cut),
)


def on_a_stack(only: Sequence[str] = ()) -> Iterator[Outcome]:
    """All cases whose name holds these words."""
    chosen = [case for case in CASES if wanted(only, f"{case[0]} {case[1]}")]
    if not chosen:
        return
    slugs = [f"case-{number:02d}" for number in range(1, len(chosen) + 1)]
    with started(slugs, seed=SEED) as stack:
        for slug, (group, name, fault) in zip(slugs, chosen, strict=True):
            stack.add_tenant(slug, ZONE)
            yield _case(stack, slug, group, name, fault)


def _case(stack: Stack, slug: str, group: str, name: str, fault: Fault) -> Outcome:
    began = time.monotonic()
    day = (datetime.now(ZoneInfo(ZONE)) - timedelta(days=1)).date()
    for vendor in ("amocrm", "radist"):
        stack.switch(vendor, SLOW, slug)
    it = Situation(stack, slug, _ask(stack, slug, Period.day(day)))
    try:
        fault(it)
        ended = _ended(it)
    except TimeoutError as error:
        return Outcome(group, name, "–", f"не проверено: {error}", "–", round(time.monotonic() - began, 1))
    saw, recovered = _seen(it, ended), BY_ITSELF
    if ended.status != "done":
        recovered = _by_hand(it, ended)
        it.request = _ask(stack, slug, Period.day(day))
        ended = _ended(it)
    rows = planted_difference(stack.world(slug), stack.lake, slug)
    lost = [text for text in (rows, chat_difference(it.parts(), stack.messages(slug))) if text]
    if ended.status != "done":
        lost.append(f"запрос: {ended.status} {ended.error_code}")
    if not _is_as_planted(it, Period.day(day)):
        lost.append("отчёт не равен заложенному")
    return Outcome(
        group,
        name,
        saw,
        "; ".join(lost) or NOTHING,
        f"{recovered}: {it.happened}" if it.happened else recovered,
        round(time.monotonic() - began, 1),
    )


def _ask(stack: Stack, slug: str, period: Period) -> RunRequest:
    return create_request(
        stack.control,
        tenant=slug,
        kind=RequestKind.REPORT,
        period=period,
        requested_by="cli",
        reason="faults",
        clock=SystemClock(),
    )


def _ended(it: Situation) -> RunRequest:
    found: list[RunRequest] = []

    def is_ended() -> bool:
        try:
            found[:] = [get_request(it.stack.control, it.slug, it.request.id)]
        except SynkroError:
            return False  # the database is on its way back
        return not found[0].is_open

    it.until(is_ended, DONE_WITHIN_S)
    return found[0]


def _seen(it: Situation, ended: RunRequest) -> str:
    failed = [step.error for step in it._steps() if getattr(step, "error", None) is not None]  # type: ignore[attr-defined]
    told = list(dict.fromkeys(f"{error.code}: {error.what.ru}" for error in failed if error is not None))
    states = [part.state for part in it.parts() if part.state not in ("sent", "pending")]
    if states:
        told.append(f"части: {', '.join(dict.fromkeys(states))}")
    if ended.status == "done" and not told:
        return f"отчёт, попыток: {ended.attempt}"
    return "; ".join([*told, *([ended.what_ru] if ended.what_ru else [])])


def _by_hand(it: Situation, ended: RunRequest) -> str:
    control, deeds = it.stack.control, list[str]()
    for part in it.parts():
        if part.state in ("uncertain", "failed"):
            arrived = len(it.stack.messages(it.slug)) > sum(known.state == "sent" for known in it.parts())
            decide = accept_as_sent if arrived else send_again
            decide(control, it.slug, part.delivery_id, actor=ACTOR, clock=SystemClock())
            deeds.append("человек посмотрел в чат и отметил" if arrived else "человек нажал «отправить снова»")
    return ", ".join([*dict.fromkeys(deeds or [ended.remedy_ru]), ONE_MORE])


def _is_as_planted(it: Situation, period: Period) -> bool:
    found = latest_package(it.stack.control, it.slug, period.report_id)
    metric = found[2].metric(0, "new_episodes") if found else None
    return metric is not None and metric.value == it.stack.world(it.slug).truth.day(period.first_day).new_episodes
