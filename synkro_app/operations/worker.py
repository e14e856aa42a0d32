"""`synkro worker`: a process that executes runs, beside `synkro up` or on another machine (docs/scaling.md)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from synkro_resources.model.errors import ConfigurationError, Sentence

if TYPE_CHECKING:
    from synkro_resources.settings import Settings

MODULE = "synkro_assets.worker"


def worker_arguments(processes: int, drain_s: int) -> list[str]:
    """The command line of a worker's process."""
    return [sys.executable, "-m", MODULE, "--processes", str(processes), "--drain-s", str(drain_s)]


def refuse_without_redis(settings: Settings) -> None:
    """Raises `ConfigurationError` `settings.no_redis` where runs are to go to workers and nothing says how."""
    if settings.run_launcher == "celery" and not settings.redis_url.get_secret_value():
        raise ConfigurationError(
            "settings.no_redis",
            Sentence(
                "SYNKRO_RUN_LAUNCHER=celery, но SYNKRO_REDIS_URL не задан.",
                "SYNKRO_RUN_LAUNCHER=celery, but SYNKRO_REDIS_URL is not set.",
            ),
            Sentence(
                "Задайте адрес Redis (redis://…) или вернитесь к SYNKRO_RUN_LAUNCHER=default.",
                "Set the address of Redis (redis://…), or go back to SYNKRO_RUN_LAUNCHER=default.",
            ),
        )


@click.command()
@click.option("--processes", type=click.IntRange(1), help="Runs at the same time. Default: SYNKRO_WORKER_PROCESSES.")
def worker(processes: int | None) -> None:
    """Execute runs until SIGTERM or Ctrl-C; those at work are finished, no new ones are taken."""
    from synkro_app.operations.dagster_home import PROJECT_DIR, prepare_dagster_home
    from synkro_app.operations.environment import process_environment
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.settings import RUNTIME_FILE, Settings

    settings = Settings.load()
    home = (settings.state_dir / "dagster_home").resolve()
    _refuse_if_incomplete(settings)
    Keyring.from_settings(settings)  # refuses here, in words, and not in the first run
    if not (settings.state_dir / RUNTIME_FILE).is_file():  # no `synkro up` on this machine has written it
        prepare_dagster_home(home, settings)
    arguments = worker_arguments(processes or settings.worker_processes or 1, settings.worker_drain_s)
    environment = process_environment(settings, home)
    os.chdir(PROJECT_DIR)
    os.execve(sys.executable, arguments, environment)  # signals then reach the worker itself


def _refuse_if_incomplete(settings: Settings) -> None:
    """A worker must write what the rest of the installation reads.

    Raises:
        ConfigurationError: `worker.not_celery`, `settings.no_redis`, `worker.incomplete`, or no database is known.
    """
    if settings.run_launcher != "celery":
        raise ConfigurationError(
            "worker.not_celery",
            Sentence("Эта установка работает без воркеров.", "This installation works without workers."),
            Sentence(
                "Задайте SYNKRO_RUN_LAUNCHER=celery и здесь, и для `synkro up`.",
                "Set SYNKRO_RUN_LAUNCHER=celery here and for `synkro up`.",
            ),
        )
    refuse_without_redis(settings)
    missing = [
        f"SYNKRO_{name.upper()}"
        for name, value in (
            ("dagster_database_url", settings.dagster_database_url.get_secret_value()),
            ("history_start", settings.history_start),
            ("lake_url", settings.lake_url),
        )
        if not value
    ]
    if missing or not settings.control_url:
        raise ConfigurationError(
            "worker.incomplete",
            Sentence(f"Воркеру не хватает настроек: {', '.join(missing)}.", f"A worker needs {', '.join(missing)}."),
            Sentence(
                "Возьмите те же значения, с которыми запущен `synkro up`; папка озера должна быть общей.",
                "Take the values that `synkro up` runs with; the lake must be one that both see.",
            ),
        )
