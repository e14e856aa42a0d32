"""`synkro backup` and `synkro restore`: one sealed file with both databases and the lake, and the way back."""

from __future__ import annotations

from pathlib import Path

import click

from synkro_app.operations.foreground import say_step

MIB = 1024**2
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--to", "folder", type=FOLDER, required=True, help="Folder for backups, best on another disk.")
@click.option("--keep", type=click.IntRange(1), help="Then remove all but so many newest backups of this folder.")
@click.option("--verify", is_flag=True, help="Read the new backup once more, every byte, before old ones go.")
def backup(folder: Path, keep: int | None, verify: bool) -> None:
    """Save both databases and the lake into one sealed file, while everything works.

    The keys that open it are not in it: keep secret.keys (or SYNKRO_SECRET_KEYS) in another place.
    """
    from synkro_app.operations.backups.making import installation, make_backup, verify_backup
    from synkro_app.operations.backups.shelf import Shelf
    from synkro_resources.settings import Settings

    settings, shelf = Settings.load(), Shelf(folder)
    with installation(settings) as place:
        made = make_backup(place, shelf, settings.present, say_step)
        if verify:
            verify_backup(made.path, place.keyring)
            click.echo("· Копия прочитана целиком / The backup was read as a whole")
        removed = shelf.keep_last(keep) if keep else []
        key = place.keyring.newest
    click.echo(f"{made.path}: {made.counts.entries} entries, {made.path.stat().st_size / MIB:.1f} MiB, key {key}")
    for path in removed:
        click.echo(f"Удалена старая копия / Removed the old backup: {path.name}")


@click.command()
@click.argument("file", type=FILE)
@click.option("--check", is_flag=True, help="Only prove that the backup is whole and that the keys here open it.")
def restore(file: Path, check: bool) -> None:
    """Bring an installation back from a backup, into an empty state folder and empty databases.

    The keys come first: put that installation's secret.keys into the state folder, or set SYNKRO_SECRET_KEYS.
    An interrupted restore is completed by the same command.
    """
    from synkro_app.operations.backups.making import verify_backup
    from synkro_app.operations.backups.restoring import restore_backup
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.settings import Settings

    settings = Settings.load()
    if check:
        facts, counts = verify_backup(file, Keyring.from_settings(settings, generate=False))
        click.echo(f"Whole: {counts.entries} entries, {counts.bytes / MIB:.1f} MiB, schema {facts.revision}.")
        return
    restored = restore_backup(file, settings, say_step)
    settled = restored.settled
    click.echo(f"Restored {restored.counts.entries} entries, {restored.counts.bytes / MIB:.1f} MiB.")
    click.echo(
        f"Under way at the backup: {settled.cancelled} requests cancelled, {settled.uncertain} messages to decide "
        f"about (synkro delivery list), {settled.stale_days} days will be derived again."
    )
    click.echo("Дальше: synkro up; повторите удаления, сделанные после копии (docs/runbook.md).")
    click.echo("Next: synkro up; repeat the erasures that were made after the backup (docs/runbook.md).")
