"""`synkro secrets`: the keys of the secrets at rest."""

from __future__ import annotations

import sys

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"
EXIT_UNREADABLE = 1


@click.group()
def secrets() -> None:
    """Keys of the secrets at rest."""


@secrets.command("new")
def secrets_new() -> None:
    """Make a key file where the old one is lost for good; whatever it sealed must be entered again.

    A key file or SYNKRO_SECRET_KEYS that exist are left as they are.
    """
    from synkro_resources.control.keyring import KEY_FILE, Keyring
    from synkro_resources.settings import Settings

    settings = Settings.load()
    if settings.secret_keys.get_secret_value().strip() or (settings.state_dir / KEY_FILE).exists():
        raise click.UsageError("there are keys already: use `synkro secrets rotate`")
    keyring = Keyring.from_settings(settings)
    click.echo(f"{keyring.file}: {keyring.newest}. Next: synkro up, then synkro secrets rotate names what is lost.")


@secrets.command("rotate")
def secrets_rotate() -> None:
    """Seal all secrets with the newest key.

    A key file of ours gets a new key first; keys of SYNKRO_SECRET_KEYS are taken as they are, newest first.
    """
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.control.rotation import rotate

    with control() as (settings, db):
        keyring = Keyring.from_settings(settings)
        if keyring.file is not None:
            keyring.add_new_key()
        rotation = rotate(db, keyring, actor=ACTOR)
    click.echo(f"{rotation.sealed} secrets sealed with the key {keyring.newest}; older keys still open backups.")
    for place in rotation.unreadable:
        click.echo(f"Cannot be opened, enter it again: {place} (не открывается, введите заново)", err=True)
    if rotation.unreadable:
        sys.exit(EXIT_UNREADABLE)
