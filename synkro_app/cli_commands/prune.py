"""`synkro prune`: Dagster's old runs and their events; the installation's own journal stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

FEWEST_DAYS = 14
TELL_EVERY = 500


@click.command()
@click.option("--days", type=click.IntRange(FEWEST_DAYS), default=90, show_default=True, help="Keep runs this new.")
def prune(days: int) -> None:
    """Remove Dagster's finished runs older than so many days; those that show a day as loaded stay."""
    from synkro_app.cli_commands.erase import dagster_instance
    from synkro_app.operations.old_runs import Pruned, prune_runs
    from synkro_resources.settings import Settings

    def tell(so_far: Pruned) -> None:
        if (so_far.removed + so_far.kept) % TELL_EVERY == 0:
            click.echo(f"· {so_far.removed} removed, {so_far.kept} kept")

    with dagster_instance(Settings.load(), False) as instance:
        if instance is None:
            raise click.UsageError("this machine has no Dagster")
        # Dagster's rows bear the machine's time, whatever the installation's clock says.
        done = prune_runs(instance, datetime.now(UTC) - timedelta(days=days), on_run=tell)
    click.echo(f"{done.removed} runs removed; {done.kept} old ones stay, because they show a partition as loaded.")
