"""The commands that start things: `synkro up`, `synkro demo`, `synkro dagster`."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import click

from synkro_app.operations.foreground import TICK_S, say_step, stopped_in_the_end

RELOAD_LOOK_S = 1.0


@click.command()
def up() -> None:
    """Start everything with the settings SYNKRO_* and keep it running until Ctrl-C."""
    from synkro_app.operations.stack import Stack

    _log_to_terminal()
    stack = Stack(say=say_step)
    with stopped_in_the_end(stack):
        stack.start()
        click.echo(f"\nКабинет / Cabinet: {stack.settings.cabinet_url}")
        click.echo(f"Dagster (loopback): {stack.settings.dagster_url}")
        click.echo("Ctrl-C — остановить / to stop")
        while True:
            stack.tick()
            time.sleep(TICK_S)


@click.command()
@click.option("--exit", "exit_when_done", is_flag=True, help="Check that the report arrived and exit (DEMO_EXIT=1).")
@click.pass_obj
def demo(state_dir: Path | None, exit_when_done: bool) -> None:
    """Start everything with an invented company, load 14 days and deliver yesterday's report."""
    from synkro_app.cli import enter_demo
    from synkro_app.operations.demo import run_demo

    enter_demo(state_dir)
    _log_to_terminal()
    run_demo(exit_when_done=exit_when_done or os.environ.get("DEMO_EXIT") == "1")


@click.command()
@click.option("--real", is_flag=True, help="With the settings SYNKRO_* instead of the demo's invented company.")
@click.pass_obj
def dagster(state_dir: Path | None, real: bool) -> None:
    """Start everything and load the assets anew whenever a source file changes."""
    from synkro_app.cli import enter_demo
    from synkro_app.operations.dagster_home import PROJECT_DIR
    from synkro_app.operations.demo import demo_stack, prepare_demo
    from synkro_app.operations.reload import SourceWatch
    from synkro_app.operations.stack import Stack

    if not real:
        enter_demo(state_dir)
    _log_to_terminal()
    stack = Stack(say=say_step) if real else demo_stack(say_step)
    with stopped_in_the_end(stack):
        stack.start()
        if not real:
            prepare_demo(stack)
        click.echo(f"\nDagster: {stack.settings.dagster_url}    Кабинет / Cabinet: {stack.settings.cabinet_url}")
        watch = SourceWatch([PROJECT_DIR / "synkro_assets", PROJECT_DIR / "synkro_resources"])
        while True:
            stack.tick()
            if watch.changed():
                click.echo("· Код изменился, загружаю заново / Source changed, loading it anew")
                stack.restart_code_server()
            time.sleep(RELOAD_LOOK_S)


def _log_to_terminal() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
