"""Subscriptions to Radist's events: switched on and off at Radist and here, so that neither side is left alone."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from synkro_resources.control.database import Database
from synkro_resources.control.webhooks import Webhook, add_webhook, list_webhooks, name_webhook, remove_webhook
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.radist.client import RadistClient
from synkro_resources.radist.resource import open_radist
from synkro_resources.radist.subscriptions import RadistSubscriptions, webhook_id_of
from synkro_resources.settings import Settings

SECRET_BYTES = 32


class WebhookSwitch:
    """One tenant's subscriptions, here and at Radist."""

    def __init__(
        self, platform: Platform, tenant: str, client: RadistClient, subscriptions: RadistSubscriptions, *, actor: str
    ) -> None:
        self._db: Database = platform.control
        self._clock: Clock = platform.clock
        self._actor = actor
        self._tenant = tenant
        self._client = client
        self._subscriptions = subscriptions
        self._prefix = f"{platform.settings.cabinet_url}/hooks/radist/{tenant}."

    def switch_on(self) -> None:
        """Subscribe the connections that have no subscription; what an interrupted attempt left is removed first."""
        remote = self._remote()
        kept = self._stored_and_alive(remote)
        self._end(hook for hook in remote if hook not in {known.webhook_id for known in kept.values()})
        for connection in self._client.connections():
            connection_id = int(str(connection["id"]))
            if connection_id in kept:
                continue
            secret = secrets.token_urlsafe(SECRET_BYTES)
            added = add_webhook(self._db, self._tenant, secret, connection_id, actor=self._actor, clock=self._clock)
            try:
                webhook_id = self._subscriptions.subscribe(connection_id, self._prefix + secret)
            except BaseException:
                remove_webhook(self._db, self._tenant, added.path_hash, actor=self._actor, clock=self._clock)
                raise
            name_webhook(self._db, self._tenant, added.path_hash, webhook_id or self._id_by_url(self._prefix + secret))

    def switch_off(self) -> None:
        """End every subscription of this tenant at Radist, then forget its addresses."""
        stored = list_webhooks(self._db, self._tenant)
        self._end({*self._remote(), *(hook.webhook_id for hook in stored if hook.webhook_id)})
        for hook in stored:
            remove_webhook(self._db, self._tenant, hook.path_hash, actor=self._actor, clock=self._clock)

    def known(self) -> list[tuple[Webhook, bool]]:
        """Our subscriptions, each with whether Radist has it."""
        remote = self._remote()
        return [(hook, hook.webhook_id in remote) for hook in list_webhooks(self._db, self._tenant)]

    def _stored_and_alive(self, remote: set[str]) -> dict[int, Webhook]:
        """Our subscriptions by connection that Radist still has; the other addresses are forgotten."""
        alive: dict[int, Webhook] = {}
        for hook in list_webhooks(self._db, self._tenant):
            if hook.webhook_id in remote and hook.connection_id not in alive:
                alive[hook.connection_id] = hook
            else:
                remove_webhook(self._db, self._tenant, hook.path_hash, actor=self._actor, clock=self._clock)
        return alive

    def _remote(self) -> set[str]:
        """The ids of the subscriptions at Radist that lead to this tenant, or that we know by their id."""
        ours = {hook.webhook_id for hook in list_webhooks(self._db, self._tenant)}
        rows = [(webhook_id_of(row), row) for row in self._client.webhooks()]
        return {webhook_id for webhook_id, row in rows if webhook_id and (webhook_id in ours or self._is_ours(row))}

    def _is_ours(self, row: JsonObject) -> bool:
        return str(row.get("url", "")).startswith(self._prefix)

    def _id_by_url(self, url: str) -> str:
        return next((webhook_id_of(row) for row in self._client.webhooks() if row.get("url") == url), "")

    def _end(self, webhook_ids: Iterable[str]) -> None:
        for webhook_id in sorted(webhook_ids):
            self._subscriptions.unsubscribe(webhook_id)


@contextmanager
def webhook_switch(platform: Platform, tenant: str, *, actor: str) -> Generator[WebhookSwitch]:
    """The switch of one tenant, with its stored key.

    Raises:
        IntegrationError: `radist.not_connected`, or as Radist answers. TransientError: it does not answer.
    """
    connection = platform.connection(tenant, IntegrationKind.RADIST)
    base_url, key = connection.text("base_url"), connection.secret("api_key")
    sandbox = platform.settings.allow_sandbox
    with (
        open_radist(platform, tenant, connection) as client,
        RadistSubscriptions(base_url, key, client.company_id, tenant=tenant, allow_sandbox=sandbox) as subscriptions,
    ):
        yield WebhookSwitch(platform, tenant, client, subscriptions, actor=actor)


def check_public_url(settings: Settings) -> None:
    """Whether Radist can call this installation.

    Raises:
        ConfigurationError: `radist.no_public_url`.
    """
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
