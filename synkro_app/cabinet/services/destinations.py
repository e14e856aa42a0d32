"""What pages ask about where reports go: a code for a chat, its confirmation, and parts that need a decision."""

from __future__ import annotations

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.rights import (
    EVERYBODY,
    WHO_ASKS_FOR_REPORTS,
    WHO_CONNECTS,
    actor_of,
    require,
    require_state,
)
from synkro_resources.channels import Message, SendOutcome
from synkro_resources.channels.resource import open_channel
from synkro_resources.control import destinations, outcomes
from synkro_resources.control.audit import record
from synkro_resources.control.destinations import Destination
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.outbox import Delivery
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.platform import Platform
from synkro_resources.telegram.deep_links import ChatLink, create_link

TEST = Message(
    "Проверка связи Synkro: отчёты будут приходить сюда.", "Проверка связи Synkro: отчёты будут приходить сюда."
)


def link_for_chat(place: Installation, user: SessionUser, tenant: str, *, group: bool) -> ChatLink:
    """A link that connects one chat, to be shown once.

    Raises:
        RefusedError: `rights.not_found`. IntegrationError: `telegram.not_connected` or `telegram.bot_unknown`.
    """
    require(user, tenant, WHO_CONNECTS)
    return create_link(_platform(place), tenant, group=group, actor=actor_of(user, tenant))


def listing(place: Installation, user: SessionUser, tenant: str) -> list[Destination]:
    """All destinations, oldest first; those that wait have `disabled_code` `destinations.PENDING`."""
    require_state(user, tenant, EVERYBODY)
    return destinations.list_destinations(place.control, tenant)


def pending(place: Installation, user: SessionUser, tenant: str) -> list[Destination]:
    """Linked chats that wait for a confirmation."""
    require_state(user, tenant, WHO_CONNECTS)
    return destinations.pending_destinations(place.control, tenant)


def confirm(place: Installation, user: SessionUser, tenant: str, destination_id: str) -> Destination:
    """Let reports go to a linked chat.

    Raises:
        RefusedError: `rights.not_found` or `delivery.not_pending`. UserInputError: `delivery.unknown_destination`.
    """
    require(user, tenant, WHO_CONNECTS)
    return destinations.confirm_destination(
        place.control, tenant, destination_id, actor=actor_of(user, tenant), clock=place.clock
    )


def remove(place: Installation, user: SessionUser, tenant: str, destination_id: str) -> None:
    """Send nothing more there.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `delivery.unknown_destination`.
    """
    require(user, tenant, WHO_CONNECTS)
    destinations.remove_destination(
        place.control, tenant, destination_id, actor=actor_of(user, tenant), clock=place.clock
    )


def tell_admins_there(
    place: Installation, user: SessionUser, tenant: str, destination_id: str, *, wanted: bool
) -> Destination:
    """Let a chat hear of failures, or no longer.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `delivery.unknown_destination`.
    """
    require(user, tenant, WHO_CONNECTS)
    return destinations.tell_admins_there(
        place.control, tenant, destination_id, wanted=wanted, actor=actor_of(user, tenant), clock=place.clock
    )


def send_test(place: Installation, user: SessionUser, tenant: str, destination_id: str) -> SendOutcome:
    """Send one real message to a chat or address; only that proves the delivery.

    Raises:
        RefusedError: `rights.not_found` or `delivery.closed`. UserInputError: `delivery.unknown_destination`.
        IntegrationError: `telegram.not_connected` or `email.not_connected`.
    """
    require(user, tenant, WHO_CONNECTS)
    chat = destinations.get_destination(place.control, tenant, destination_id)
    if not chat.enabled:  # an address gets nothing but its code before it is confirmed
        raise RefusedError(
            "delivery.closed",
            Sentence("Отчёты туда не приходят.", "No reports go there."),
            Sentence("Сначала подтвердите получателя.", "Confirm the destination first."),
            tenant=tenant,
        )
    channel = open_channel(_platform(place), tenant, chat.channel)
    try:
        outcome = channel.send(chat.chat_id, chat.thread_id, TEST)
    finally:
        channel.close()
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=place.clock.now(),
            actor=actor_of(user, tenant),
            action="destination.tested",
            tenant=tenant,
            target=destination_id,
            details={"outcome": outcome.kind},
        )
    return outcome


def mark_delivered(place: Installation, user: SessionUser, tenant: str, delivery_id: str) -> Delivery:
    """«Считать доставленным».

    Raises:
        RefusedError: `rights.not_found` or `delivery.wrong_state`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    return outcomes.accept_as_sent(place.control, tenant, delivery_id, actor=actor_of(user, tenant), clock=place.clock)


def send_again(place: Installation, user: SessionUser, tenant: str, delivery_id: str) -> Delivery:
    """«Отправить ещё раз»: the person accepts that the part may arrive twice.

    Raises:
        RefusedError: `rights.not_found` or `delivery.wrong_state`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    return outcomes.send_again(place.control, tenant, delivery_id, actor=actor_of(user, tenant), clock=place.clock)


def _platform(place: Installation) -> Platform:
    return Platform(place.settings, place.control, Keyring.from_settings(place.settings), place.clock)
