"""`synkro radist webhook`: Radist tells Synkro at once that something happened, so that a refresh need not wait."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from collections.abc import Iterable

    from synkro_resources.control.database import Database
    from synkro_resources.control.webhooks import Webhook
    from synkro_resources.http.jsonvalues import JsonObject
    from synkro_resources.model.clock import Clock
    from synkro_resources.radist import RadistClient
    from synkro_resources.radist.subscriptions import RadistSubscriptions
    from synkro_resources.settings import Settings

ACTOR = "cli"
SECRET_BYTES = 32


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
    from synkro_resources.model.ids import IntegrationKind
    from synkro_resources.platform import Platform
    from synkro_resources.radist.resource import open_radist
    from synkro_resources.radist.subscriptions import RadistSubscriptions

    with control() as (settings, db):
        if action == "on":
            _check_public_url(settings)
        platform = Platform(settings, db, Keyring.from_settings(settings), settings.present)
        connection = platform.connection(slug, IntegrationKind.RADIST)
        base_url, key = connection.text("base_url"), connection.secret("api_key")
        sandbox = settings.allow_sandbox
        with (
            open_radist(platform, slug, connection) as client,
            RadistSubscriptions(base_url, key, client.company_id, tenant=slug, allow_sandbox=sandbox) as subscriptions,
        ):
            desk = _Desk(db, settings, slug, client, subscriptions)
            if action == "on":
                desk.switch_on()
            elif action == "off":
                desk.switch_off()
            desk.show()


class _Desk:
    """One tenant's subscriptions, here and at Radist."""

    def __init__(
        self, db: Database, settings: Settings, tenant: str, client: RadistClient, subscriptions: RadistSubscriptions
    ) -> None:
        self._db = db
        self._clock: Clock = settings.present
        self._tenant = tenant
        self._client = client
        self._subscriptions = subscriptions
        self._prefix = f"{settings.cabinet_url}/hooks/radist/{tenant}."

    def switch_on(self) -> None:
        """Subscribe the connections that have no subscription; what an interrupted attempt left is removed first."""
        from synkro_resources.control.webhooks import add_webhook, name_webhook, remove_webhook

        remote = self._remote()
        kept = self._stored_and_alive(remote)
        self._end(hook for hook in remote if hook not in {known.webhook_id for known in kept.values()})
        for connection in self._client.connections():
            connection_id = int(str(connection["id"]))
            if connection_id in kept:
                continue
            secret = secrets.token_urlsafe(SECRET_BYTES)
            added = add_webhook(self._db, self._tenant, secret, connection_id, actor=ACTOR, clock=self._clock)
            try:
                webhook_id = self._subscriptions.subscribe(connection_id, self._prefix + secret)
            except BaseException:
                remove_webhook(self._db, self._tenant, added.path_hash, actor=ACTOR, clock=self._clock)
                raise
            name_webhook(self._db, self._tenant, added.path_hash, webhook_id or self._id_by_url(self._prefix + secret))

    def switch_off(self) -> None:
        """End every subscription of this tenant at Radist, then forget its addresses."""
        from synkro_resources.control.webhooks import list_webhooks, remove_webhook

        stored = list_webhooks(self._db, self._tenant)
        self._end({*self._remote(), *(hook.webhook_id for hook in stored if hook.webhook_id)})
        for hook in stored:
            remove_webhook(self._db, self._tenant, hook.path_hash, actor=ACTOR, clock=self._clock)

    def show(self) -> None:
        from synkro_resources.control.webhooks import list_webhooks

        stored, remote = list_webhooks(self._db, self._tenant), self._remote()
        if not stored:
            click.echo(f"{self._tenant}: no webhooks (вебхуков нет)")
        for hook in stored:
            last = hook.last_event_at.isoformat(timespec="seconds") if hook.last_event_at else "-"
            state = "on" if hook.webhook_id in remote else "unknown to Radist (Radist его не знает)"
            click.echo(f"connection {hook.connection_id:<12}{state:<9}last event {last}")

    def _stored_and_alive(self, remote: set[str]) -> dict[int, Webhook]:
        """Our subscriptions by connection that Radist still has; the other addresses are forgotten."""
        from synkro_resources.control.webhooks import list_webhooks, remove_webhook

        alive: dict[int, Webhook] = {}
        for hook in list_webhooks(self._db, self._tenant):
            if hook.webhook_id in remote and hook.connection_id not in alive:
                alive[hook.connection_id] = hook
            else:
                remove_webhook(self._db, self._tenant, hook.path_hash, actor=ACTOR, clock=self._clock)
        return alive

    def _remote(self) -> set[str]:
        """The ids of the subscriptions at Radist that lead to this tenant, or that we know by their id."""
        from synkro_resources.control.webhooks import list_webhooks
        from synkro_resources.radist.subscriptions import webhook_id_of

        ours = {hook.webhook_id for hook in list_webhooks(self._db, self._tenant)}
        rows = [(webhook_id_of(row), row) for row in self._client.webhooks()]
        return {webhook_id for webhook_id, row in rows if webhook_id and (webhook_id in ours or self._is_ours(row))}

    def _is_ours(self, row: JsonObject) -> bool:
        return str(row.get("url", "")).startswith(self._prefix)

    def _id_by_url(self, url: str) -> str:
        from synkro_resources.radist.subscriptions import webhook_id_of

        return next((webhook_id_of(row) for row in self._client.webhooks() if row.get("url") == url), "")

    def _end(self, webhook_ids: Iterable[str]) -> None:
        for webhook_id in sorted(webhook_ids):
            self._subscriptions.unsubscribe(webhook_id)


def _check_public_url(settings: Settings) -> None:
    from synkro_resources.model.errors import ConfigurationError, Sentence

    if settings.public_url.startswith("https://") or (settings.allow_sandbox and settings.public_url):
        return
    raise ConfigurationError(
        "radist.no_public_url",
        Sentence("Radist не сможет достучаться до этой установки.", "Radist could not reach this installation."),
        Sentence(
            "Задайте SYNKRO_PUBLIC_URL с адресом https://…, доступным из интернета.",
            "Set SYNKRO_PUBLIC_URL to an https://… address that is open to the internet.",
        ),
    )
