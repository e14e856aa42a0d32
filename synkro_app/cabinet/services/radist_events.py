"""The switch of Radist's events: with it a new message is read within minutes and not at the next refresh."""

from __future__ import annotations

import logging

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require, require_state
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.webhooks import Webhook, list_webhooks, remove_webhook
from synkro_resources.model.errors import ConfigurationError, Sentence, SynkroError
from synkro_resources.platform import Platform
from synkro_resources.radist.webhook_switch import check_public_url, webhook_switch

_log = logging.getLogger(__name__)


def subscriptions(place: Installation, user: SessionUser, tenant: str) -> list[Webhook]:
    """The subscriptions as we know them, by messenger connection.

    Raises:
        RefusedError: `rights.not_found`.
    """
    require_state(user, tenant, WHO_CONNECTS)
    return list_webhooks(place.control, tenant)


def hindrance(place: Installation) -> Sentence | None:
    """Why events cannot be switched on here; None if they can."""
    try:
        check_public_url(place.settings)
    except ConfigurationError as error:
        return error.what
    return None


def switch(place: Installation, user: SessionUser, tenant: str, is_on: bool) -> None:
    """Subscribe every messenger connection to our address, or end all subscriptions, at Radist and here.

    Raises:
        RefusedError: `rights.not_found`. ConfigurationError: `radist.no_public_url`.
        IntegrationError: `radist.not_connected`, or as Radist answers. TransientError: it does not answer.
    """
    require_state(user, tenant, WHO_CONNECTS)
    if is_on:
        check_public_url(place.settings)
    platform = Platform(place.settings, place.control, Keyring.from_settings(place.settings), place.clock)
    with webhook_switch(platform, tenant, actor=actor_of(user, tenant)) as desk:
        if is_on:
            desk.switch_on()
        else:
            desk.switch_off()


def end_all(place: Installation, user: SessionUser, tenant: str) -> None:
    """Before the key goes: end the subscriptions if there are any, at least on our side.

    Raises:
        RefusedError: `rights.not_found` or `rights.members_only`.
    """
    require(user, tenant, WHO_CONNECTS)
    known = list_webhooks(place.control, tenant)
    if not known:
        return
    try:
        switch(place, user, tenant, False)
    except SynkroError as error:
        _log.warning("Radist keeps subscriptions of %s that lead nowhere any more: %s", tenant, error.code)
        for hook in known:
            remove_webhook(place.control, tenant, hook.path_hash, actor=actor_of(user, tenant), clock=place.clock)
