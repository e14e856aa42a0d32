"""Bots heard by webhook: the same codes link the same chats, once, whoever else knows the address's shape."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from synkro_app.telegram_updates import SharedBot, is_pushed, listen
from synkro_app.web.inbound import BODY_LIMIT_BYTES, BODY_WITHIN_S
from synkro_app.web.telegram_webhook import HEADER, TelegramWebhooks, is_webhook_path
from synkro_resources.control import chat_links
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import list_destinations
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.settings import Settings
from synkro_resources.telegram.listening import ListeningBot, webhook_address, webhook_secret
from synkro_resources.telegram.updates import ANSWERS

HOST = "cabinet.example"
PRIVATE = 501


@dataclass
class Place:
    """An installation that is heard from outside, its bot, and the emulator that calls it."""

    platform: Platform
    sandbox: TelegramSandbox
    vendor_url: str
    own_url: str
    token: SecretStr
    tenant: str
    door: TelegramWebhooks

    @property
    def path(self) -> str:
        return webhook_address("", self.token)

    def ear(self) -> ListeningBot:
        return ListeningBot(
            self.platform.control, self.token, (self.tenant,), self.platform.clock, base_url=self.vendor_url
        )

    def subscribe(self) -> None:
        async def once() -> None:
            async with self.ear() as ear:
                await ear.ensure_webhook(f"https://{HOST}")

        asyncio.run(once())

    def code(self) -> str:
        bot_id = self.token.get_secret_value().partition(":")[0]
        control, clock = self.platform.control, self.platform.clock
        return chat_links.create_code(control, self.tenant, bot_id=bot_id, actor="user:1", clock=clock).code

    def says(self, text: str) -> None:
        self.sandbox.receive(PRIVATE, text)
        self.sandbox.desk.pusher.wait()

    def answers(self) -> list[str]:
        stored = self.sandbox.store.messages.get(PRIVATE, [])
        return [str(item.message["text"]) for item in stored if item.bot_id]

    def linked(self) -> list[str]:
        return [chat.chat_id for chat in list_destinations(self.platform.control, self.tenant)]


@pytest.fixture
def place(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("SYNKRO_SECRET_KEYS", new_key())
    settings = Settings.load(
        telegram_updates="webhook", public_url=f"https://{HOST}", allow_sandbox=True, cell=tenant_a.cell
    )
    bot_id = 7_100_000_000 + int(tenant_a.slug.partition("-")[2][:7], 16)
    token = SecretStr(f"{bot_id}:" + "B" * 35)
    vendor = telegram_app(
        clock=control_clock,
        tokens={token.get_secret_value(): BotIdentity(bot_id, "synkro_bot", "Synkro")},
        chats={PRIVATE: Chat(PRIVATE, "private", "Ирина")},
    )
    platform = Platform(settings, control_db, Keyring.from_settings(settings), control_clock)
    door = TelegramWebhooks(settings, control_db, control_clock)
    with serve(vendor) as vendor_url, serve(Starlette(routes=door.routes())) as own_url:
        set_integration(
            control_db,
            platform.keyring,
            tenant_a.slug,
            IntegrationKind.TELEGRAM,
            {"base_url": vendor_url},
            {"token": token.get_secret_value()},
            "test",
        )
        sandbox: TelegramSandbox = vendor.state.sandbox
        sandbox.switches.reachable_hosts[HOST] = own_url
        yield Place(platform, sandbox, vendor_url, own_url, token, tenant_a.slug, door)


def until(condition: Callable[[], bool]) -> None:
    """Answers follow their acknowledgement."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("has_header", [True, False])
def test_a_pushed_code_links_the_chat_and_is_answered(place: Place, has_header: bool) -> None:
    place.sandbox.switches.secret_header = has_header
    place.subscribe()
    place.says(f"/start {place.code()}")
    assert place.linked() == [str(PRIVATE)]
    until(lambda: place.answers() == [ANSWERS["linked"].ru])
    assert place.sandbox.desk.pusher.statuses == [200]


