"""Child processes: started, probed until ready, restarted when they die or hang, ended in order, and waited for."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synkro_resources.child_process import dies_with_parent
from synkro_resources.log_files import shorten
from synkro_resources.model.errors import ConfigurationError, Sentence, TransientError

log = logging.getLogger(__name__)

POLL_S = 0.1
FIRST_PAUSE_S = 1.0  # before a restart; doubled each time
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0  # a process that ran this long starts again without a pause
PROBE_EVERY_S = 10.0
HUNG_AFTER_PROBES = 12  # in a row, two minutes: a loaded machine may be late, and a restart costs the work under way
STOP_LIMIT_S = 12.0  # Dagster's daemon needs up to a few seconds
LEFTOVER_LIMIT_S = 4.0  # the kernel has told them to end already, when their supervisor died
LOG_LIMIT_BYTES = 20_000_000
LOG_LOOK_S = 60.0
TAIL_BYTES = 4_000
# Every descendant inherits it, so that what a killed supervisor left behind can be told from everybody else's.
MARK = "SYNKRO_SUPERVISED_BY"


@dataclass(frozen=True, slots=True)
class Program:
    """One long-lived process. `ready` is asked until it says yes; it must answer within a second or so.

    `works` is asked from then on, as quick: a process that lives and does not work for `HUNG_AFTER_PROBES` questions in
    a row is killed and started again. None: only its death is noticed.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = field(default=lambda: True)
    ready_within_s: float = 60.0
    works: Callable[[], bool] | None = None


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    restart_at: float | None = None
    probed: float = 0.0
    has_worked: bool = False
    unanswered: int = 0


