"""`synkro alerts`: what the platform's operators are told of, and whether their chat can be reached."""

from __future__ import annotations

import sys
from datetime import UTC

import click


@click.group()
def alerts() -> None:
    """Alerts to the operators' chat."""


@alerts.command("list")
def list_open() -> None:
    """What the watch has found and is not over, oldest first."""
    from synkro_app.alerts import incidents
    from synkro_app.alerts.watch import FILE
    from synkro_resources.settings import Settings

    settings = Settings.load()
    if not settings.has_operators_chat:
        click.echo("Alerts are off: set SYNKRO_OPERATORS_CHAT and SYNKRO_OPERATORS_BOT_TOKEN, then synkro up")
    found = incidents.load(settings.state_dir / FILE).by_key.values()
    for one in sorted(found, key=lambda item: item.began_at):
        state = "told" if one.told_at else "seen"
        click.echo(f"{one.began_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {state}  {one.trouble.key}")
        for sentence in (one.trouble.what, one.trouble.remedy):
            if sentence.en:
                click.echo(f"    {sentence.ru}\n    {sentence.en}")


@alerts.command("test")
def send_test() -> None:
    """Send one message to the operators' chat; exit code 1 if it did not surely arrive."""
    from synkro_app.alerts.watch import open_operators_bot
    from synkro_app.cli import Problem
    from synkro_resources.channels import Message
    from synkro_resources.settings import Settings

    settings = Settings.load()
    if not settings.has_operators_chat:
        raise Problem(
            "Не заданы SYNKRO_OPERATORS_CHAT и SYNKRO_OPERATORS_BOT_TOKEN.",
            "SYNKRO_OPERATORS_CHAT and SYNKRO_OPERATORS_BOT_TOKEN are not set.",
        )
    text = {"ru": "проверка связи", "en": "a test message"}[settings.operators_language]
    said = f"Synkro, {settings.cell}: {text}"
    channel = open_operators_bot(settings)
    try:
        outcome = channel.send(settings.operators_chat, None, Message(said, said))
    finally:
        channel.close()
    click.echo(f"{outcome.kind} {outcome.code}".rstrip())
    if outcome.kind != "sent":
        sys.exit(1)