def test_what_came_while_the_database_was_away_is_brought_again_and_nothing_is_done_twice(
    place: Place,
) -> None:
    place.subscribe()
    code = place.code()
    url, place.sandbox.switches.reachable_hosts[HOST] = place.own_url, "http://127.0.0.1:1"
    place.says(f"/start {code}")
    assert place.linked() == []
    place.sandbox.switches.reachable_hosts[HOST] = url
    place.says("/start")
    assert place.linked() == [str(PRIVATE)]
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": PRIVATE, "type": "private"}}}
    assert httpx.post(place.own_url + place.path, json=update).status_code == 200  # a replay of an old number
    assert len(place.linked()) == 1


def test_strangers_with_a_wrong_secret_or_header_change_nothing_and_learn_nothing(place: Place) -> None:
    bot_id = place.token.get_secret_value().partition(":")[0]
    update = {"update_id": 10**8, "message": {"message_id": 1, "date": 1, "chat": {"id": 9, "type": "private"}}}
    wrong = f"{place.own_url}/hooks/telegram/{bot_id}.{'0' * 64}"
    assert httpx.post(wrong, json=update).status_code == 404
    forged = httpx.post(place.own_url + place.path, json=update, headers={HEADER: "0" * 64})
    assert (forged.status_code, forged.content) == (404, b"")
    assert place.door.counts == {"unknown": 2}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{not json", b'{"update_id": "x", "message": 5}', b"x" * (BODY_LIMIT_BYTES + 1)]
)
def test_bodies_that_are_no_updates_are_acknowledged_so_that_telegram_does_not_bring_them_for_ever(
    place: Place, body: bytes
) -> None:
    assert httpx.post(place.own_url + place.path, content=body).status_code == 200
    assert place.door.counts["accepted"] == 0


def test_after_a_change_back_to_polling_our_own_webhook_goes_and_a_foreign_one_stays(place: Place) -> None:
    async def poll_for(seconds: float) -> None:
        settings = place.platform.settings.model_copy(update={"telegram_updates": "polling"})
        platform = Platform(settings, place.platform.control, place.platform.keyring, place.platform.clock)
        assert not is_pushed(settings)
        bot = SharedBot(place.token, place.vendor_url, "", (place.tenant,))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(listen(platform, bot), seconds)

    place.subscribe()
    asyncio.run(poll_for(2))
    assert place.sandbox.desk.pusher.targets == {}
    httpx.post(
        f"{place.vendor_url}/bot{place.token.get_secret_value()}/setWebhook", data={"url": "https://other.example/x"}
    )
    asyncio.run(poll_for(2))
    assert [target.url for target in place.sandbox.desk.pusher.targets.values()] == ["https://other.example/x"]


def test_the_gate_opens_only_the_exact_shape_of_a_webhook_path() -> None:
    path = webhook_address("", SecretStr("7100:" + "B" * 35)).replace("7100.", "7100000.")
    assert is_webhook_path("POST", path)
    assert not is_webhook_path("GET", path)
    assert not is_webhook_path("POST", path + "/x")
    assert not is_webhook_path("POST", path[:-1])


def test_the_secret_does_not_show_the_token() -> None:
    token = SecretStr("7100000:" + "B" * 35)
    assert "B" * 5 not in webhook_secret(token)
    assert webhook_secret(token) != webhook_secret(SecretStr("7100000:" + "C" * 35))


def test_an_update_that_did_not_come_whole_is_asked_for_again(place: Place) -> None:
    def dripping() -> Iterator[bytes]:
        yield b'{"update_id"'
        time.sleep(3 * BODY_WITHIN_S)  # a busy machine may begin to listen late
        yield b": 1}"

    assert httpx.post(place.own_url + place.path, content=dripping()).status_code == 503
    assert place.door.counts == {"failed": 1}


def test_a_flood_of_guesses_makes_nobody_lose_an_update(place: Place) -> None:
    bot_id = place.token.get_secret_value().partition(":")[0]
    wrong = f"{place.own_url}/hooks/telegram/{bot_id}.{'0' * 64}"
    with httpx.Client(timeout=60) as stranger:
        answers = {stranger.post(wrong, json={}).status_code for _ in range(60)}
    assert answers <= {404, 503}
    place.subscribe()
    time.sleep(1)
    place.says(f"/start {place.code()}")
    assert place.linked() == [str(PRIVATE)]


def test_updates_that_come_at_once_open_one_ear(place: Place) -> None:
    async def many() -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            answers = await asyncio.gather(*(client.post(place.own_url + place.path, json={}) for _ in range(8)))
            return [answer.status_code for answer in answers]

    assert set(asyncio.run(many())) == {200}