class Supervisor:
    """Keeps programs running. Use it from the main thread only; nothing happens between calls of `tick`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs = folder / "logs"
        self._children: dict[str, _Child] = {}
        self._logs_looked_at = 0.0

    def start(self, program: Program) -> None:
        """Start a program; its output goes to `logs/<name>.log`."""
        self._children[program.name] = _Child(program, self._spawn(program), time.monotonic())

    def wait_ready(self, *names: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until these programs are ready.

        Raises:
            ConfigurationError: `process.ended`, when one ends by itself, with the end of its log.
            TransientError: `process.not_ready`, when one is not ready in its time.
        """
        waiting = [self._children[name] for name in names]
        while waiting:
            for child in list(waiting):
                if child.process.poll() is not None:
                    raise self._ended(child)
                if child.program.ready():
                    waiting.remove(child)
                elif time.monotonic() - child.started > child.program.ready_within_s:
                    raise self._not_ready(child)
            meanwhile()
            time.sleep(POLL_S)

    def tick(self) -> None:
        """Look after the children once: whoever died or hangs is started again, after a pause that grows.

        Logs that have grown long are shortened meanwhile, because a process may write for months.
        """
        now = time.monotonic()
        if now - self._logs_looked_at > LOG_LOOK_S:
            self._logs_looked_at = now
            for name in self._children:
                shorten(self.log_file(name), LOG_LIMIT_BYTES)
        for name, child in self._children.items():
            if child.restart_at is not None:
                if now >= child.restart_at:
                    child.process, child.started, child.restart_at = self._spawn(child.program), now, None
                    child.has_worked, child.unanswered = False, 0
            elif child.process.poll() is not None or self._kill_if_hung(child, now):
                child.failures = 0 if now - child.started > CALM_S else child.failures + 1
                pause = min(FIRST_PAUSE_S * 2 ** max(child.failures - 1, 0), LONGEST_PAUSE_S)
                log.warning(
                    "%s ended (%s), starting it again in %.0f s; its log: %s",
                    name,
                    _describe(child.process.returncode),
                    pause,
                    self.log_file(name),
                )
                _end_group(child.process.pid)
                child.restart_at = now + pause

    def _kill_if_hung(self, child: _Child, now: float) -> bool:
        """Whether the process lived without working and was killed.

        Questions are counted and not seconds: after a pause of the whole machine nobody has been asked in vain.
        """
        works = child.program.works
        if works is None or now - child.probed < PROBE_EVERY_S:
            return False
        child.probed = now
        if works():
            child.has_worked, child.unanswered = True, 0
            return False
        if not child.has_worked and now - child.started < child.program.ready_within_s:
            return False
        child.unanswered += 1
        if child.unanswered < HUNG_AFTER_PROBES:
            return False
        log.warning("%s lives but does not answer, %s times in a row: killing it", child.program.name, child.unanswered)
        child.process.kill()  # a stopped process would take no other signal
        child.process.wait()
        return True

    def stop(self, *names: str) -> None:
        """End these programs (all, when none is named, last started first) with everything they started."""
        children = [child for name, child in reversed(self._children.items()) if not names or name in names]
        for child in children:
            _end(child.process)
            del self._children[child.program.name]

    def pid(self, name: str) -> int | None:
        """Process id of a running program."""
        child = self._children.get(name)
        return child.process.pid if child and child.process.poll() is None else None

    def log_file(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def end_leftovers(self) -> None:
        """End what an earlier supervisor of this folder left behind; the caller holds the folder's lock."""
        mark = f"{MARK}={self._folder.resolve()}".encode()
        leftovers = [pid for pid in _process_ids() if mark in _environment_of(pid) and pid != os.getpid()]
        for how, limit_s in ((signal.SIGTERM, LEFTOVER_LIMIT_S), (signal.SIGKILL, LEFTOVER_LIMIT_S)):
            for pid in leftovers:
                log.warning("process %s is left over from an earlier start: %s", pid, how.name)
                _signal(os.kill, pid, how)
            deadline = time.monotonic() + limit_s
            while leftovers and time.monotonic() < deadline:
                time.sleep(POLL_S)
                leftovers = [pid for pid in leftovers if mark in _environment_of(pid)]

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self.log_file(program.name)
        shorten(path, LOG_LIMIT_BYTES)
        with path.open("ab") as output:
            return subprocess.Popen(
                list(program.arguments),
                env={**program.environment, MARK: str(self._folder.resolve())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only us: we end the others in order
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )

    def _tail(self, name: str) -> str:
        path = self.log_file(name)
        if not path.is_file():
            return ""
        text = path.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
        return " | ".join(text.splitlines()[-3:])

    def _ended(self, child: _Child) -> ConfigurationError:
        name, how = child.program.name, _describe(child.process.returncode)
        return ConfigurationError(
            "process.ended",
            Sentence(
                f"Процесс «{name}» завершился при запуске ({how}): {self._tail(name)}",
                f"The process `{name}` ended while starting ({how}): {self._tail(name)}",
            ),
            Sentence(f"Полный журнал: {self.log_file(name)}", f"The whole log: {self.log_file(name)}"),
        )

    def _not_ready(self, child: _Child) -> TransientError:
        name, limit = child.program.name, child.program.ready_within_s
        return TransientError(
            "process.not_ready",
            Sentence(
                f"Процесс «{name}» не готов за {limit:.0f} с: {self._tail(name)}",
                f"The process `{name}` was not ready within {limit:.0f} s: {self._tail(name)}",
            ),
            Sentence(f"Полный журнал: {self.log_file(name)}", f"The whole log: {self.log_file(name)}"),
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            log.warning("process %s did not end on SIGTERM", process.pid)
            process.kill()
            process.wait()
    _end_group(process.pid)


def _end_group(group: int) -> None:
    """End what an ended process left in its group, for example runs of the code server."""
    if not _signal(os.killpg, group, signal.SIGTERM):
        return
    deadline = time.monotonic() + STOP_LIMIT_S
    while _group_lives(group) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    _signal(os.killpg, group, signal.SIGKILL)


def _signal(send: Callable[[int, int], None], target: int, how: signal.Signals) -> bool:
    """Whether there was still somebody to send it to."""
    try:
        send(target, how)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _group_lives(group: int) -> bool:
    """Zombies do not count: the init process of a container may reap them late or never."""
    return any(_group_if_alive(pid) == group for pid in _process_ids())


def _process_ids() -> list[int]:
    proc = Path("/proc")
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()] if proc.is_dir() else []


def _group_if_alive(pid: int) -> int | None:
    try:
        state, _, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return None
    return None if state == "Z" else int(group)


def _environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _describe(code: int | None) -> str:
    if code is None:
        return "running"
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
