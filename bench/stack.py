"""A started installation as a whole: `synkro up` in a process of its own, invented vendors beside it, many tenants.

What runs is found by the kernel's list of processes, so that each part can be killed or stopped as a fault would do it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from synkro_app.operations.ports import free_port
from synkro_resources.child_process import dies_with_parent
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import add_tenant
from synkro_resources.lake import Lake
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.credentials import SandboxCredentials, report_chat_id
from synkro_resources.sandbox.world.model import World
from synkro_resources.sandbox.world.sizes import build_sized_world
from synkro_resources.settings import RUNTIME_FILE, Settings

START_WITHIN_S = 600.0
STOP_WITHIN_S = 120.0
WORLD_DAYS = 8
ACTOR = "bench"
KINDS = (IntegrationKind.AMOCRM, IntegrationKind.RADIST, IntegrationKind.TELEGRAM)
"""What makes and sends a report; labels and the client's own database have faults of their own."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "daemon": ("dagster._daemon",),
    "code server": ("dagster", "api", "grpc"),
    "run worker": ("spawn_main",),  # the code server starts a process for each run
    "database": ("postgres", "-D"),
    "cabinet": ("synkro_app.server",),
    "webserver": ("dagster_webserver",),
}
"""What the command line of each part holds."""


@dataclass
class Stack:
    """A running installation; `settings` are those of the product, as a command in another shell would find them."""

    folder: Path
    slugs: Sequence[str]
    seed: int
    first_day: date
    end: datetime
    sandbox_port: int
    environment: dict[str, str]
    up: subprocess.Popen[bytes]
    sandbox: subprocess.Popen[bytes]

    def __post_init__(self) -> None:
        self.settings = Settings.load(state_dir=self.folder)
        self.control = Database.from_settings(self.settings)
        self.keyring = Keyring.from_settings(self.settings)

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_root)

    def world(self, slug: str) -> World:
        """The world of a tenant, built anew: what is true there."""
        seed = self.seed + list(self.slugs).index(slug)
        return build_sized_world("small", seed, self.end, slug, first_day=self.first_day)

    def add_tenant(self, slug: str, zone: str) -> None:
        """A company whose vendors are the invented ones."""
        add_tenant(
            self.control,
            slug=slug,
            name="ООО",
            zone=zone,
            account=slug,
            cell=self.settings.cell,
            plan="pro",
            clock=SystemClock(),
        )
        known = SandboxCredentials.for_tenant(slug, self.sandbox_url).by_kind()
        for kind in KINDS:
            set_integration(self.control, self.keyring, slug, kind, known[kind].public, known[kind].secrets, ACTOR)
        chat = str(report_chat_id(slug))
        add_destination(self.control, slug, channel="telegram", chat_id=chat, title="Отчёты", actor=ACTOR)

    def messages(self, slug: str) -> list[dict[str, Any]]:
        """What lies in the tenant's report chat at Telegram."""
        answer = httpx.get(
            f"{self.sandbox_url}/telegram/chats/{report_chat_id(slug)}?format=json", timeout=60, trust_env=False
        )
        answer.raise_for_status()
        return list(answer.json())

    def switch(self, vendor: str, values: Mapping[str, object], slug: str = "") -> None:
        address = f"{self.sandbox_url}/control/switches/{vendor}{'/' + slug if slug else ''}"
        httpx.post(address, json=dict(values), timeout=60, trust_env=False).raise_for_status()

    def pids(self, part: str) -> list[int]:
        """The processes of a part that belong to this installation, oldest first."""
        words, found = PARTS[part], list[int]()
        for pid in _descendants(self.up.pid):
            line = _command_line(pid)
            if all(any(word in argument for argument in line) for word in words):
                found.append(pid)
        return sorted(found)[:1] if part == "database" else sorted(found)

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.is_file() else ""

    def restart_sandbox(self) -> None:
        self.sandbox = _start_sandbox(self.folder, self.slugs, self.seed, self.first_day, self.end, self.sandbox_port)
        _wait(lambda: _is_success(f"{self.sandbox_url}/control/ready"), self.sandbox, "the invented vendors")

    def restart(self) -> None:
        """`synkro up` again, after it has ended or was killed."""
        self.up = _start_up(self.folder, self.environment)
        _wait_for_up(self.folder, self.up)

    def kept_log(self) -> str:
        """What `synkro up` itself has said, restarts of its parts among it."""
        return (self.folder / "up.log").read_text(errors="replace")


