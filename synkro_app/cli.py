"""The `synkro` command: its root, its global options, and how a failure is shown; sub-commands live elsewhere."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import click

DEMO_STATE_DIR = Path(".synkro/demo")

# name -> (module:attribute, one line of help). Modules are imported when their command is used: `synkro --help` must
# not wait for Dagster, pandas or SQLAlchemy.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("synkro_app.cli_commands.init:init", "Prepare a server: keys, settings, systemd units, nginx."),
    "up": ("synkro_app.operations.commands:up", "Start everything and keep it running until Ctrl-C."),
    "demo": ("synkro_app.operations.commands:demo", "Start everything with an invented company and show a report."),
    "dagster": ("synkro_app.operations.commands:dagster", "Dagster with reload, for people who work on assets."),
    "worker": ("synkro_app.operations.worker:worker", "Execute runs, here or on another machine, until SIGTERM."),
    "run": ("synkro_app.cli_commands.run:run", "Load data or make a report for one tenant."),
    "supabase": ("synkro_app.cli_commands.supabase:supabase", "SQL, set-up and comparison of the client's database."),
    "dialog": ("synkro_app.cli_commands.dialogs:dialog", "Link dialogs to contacts by hand, review flagged ones."),
    "backfill": ("synkro_app.cli_commands.backfill:backfill", "Load a period for many tenants."),
    "schedule": ("synkro_app.cli_commands.schedule:schedule", "Reports by schedule: set, pause, what comes next."),
    "requests": ("synkro_app.cli_commands.requests:requests", "What was asked for; cancel it or try again."),
    "plan": ("synkro_app.cli_commands.plan:plan", "What plans allow, and which one a tenant is on."),
    "usage": ("synkro_app.cli_commands.plan:usage", "What a tenant used of its plan this month and before."),
    "service": ("synkro_app.cli_commands.service:service", "What is sold beside the plan; the managed queue."),
    "status": ("synkro_app.cli_commands.status:status", "Age of the data and failed checks, with what to do."),
    "alerts": ("synkro_app.cli_commands.alerts:alerts", "What operators are told of, and a test of their chat."),
    "lake": ("synkro_app.cli_commands.lake:lake", "Build a tenant's tables of what is in force anew."),
    "backup": ("synkro_app.cli_commands.backup:backup", "Save databases and lake into one sealed file."),
    "restore": ("synkro_app.cli_commands.backup:restore", "Bring an installation back from a backup."),
    "prune": ("synkro_app.cli_commands.prune:prune", "Remove Dagster's old runs and their events."),
    "migrate": ("synkro_app.cli_commands.admin:migrate", "Bring the control database to this version's schema."),
    "tenant": ("synkro_app.cli_commands.admin:tenant", "Add, list, suspend, export or erase tenants."),
    "person": ("synkro_app.cli_commands.erase:person", "Erase one person of a tenant."),
    "user": ("synkro_app.cli_commands.admin:user", "Add people, change roles and passwords."),
    "secrets": ("synkro_app.cli_commands.keys:secrets", "Keys of the secrets at rest."),
    "radist": ("synkro_app.cli_commands.radist:radist", "Switch Radist's webhooks on or off."),
    "telegram": ("synkro_app.cli_commands.telegram:telegram", "Link Telegram chats by a code and confirm them."),
    "email": ("synkro_app.cli_commands.email:email", "Addresses for reports, confirmed by a mailed code."),
    "delivery": ("synkro_app.cli_commands.delivery:delivery", "Decide about message parts that may have arrived."),
    "analysis": ("synkro_app.cli_commands.analysis:analysis", "Usage, price and limits of the labels of dialogs."),
    "rubric": ("synkro_app.cli_commands.rubric:rubric", "The checklist: look, edit, try on stored dialogs, apply."),
    "evaluate": ("synkro_app.cli_commands.evaluate:evaluate", "How good a model's labels of dialogs are."),
    "integration": ("synkro_app.cli_commands.admin:integration", "Set, show or check a tenant's integrations."),
}


class Problem(click.ClickException):
    """A failure in words for people, in both languages; never a traceback."""

    def __init__(self, russian: str, english: str) -> None:
        super().__init__(english)
        self.russian = russian

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Ошибка: {self.russian}", file=file, err=file is None)
        click.echo(f"Error:  {self.message}", file=file, err=file is None)


class LazyGroup(click.Group):
    """A group that knows the names and help lines of its commands and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: object = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            from synkro_resources.model.errors import SynkroError

            if isinstance(error, SynkroError):
                raise Problem(f"{error.what.ru} {error.remedy.ru}", f"{error.what.en} {error.remedy.en}") from error
            raise


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--state-dir", type=click.Path(path_type=Path), help="State folder instead of SYNKRO_STATE_DIR.")
@click.option("--demo", "in_demo", is_flag=True, help=f"Work with the running demo (state folder {DEMO_STATE_DIR}).")
@click.pass_context
def main(ctx: click.Context, state_dir: Path | None, in_demo: bool) -> None:
    """Synkro: reports on sales dialogs. Every command reads the settings SYNKRO_* from the environment."""
    ctx.obj = state_dir
    if in_demo:
        enter_demo(state_dir)
    elif state_dir is not None:
        os.environ["SYNKRO_STATE_DIR"] = str(state_dir)


def enter_demo(state_dir: Path | None = None) -> None:
    """Point this process's settings at the demo: its own state folder, sandbox addresses allowed."""
    os.environ["SYNKRO_STATE_DIR"] = str(state_dir or DEMO_STATE_DIR)
    os.environ["SYNKRO_ALLOW_SANDBOX"] = "1"


if __name__ == "__main__":
    main(prog_name="synkro")
