"""Everything that one installation needs on one machine, started in order, watched, and stopped in order."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pydantic import SecretStr

from synkro_app.operations import dagster_home
from synkro_app.operations.backups.unfinished import refuse_unfinished_restore
from synkro_app.operations.databases import Databases
from synkro_app.operations.environment import plain_settings, process_environment
from synkro_app.operations.history_start import fixed_history_start
from synkro_app.operations.liveness import DaemonBeats, newest_beat, says_ok, serves_grpc
from synkro_app.operations.ports import LOOPBACK, free_port
from synkro_app.operations.runtime import StateFolderLock, remove_runtime, write_runtime
from synkro_app.operations.supervisor import Program, Supervisor
from synkro_app.operations.worker import refuse_without_redis, worker_arguments
from synkro_resources.child_process import dies_with_parent
from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.settings import Settings

log = logging.getLogger(__name__)

SANDBOX, CODE_SERVER, DAEMON, WEBSERVER, CABINET = "sandbox", "code-server", "daemon", "webserver", "cabinet"
TELEGRAM, WATCH, WORKER = "telegram", "watch", "worker"
WORKER_DRAIN_S = 5  # of the whole installation's stop; a worker of its own gives its runs SYNKRO_WORKER_DRAIN_S
READY_LIMIT_S = 300.0  # measured: 10 s on two idle cores; over 120 s with seven other programs at work on them
SUPABASE_DEMO = "supabase_demo"


@dataclass(frozen=True, slots=True)
class SandboxWorld:
    """The invented vendors to start beside the product: the same seed and first day give the same ids again."""

    seed: int
    first_day: date
    end: datetime


class Stack:
    """Starts and watches an installation. Use it from the main thread; `tick` must be called about once a second."""

    def __init__(
        self, *, sandbox: SandboxWorld | None = None, say: Callable[[Sentence], None] = lambda _sentence: None
    ) -> None:
        self._sandbox = sandbox
        self._say = say
        self.settings = Settings.load()
        self._state_dir = self.settings.state_dir.resolve()
        self._lock = StateFolderLock(self._state_dir)
        self._supervisor = Supervisor(self._state_dir)
        self._databases: Databases | None = None
        self._dagster_migration: subprocess.Popen[bytes] | None = None

    @property
    def sandbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.sandbox_port}"

    @property
    def logs(self) -> Path:
        return self._state_dir / "logs"

    @property
    def databases(self) -> Databases:
        """Raises RuntimeError before `start`."""
        if self._databases is None:
            raise RuntimeError("the stack is not started")
        return self._databases

    def start(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Start everything and wait until it answers.

        Args:
            meanwhile: called once databases and sandbox answer, while Dagster and the cabinet are still starting.

        Raises:
            SynkroError: what failed, with the place of its log; everything started before is stopped again.
        """
        self._lock.take()
        try:
            self._start(meanwhile)
        except BaseException:
            self.stop()
            raise

    def tick(self) -> None:
        """Look after server and processes once."""
        self.databases.tick()
        self._supervisor.tick()

    def restart_code_server(self) -> None:
        """Load the assets anew; webserver and daemon notice by themselves. The old server is gone before the new
        one starts: gRPC would let both listen on one port, and runs would see old and new definitions in turn.
        """
        self._supervisor.stop(CODE_SERVER)
        self._supervisor.start(self._code_server_program())

    def stop(self) -> None:
        """Stop everything, last started first, and forget the addresses. A refused start has nothing to stop."""
        if not self._lock.held:
            return
        self._supervisor.stop()
        if self._dagster_migration is not None and self._dagster_migration.poll() is None:
            self._dagster_migration.terminate()
            self._dagster_migration.wait()
        if self._databases is not None:
            self._databases.stop()
        remove_runtime(self._state_dir)
        self._lock.release()

    def _start(self, meanwhile: Callable[[], None]) -> None:
        refuse_unfinished_restore(self._state_dir)
        self._supervisor.end_leftovers()
        remove_runtime(self._state_dir)  # of a killed start: its addresses must not be taken for settings
        self.settings = Settings.load(state_dir=self._state_dir)
        refuse_without_redis(self.settings)
        self._say(Sentence("База данных", "Database"))
        self._databases = Databases(self.settings)
        self._databases.start()
        self.settings = self._with_addresses(self._databases)
        dagster_home.prepare_dagster_home(self._dagster_home, self.settings)
        self._dagster_migration = self._start_dagster_migration()
        self._migrate()
        write_runtime(self._state_dir, plain_settings(self.settings), self._addresses())
        if self._sandbox is not None:
            self._say(Sentence("Придуманные amoCRM, Radist, Telegram и ИИ", "Invented amoCRM, Radist, Telegram and AI"))
            self._supervisor.start(self._sandbox_program(self._sandbox, self._databases))
        self._say(Sentence("Конвейер данных (Dagster)", "Data pipeline (Dagster)"))
        self._finish_dagster_migration(self._dagster_migration)
        self._supervisor.start(self._code_server_program())
        if self._sandbox is not None:
            self._supervisor.wait_ready(SANDBOX)
        meanwhile()
        self._supervisor.wait_ready(CODE_SERVER)
        if self.settings.run_launcher == "celery" and self.settings.worker_processes:
            self._supervisor.start(self._worker_program())
        self._supervisor.start(self._daemon_program())
        self._supervisor.start(self._webserver_program())
        self._say(Sentence("Кабинет", "Cabinet"))
        self._supervisor.start(self._cabinet_program())
        self._supervisor.start(self._program(TELEGRAM, [sys.executable, "-m", "synkro_app.telegram_updates"]))
        if self.settings.has_operators_chat:
            self._supervisor.start(self._program(WATCH, [sys.executable, "-m", "synkro_app.alerts.watch"]))
        self._supervisor.wait_ready(DAEMON, WEBSERVER, CABINET)

    # ---- settings, environment, addresses ----

    def _with_addresses(self, databases: Databases) -> Settings:
        """The settings with everything that was found out now: database addresses, free ports, first day."""
        given = self.settings
        ports: dict[str, int] = {}
        hosts = {"cabinet_port": given.cabinet_host}
        wanted = {
            "cabinet_port": given.cabinet_port,
            "dagster_port": given.dagster_port,
            "code_server_port": given.code_server_port,
            **({"sandbox_port": given.sandbox_port} if self._sandbox else {}),
        }
        for name, preferred in wanted.items():
            ports[name] = free_port(preferred, hosts.get(name, LOOPBACK), taken=set(ports.values()))
            if ports[name] != preferred:
                log.warning("port %s is taken, %s is used for %s", preferred, ports[name], name.removesuffix("_port"))
        return given.model_copy(
            update={
                **ports,
                "database_url": SecretStr(databases.control),
                "dagster_database_url": SecretStr(databases.dagster),
                "lake_url": given.lake_root,
                "history_start": fixed_history_start(given),
                "dagster_url": f"http://{LOOPBACK}:{ports['dagster_port']}{dagster_home.PATH_PREFIX}",
            }
        )

    def _addresses(self) -> dict[str, str]:
        sandbox = {"sandbox": self.sandbox_url} if self._sandbox else {}
        return {"cabinet": self.settings.cabinet_url, "dagster": self.settings.dagster_url, **sandbox}

    @property
    def _dagster_home(self) -> Path:
        return self._state_dir / "dagster_home"

    @property
    def environment(self) -> dict[str, str]:
        """What every child process gets."""
        return process_environment(self.settings, self._dagster_home)

    # ---- databases ----

    def _migrate(self) -> None:
        from synkro_app.operations.keys import keys_at_start
        from synkro_resources.control.migrate import migrate

        keys_at_start(self.settings, self.databases.control)  # here once, before several processes would want to
        for revision in migrate(self.databases.control):
            log.info("control database: revision %s applied", revision)

    def _start_dagster_migration(self) -> subprocess.Popen[bytes]:
        """Begin to bring Dagster's tables to this version. Its three processes would all try, and break each other."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / "dagster-migrate.log").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "dagster", "instance", "migrate"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )

    def _finish_dagster_migration(self, migration: subprocess.Popen[bytes]) -> None:
        if migration.wait() != 0:
            raise ConfigurationError(
                "dagster.cannot_migrate",
                Sentence("Не удалось подготовить базу Dagster.", "Dagster's database could not be prepared."),
                Sentence(
                    f"Журнал: {self.logs / 'dagster-migrate.log'}", f"The log: {self.logs / 'dagster-migrate.log'}"
                ),
            )

    # ---- programs ----

    def _program(self, name: str, arguments: list[str], works: Callable[[], bool] | None = None) -> Program:
        """A program that is ready once it works."""
        return Program(name, arguments, self.environment, works or (lambda: True), READY_LIMIT_S, works)

    def _sandbox_program(self, world: SandboxWorld, databases: Databases) -> Program:
        arguments = [
            *(sys.executable, "-m", "synkro_resources.sandbox.server"),
            *("--port", str(self.settings.sandbox_port), "--state", str(self._state_dir / "sandbox")),
            *("--seed", str(world.seed), "--end", world.end.isoformat(), "--first-day", world.first_day.isoformat()),
        ]
        # By environment, because everybody on the machine can read command lines.
        environment = {**self.environment, "SYNKRO_SANDBOX_SUPABASE_DATABASE": databases.create(SUPABASE_DEMO)}
        ready_url = f"{self.sandbox_url}/control/ready"
        return Program(SANDBOX, arguments, environment, lambda: says_ok(ready_url), READY_LIMIT_S)

    def _code_server_program(self) -> Program:
        port = self.settings.code_server_port
        return self._program(CODE_SERVER, dagster_home.code_server(port), lambda: serves_grpc(port, LOOPBACK))

    def _workspace(self) -> Path:
        path = self._dagster_home / "workspace.yaml"
        return dagster_home.write_workspace(path, code_server_port=self.settings.code_server_port)

    def _daemon_program(self) -> Program:
        arguments, storage = dagster_home.daemon(self._workspace()), self.databases.dagster
        beats = DaemonBeats(lambda: newest_beat(storage))
        return Program(DAEMON, arguments, self.environment, ready_within_s=READY_LIMIT_S, works=beats)

    def _worker_program(self) -> Program:
        return self._program(WORKER, worker_arguments(self.settings.worker_processes, WORKER_DRAIN_S))

    def _webserver_program(self) -> Program:
        arguments = dagster_home.webserver(self._workspace(), self.settings.dagster_port)
        return self._program(WEBSERVER, arguments, lambda: says_ok(f"{self.settings.dagster_url}/server_info"))

    def _cabinet_program(self) -> Program:
        host = LOOPBACK if self.settings.cabinet_host == "0.0.0.0" else self.settings.cabinet_host  # noqa: S104  # nosec B104  # compared
        url = f"http://{host}:{self.settings.cabinet_port}/healthz"
        return self._program(CABINET, [sys.executable, "-m", "synkro_app.server"], lambda: says_ok(url))