@contextmanager
def started(
    slugs: Sequence[str], *, seed: int, variables: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> Generator[Stack]:
    """A started installation without tenants; gone after the block. `prefix`: a command that starts `synkro up`."""
    folder = Path(tempfile.mkdtemp(prefix="synkro-stack-"))
    folder.chmod(0o711)
    end = datetime.now(UTC)
    first_day = (end - timedelta(days=WORLD_DAYS)).date()
    taken: set[int] = set()
    ports: dict[str, int] = {}
    for name, preferred in (("CABINET", 18501), ("DAGSTER", 13000), ("CODE_SERVER", 14266), ("SANDBOX", 18090)):
        ports[name] = free_port(preferred, taken=taken)
        taken.add(ports[name])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SYNKRO_")},
        **{f"SYNKRO_{name}_PORT": str(port) for name, port in ports.items()},
        "SYNKRO_STATE_DIR": str(folder),
        "SYNKRO_ALLOW_SANDBOX": "1",
        "SYNKRO_AMOCRM_RATE": "1000",
        "SYNKRO_RADIST_RATE": "1000",
        "SYNKRO_HISTORY_START": first_day.isoformat(),
        **(variables or {}),
    }
    sandbox = _start_sandbox(folder, slugs, seed, first_day, end, ports["SANDBOX"])
    up = _start_up(folder, environment, prefix)
    stack = None
    try:
        _wait_for_up(folder, up)
        url = f"http://127.0.0.1:{ports['SANDBOX']}/control/ready"
        _wait(lambda: _is_success(url), sandbox, "the invented vendors")
        stack = Stack(folder, slugs, seed, first_day, end, ports["SANDBOX"], environment, up, sandbox)
        yield stack
    finally:
        if stack is not None:
            stack.control.close()
            up, sandbox = stack.up, stack.sandbox
        _stop(up)
        sandbox.kill()
        sandbox.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start_sandbox(
    folder: Path, slugs: Sequence[str], seed: int, first_day: date, end: datetime, port: int
) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "synkro_resources.sandbox.server", "--no-rate-limit", "--port", str(port)),
        *("--state", str(folder / "sandbox"), "--seed", str(seed), "--end", end.isoformat()),
        *("--first-day", first_day.isoformat(), *(word for slug in slugs for word in ("--tenant", slug))),
    ]
    with (folder / "sandbox.log").open("ab") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, preexec_fn=dies_with_parent(signal.SIGKILL)
        )


def _start_up(folder: Path, environment: Mapping[str, str], prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    with (folder / "up.log").open("ab") as output:
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", "synkro_app.cli", "up"],
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )


def _wait_for_up(folder: Path, up: subprocess.Popen[bytes]) -> None:
    said = len((folder / "up.log").read_text(errors="replace").split("Ctrl-C —"))
    _wait(lambda: _is_up(folder, said), up, f"synkro up ({folder / 'up.log'})")


def _is_up(folder: Path, said: int) -> bool:
    text = (folder / "up.log").read_text(errors="replace")
    return (folder / RUNTIME_FILE).is_file() and len(text.split("Ctrl-C —")) > min(said, 1)


def _wait(reached: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while not reached():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_success(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _command_line(pid: int) -> list[str]:
    try:
        return [part.decode(errors="replace") for part in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    except OSError:
        return []


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, fresh = list[int](), {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh}
        found += sorted(fresh)
    return found
