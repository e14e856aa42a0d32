"""Events that reach a subscriber, and files that reach whoever follows a message's address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synkro_resources.sandbox.serve import serve
from tests.resources.sandbox.radist.conftest import LISTING, Radist


class Receiver:
    """A subscriber's address that keeps what was posted."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.url = ""

    async def take(self, request: Request) -> Response:
        body = await request.json()
        with self.lock:
            self.bodies.append(body)
        return Response()

    def texts(self) -> list[str]:
        return [body["event"]["message"]["text"]["text"] for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    with serve(Starlette(routes=[Route("/hook/secret", found.take, methods=["POST"])])) as url:
        found.url = f"{url}/hook/secret"
        yield found


def subscribe(radist: Radist, receiver: Receiver, path: str = "/webhooks/", **more: Any) -> dict[str, Any]:
    answer = radist.post(path, {"url": receiver.url, "events": ["messages.create"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def say(radist: Radist, *texts: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for text in texts:
        said = radist.served.editor.say(radist.busy_chat(), "inbound", text)
    assert radist.served.webhooks.wait_until_delivered()
    return said


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_a_message_reaches_the_subscriber_whoever_wrote_it(radist: Radist, receiver: Receiver, direction: Any) -> None:
    subscribe(radist, receiver)
    chat_id = radist.busy_chat()
    said = radist.served.editor.say(chat_id, direction, "Здравствуйте")["message"]
    assert radist.served.webhooks.wait_until_delivered()
    (body,) = receiver.bodies
    event = body["event"]
    assert (body["event_type"], event["chat_id"]) == ("messages.create", chat_id)
    assert event["message"] == said
    assert set(event["chat"]) == {"phone", "name", "username", "profile_link"}
    assert isinstance(event["message"]["chat_id"], str)
    assert radist.messages(chat_id)[0]["message_id"] == event["message"]["message_id"]
    assert [item.status for item in radist.served.webhooks.deliveries] == [200]


def test_subscriptions_are_listed_removed_and_kept_apart_by_connection(radist: Radist, receiver: Receiver) -> None:
    chat = next(c for row in radist.listing() for c in row["chats"] if c["chat_id"] == radist.busy_chat())
    other = subscribe(radist, receiver, path="/webhooks", connection_id=chat["connection_id"] + 90)
    own = subscribe(radist, receiver, connection_id=chat["connection_id"])
    assert isinstance(own["id"], str)
    assert [row["id"] for row in radist.get("/webhooks/").json()["webhooks"]] == [other["id"], own["id"]]
    say(radist, "раз")
    assert receiver.texts() == ["раз"], "an event belongs to the subscriptions of its connection only"
    assert radist.http.delete(radist.path(f"/webhooks/{own['id']}")).status_code == 204
    assert radist.http.delete(radist.path(f"/webhooks/{own['id']}")).status_code == 404
    say(radist, "два")
    assert receiver.texts() == ["раз"]
    radist.served.set(webhook_list="array")
    assert radist.get("/webhooks/").json() == [other]


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://x", "events": ["messages.create"]},
        {"url": "http://127.0.0.1:9/x", "events": ["messaging.message.received"]},
        {"url": "http://127.0.0.1:9/x", "events": []},
        {"url": "http://127.0.0.1:9/x", "events": ["messages.create"], "connection_id": "all"},
        [],
    ],
)
def test_a_wrong_subscription_is_refused(radist: Radist, body: Any) -> None:
    answer = radist.post("/webhooks/", body)
    assert (answer.status_code, answer.json()["detail"][0]["loc"][0]) == (422, "body")


def test_events_come_twice_late_reversed_without_zone_or_never(radist: Radist, receiver: Receiver) -> None:
    subscribe(radist, receiver)
    radist.served.set(webhook_duplicates=1, webhook_times_without_zone=True)
    say(radist, "дважды")
    assert receiver.texts() == ["дважды", "дважды"]
    assert not receiver.bodies[0]["event"]["message"]["created_at"].endswith("Z")
    receiver.bodies.clear()
    radist.served.set(webhook_duplicates=0, webhook_reversed=True)
    say(radist, "1", "2", "3")
    assert receiver.texts() == ["3", "2", "1"]
    receiver.bodies.clear()
    radist.served.set(webhook_reversed=False, webhook_delay_s=0.4)
    radist.served.editor.say(radist.busy_chat(), "inbound", "поздно")
    assert receiver.bodies == []
    assert radist.served.webhooks.wait_until_delivered()
    assert receiver.texts() == ["поздно"]
    receiver.bodies.clear()
    radist.served.set(webhook_delay_s=0.0, webhook_lost_every=1)
    say(radist, "никогда")
    assert receiver.bodies == []


def test_statuses_have_their_own_events(radist: Radist, receiver: Receiver) -> None:
    answer = radist.post("/webhooks/", {"url": receiver.url, "events": ["messages.delivery.read"]})
    assert answer.status_code == 201
    message = radist.messages(radist.busy_chat())[0]
    for what in ("delivered", "read"):
        radist.served.editor.stamp(radist.busy_chat(), message["message_id"], what)
    assert radist.served.webhooks.wait_until_delivered()
    assert [body["event_type"] for body in receiver.bodies] == ["messages.delivery.read"]


def test_no_event_leaves_this_machine_and_a_dead_subscriber_stops_nobody(radist: Radist, receiver: Receiver) -> None:
    for url in ("https://crm.example.com/hook", "http://127.0.0.1:9/hook"):
        radist.post("/webhooks/", {"url": url, "events": ["messages.create"]})
    subscribe(radist, receiver)
    say(radist, "всем")
    assert receiver.texts() == ["всем"]
    assert sorted(item.status for item in radist.served.webhooks.deliveries) == [-1, 0, 200]


def a_file(radist: Radist) -> tuple[dict[str, Any], dict[str, Any]]:
    """A message with a file, and the file's part of it."""
    for chat_id in radist.world.radist.messages:
        for row in radist.messages(chat_id):
            body = row.get(row["message_type"])
            if isinstance(body, dict) and "url" in body and body["size"]:
                return row, body
    raise AssertionError("the invented company sends no files")


def test_a_file_is_served_without_a_key_as_its_message_says(radist: Radist) -> None:
    row, body = a_file(radist)
    assert body["url"].startswith(f"{radist.served.url}/cdn/")
    assert body["url"].endswith(f"/{row['source_message_id']}/media")
    answer = httpx.get(body["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, body["mime_type"])
    assert len(answer.content) == body["size"]
    assert httpx.get(body["url"]).content == answer.content
    assert httpx.get(body["url"].replace(row["source_message_id"], "nothing")).status_code == 404
    assert radist.served.oddities == []
    assert radist.http.get(body["url"]).status_code == 200
    assert radist.served.oddities == ["header x-api-key sent to the media host"]


def test_a_file_in_the_listing_has_the_same_address(radist: Radist) -> None:
    radist.served.set(rate_limit=False)
    bodies = [
        last[last["message_type"]]
        for row in radist.listing()
        for chat in row["chats"]
        if (last := chat["last_message"]) and isinstance(last.get(last["message_type"]), dict)
    ]
    addresses = [body["url"] for body in bodies if "url" in body]
    assert all(address.startswith(f"{radist.served.url}/cdn/") for address in addresses)
    assert "media.radist.example" not in radist.get(LISTING, limit=100).text


@pytest.mark.parametrize(("kind", "status"), [("401", 401), ("403", 403), ("404", 404)])
def test_a_file_can_be_gone(radist: Radist, kind: str, status: int) -> None:
    _, body = a_file(radist)
    radist.served.set(media=kind)
    assert httpx.get(body["url"]).status_code == status


def test_a_file_can_be_larger_than_it_said_or_a_page(radist: Radist) -> None:
    _, body = a_file(radist)
    radist.served.set(media="too_large", media_too_large_bytes=2_000_000)
    assert len(httpx.get(body["url"]).content) >= 2_000_000 > body["size"]
    radist.served.set(media="wrong_mime")
    assert httpx.get(body["url"]).headers["content-type"].startswith("text/html")
