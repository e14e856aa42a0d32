"""Dagster's side of the workers: a launcher that hands whole runs to Celery, and the Celery settings both sides share.

`dagster-celery` brings the task and the launcher. What is added here keeps the launcher's faults away from requests: a
run is handed over only while a worker listens, otherwise it stays in Dagster's queue; a stop by an operator ends as
cancelled; and whether a run lives is told by its heartbeat alone, as with the default launcher (docs/architecture.md,
«Runs»).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import dagster as dg
from celery import Celery
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import LaunchRunContext
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.make_app import make_app
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from kombu.exceptions import OperationalError

QUEUE = "dagster"  # the one that dagster-celery declares
ANSWER_WITHIN_S = 3.0
"""How long a worker may take to say that it is there; the first answer ends the wait, usually after milliseconds."""


def celery_arguments(redis_url: str, cell: str) -> dict[str, Any]:
    """Arguments of `make_app` for sender and worker. Cells may share one Redis: every key carries the cell's name.

    A worker takes a run only when a process is free, so that Dagster's queue keeps the order of priorities. A message
    is acknowledged when its run begins: a run whose worker dies is started again by the saga, never by Redis.
    """
    mine = {"global_keyprefix": f"synkro:{cell}:"}
    return {
        "broker": redis_url,
        "backend": redis_url,
        "task_default_queue": QUEUE,
        "config_source": {
            "broker_transport_options": {**mine, "max_retries": 3, "interval_max": 0.5, "socket_timeout": 30},
            "result_backend_transport_options": mine,
            "broker_connection_retry_on_startup": True,
            "task_acks_late": False,
            "worker_prefetch_multiplier": 1,
            "worker_disable_prefetch": True,
            "worker_cancel_long_running_tasks_on_connection_loss": False,
            "worker_hijack_root_logger": False,
            "worker_redirect_stdouts": False,
            "worker_send_task_events": False,
        },
    }


def celery_app(redis_url: str, cell: str) -> Celery:
    """The application of a cell without tasks; the worker adds the one that executes a run."""
    return make_app(celery_arguments(redis_url, cell))


class WorkerRunLauncher(CeleryRunLauncher):
    """`run_launcher: {module: synkro_resources.run_launcher, class: WorkerRunLauncher}` in dagster.yaml."""

    def __init__(self, redis_url: str, cell: str, inst_data: ConfigurableClassData | None = None) -> None:
        arguments = celery_arguments(redis_url, cell)
        super().__init__(
            default_queue=QUEUE,
            broker=arguments["broker"],
            backend=arguments["backend"],
            config_source=arguments["config_source"],
            inst_data=inst_data,
        )

    @classmethod
    def config_type(cls) -> Any:
        return {"redis_url": dg.StringSource, "cell": dg.StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> WorkerRunLauncher:
        return cls(str(config_value["redis_url"]), str(config_value["cell"]), inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Hand the run to the workers.

        Raises:
            DagsterUserCodeUnreachableError: no worker listens, or Redis does not answer. The queue takes the run back
                and tries again (`max_user_code_failure_retries`): an outage uses no attempt of a request up.
        """
        try:
            if not self._somebody_listens():
                raise DagsterUserCodeUnreachableError("no worker listens; start one with `synkro worker`")
            super().launch_run(context)
        except (OperationalError, OSError) as error:
            raise DagsterUserCodeUnreachableError(f"Redis does not answer ({type(error).__name__})") from None

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run that an operator stops. It is marked first: the library does not, and its run then fails."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        self.celery.AsyncResult(run.tags[DAGSTER_CELERY_TASK_ID_TAG]).revoke(terminate=True)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """No: Celery calls a run alive whose machine is gone, and unknown one that works while Redis restarted."""
        return False

    @property
    def supports_resume_run(self) -> bool:
        return False

    def _somebody_listens(self) -> bool:
        control = cast(Any, self.celery.control)
        return bool(control.ping(timeout=ANSWER_WITHIN_S, limit=1))
