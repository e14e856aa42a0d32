"""`synkro radist webhook`: Radist tells Synkro at once that something happened, so that a refresh need not wait."""

from __future__ import annotations

import click

from synkro_app.cli_commands.inputs import control

ACTOR = "cli"


@click.group()
def radist() -> None:
    """What Radist is asked for beside reading."""


@radist.command("webhook")
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.argument("action", type=click.Choice(["on", "off", "show"]))
def webhook(slug: str, action: str) -> None:
    """Subscribe to new messages of every messenger connection (on), end that (off), or show it.

    Radist must be able to reach SYNKRO_PUBLIC_URL. The key needs the scopes «connections» and «webhooks».
    """
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.platform import Platform
    from synkro_resources.radist.webhook_switch import check_public_url, webhook_switch

    with control() as (settings, db):
        if action == "on":
            check_public_url(settings)
        platform = Platform(settings, db, Keyring.from_settings(settings), settings.present)
        with webhook_switch(platform, slug, actor=ACTOR) as switch:
            if action == "on":
                switch.switch_on()
            elif action == "off":
                switch.switch_off()
            known = switch.known()
    if not known:
        click.echo(f"{slug}: no webhooks (вебхуков нет)")
    for hook, is_on in known:
        last = hook.last_event_at.isoformat(timespec="seconds") if hook.last_event_at else "-"
        state = "on" if is_on else "unknown to Radist (Radist его не знает)"
        click.echo(f"connection {hook.connection_id:<12}{state:<9}last event {last}")
