"""Subscriptions and the delivery of events: a thread posts them, late, twice, in the wrong order or not at all."""

from __future__ import annotations

import ipaddress
import itertools
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from synkro_resources.sandbox.radist.switches import RadistSwitches

Json = dict[str, Any]

EVENTS = (
    "messages.create",
    "messages.delivery.delivered",
    "messages.delivery.read",
    "messages.delivery.error",
)

ANSWER_WITHIN_S = 3.0
"""The vendor is said to wait two or three seconds."""

GATHERED_S = 0.5
"""How long events are gathered when they are to be delivered newest first."""

KEPT_DELIVERIES = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """`connection_id` None means every connection."""

    id: str
    connection_id: int | None
    url: str
    events: tuple[str, ...]

    def shown(self) -> Json:
        return {"id": self.id, "connection_id": self.connection_id, "url": self.url, "events": list(self.events)}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt; `status` 0 means no answer, -1 that the address is not on this machine and nothing was sent."""

    url: str
    event_type: str
    message_id: str | None
    status: int
    took_s: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    due: float
    """`time.monotonic()` seconds."""
    number: int
    url: str
    body: Json


class WebhookDesk:
    """Keeps subscriptions and delivers events. Deliveries are never repeated after a failure: no retry is known."""

    def __init__(self, switches: RadistSwitches) -> None:
        self.switches = switches
        self.subscriptions: dict[str, Subscription] = {}
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT_DELIVERIES)
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._numbers = itertools.count(1)
        self._events = 0

    def subscribe(self, connection_id: int | None, url: str, events: Sequence[str]) -> Subscription:
        subscription = Subscription(uuid.uuid4().hex, connection_id, url, tuple(events))
        with self._changed:
            self.subscriptions[subscription.id] = subscription
        return subscription

    def unsubscribe(self, webhook_id: str) -> bool:
        with self._changed:
            return self.subscriptions.pop(webhook_id, None) is not None

    def publish(self, event_type: str, event: Json) -> None:
        """Queue an event for every subscription that wants it."""
        switches = self.switches
        with self._changed:
            self._events += 1
            if switches.webhook_lost_every and self._events % switches.webhook_lost_every == 0:
                return
            wait_s = switches.webhook_delay_s + (GATHERED_S if switches.webhook_reversed else 0.0)
            body: Json = {"event_type": event_type, "event": event}
            if switches.webhook_times_without_zone:
                body = without_zone(body)
            for subscription in self.subscriptions.values():
                foreign = subscription.connection_id not in (None, event["connection_id"])
                if foreign or event_type not in subscription.events:
                    continue
                for _ in range(1 + max(switches.webhook_duplicates, 0)):
                    due = time.monotonic() + wait_s
                    self._waiting.append(_Waiting(due, next(self._numbers), subscription.url, body))
            if self._waiting and self._thread is None:
                self._thread = threading.Thread(target=self._deliver_all, name="radist-webhooks", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_until_delivered(self, within_s: float = 10.0) -> bool:
        """Whether nothing is waiting any more."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and self._thread is None, within_s)

    def _deliver_all(self) -> None:
        """The thread: ends when nothing is left."""
        with httpx.Client(timeout=ANSWER_WITHIN_S, trust_env=False, follow_redirects=False) as client:
            while True:
                with self._changed:
                    if not self._waiting:
                        self._thread = None
                        self._changed.notify_all()
                        return
                    first = min(self._waiting, key=lambda item: (item.due, item.number))
                    if (pause := first.due - time.monotonic()) > 0:
                        self._changed.wait(pause)
                        continue
                    item = self._next_due(first)
                    self._waiting.remove(item)
                self.deliveries.append(_deliver(client, item))

    def _next_due(self, first: _Waiting) -> _Waiting:
        if not self.switches.webhook_reversed:
            return first
        near = [item for item in self._waiting if item.due <= first.due + GATHERED_S]
        return max(near, key=lambda item: item.number)


def _deliver(client: httpx.Client, item: _Waiting) -> Delivery:
    message = item.body["event"].get("message") or {}
    began = time.monotonic()
    status = -1
    if _on_this_machine(item.url):
        try:
            headers = {"content-type": "application/json", "user-agent": "radist-sandbox"}
            status = client.post(item.url, content=orjson.dumps(item.body), headers=headers).status_code
        except httpx.HTTPError as error:
            _log.info("a webhook got no answer: %s", type(error).__name__)
            status = 0
    return Delivery(
        item.url, item.body["event_type"], message.get("message_id"), status, round(time.monotonic() - began, 4)
    )


def _on_this_machine(url: str) -> bool:
    """Invented events leave the machine under no circumstances."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


TIME_KEYS = ("created_at", "delivered_at", "read_at", "error_at", "last_chat_updated_at")


def without_zone(value: Any) -> Any:
    """A copy in which the vendor's times have lost their `Z`."""
    if isinstance(value, dict):
        return {
            key: item.removesuffix("Z") if key in TIME_KEYS and isinstance(item, str) else without_zone(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_zone(item) for item in value]
    return value
