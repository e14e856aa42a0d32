"""Linking a chat over a real socket: one code, one chat, no word twice, and nothing goes out before a confirmation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import SecretStr
from telegram import Update
from telegram.error import Conflict

from synkro_resources.control import chat_links
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import (
    PENDING,
    Destination,
    confirm_destination,
    list_destinations,
    pending_destinations,
    remove_destination,
)
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.telegram.listening import ListeningBot
from synkro_resources.telegram.updates import ANSWERS, ATTEMPTS, BotUpdates

pytestmark = pytest.mark.xdist_group("telegram_linking")
PRIVATE, FORUM = 501, -1001


@dataclass
class Place:
    """One bot, its chats and the tenants that share it."""

    db: Database
    clock: FixedClock
    sandbox: TelegramSandbox
    url: str
    token: str
    tenants: tuple[str, ...]

    @property
    def bot_id(self) -> str:
        return self.token.partition(":")[0]

    def code(self, tenant: str | None = None, bot_id: str | None = None) -> str:
        return chat_links.create_code(
            self.db, tenant or self.tenants[0], bot_id=bot_id or self.bot_id, actor="user:1", clock=self.clock
        ).code

    def poll(self) -> int:
        """A new process every time: what it needs to know comes from the database."""

        async def once() -> int:
            poller = ListeningBot(self.db, SecretStr(self.token), self.tenants, self.clock, base_url=self.url)
            async with poller:
                return await poller.poll_once(0)

        return asyncio.run(once())

    def says(self, text: str, chat: int = PRIVATE, thread: int | None = None) -> list[str]:
        """Somebody writes; returns what the bot answered there since."""
        before = len(self.answers(chat))
        self.sandbox.receive(chat, text, thread=thread)
        self.poll()
        return self.answers(chat)[before:]

    def answers(self, chat: int) -> list[str]:
        stored = self.sandbox.store.messages.get(chat, [])
        return [str(item.message["text"]) for item in stored if item.bot_id]

    def chats(self, tenant: str | None = None) -> list[Destination]:
        return list_destinations(self.db, tenant or self.tenants[0])


@pytest.fixture
def place(control_db: Database, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock) -> Iterator[Place]:
    bot_id = 7_000_000_000 + int(tenant_a.slug.partition("-")[2][:7], 16)  # offsets are kept per bot
    token = f"{bot_id}:" + "A" * 35
    app = telegram_app(
        clock=control_clock,
        tokens={token: BotIdentity(bot_id, "synkro_bot", "Synkro")},
        chats={
            PRIVATE: Chat(PRIVATE, "private", "Ирина"),
            FORUM: Chat(FORUM, "supergroup", "Отчёты", topics={7: "День"}),
        },
    )
    with serve(app) as url:
        yield Place(control_db, control_clock, app.state.sandbox, url, token, (tenant_a.slug, tenant_b.slug))


def test_a_code_links_the_chat_and_reports_wait_for_the_confirmation(place: Place) -> None:
    assert place.says(f"/start {place.code()}") == [ANSWERS["linked"].ru]
    (chat,) = pending_destinations(place.db, place.tenants[0])
    assert (chat.chat_id, chat.title, chat.enabled, chat.disabled_code) == ("501", "Ирина", False, PENDING)
    confirmed = confirm_destination(place.db, place.tenants[0], chat.destination_id, actor="user:1", clock=place.clock)
    assert confirmed.enabled
    actions = [event.action for event in tenant_events(place.db, place.tenants[0])]
    assert {"telegram.code_created", "destination.linked", "destination.confirmed"} <= set(actions)
    with pytest.raises(RefusedError, match="does not wait"):
        confirm_destination(place.db, place.tenants[0], chat.destination_id, actor="user:1", clock=place.clock)


def test_a_code_fits_telegrams_limit_for_the_longest_tenant_name(place: Place) -> None:
    slug = "a" * 41
    assert len(f"{slug}_") + 22 == 64
    assert chat_links.tenant_of_code(f"{slug}_{'x' * 22}") == slug
    assert chat_links.tenant_of_code(place.code()) == place.tenants[0]


def test_a_code_works_once(place: Place) -> None:
    code = place.code()
    place.says(f"/start {code}")
    assert place.says(f"/start@synkro_bot {code}", FORUM) == [ANSWERS["used"].ru]
    assert len(place.chats()) == 1


def test_an_expired_code_links_nothing(place: Place) -> None:
    code = place.code()
    place.clock.move(chat_links.CODE_LIFETIME)
    assert place.says(f"/start {code}") == [ANSWERS["expired"].ru]
    assert place.chats() == []


@pytest.mark.parametrize("wrong", ["xyz", "acme_" + "A" * 22, "../etc_" + "A" * 22, "a_" + "'" * 22])
def test_a_wrong_code_gets_a_friendly_answer_and_links_nothing(place: Place, wrong: str) -> None:
    assert place.says(f"/start {wrong}") == [ANSWERS["unknown"].ru]
    assert place.chats() == []


def test_a_code_for_another_bot_is_unknown_to_this_one(place: Place) -> None:
    assert place.says(f"/start {place.code(bot_id='1')}") == [ANSWERS["unknown"].ru]


def test_a_shared_bot_links_each_chat_to_the_tenant_of_its_code_alone(place: Place) -> None:
    place.says(f"/start {place.code(place.tenants[1])}")
    assert place.chats(place.tenants[0]) == []
    assert [item.chat_id for item in place.chats(place.tenants[1])] == ["501"]


def test_a_code_written_in_a_topic_keeps_the_topic(place: Place) -> None:
    assert place.says(f"/start@synkro_bot {place.code()}", FORUM, 7) == [ANSWERS["linked"].ru]
    (chat,) = place.chats()
    assert (chat.chat_id, chat.thread_id, chat.is_forum) == ("-1001", "7", True)


def test_a_command_for_another_bot_of_the_group_is_not_ours(place: Place) -> None:
    assert place.says(f"/start@other_bot {place.code()}", FORUM) == []
    assert place.chats() == []


def test_a_chat_that_tries_many_codes_is_no_longer_answered(place: Place) -> None:
    async def flood() -> None:
        poller = ListeningBot(place.db, SecretStr(place.token), place.tenants, place.clock, base_url=place.url)
        async with poller:
            for _ in range(ATTEMPTS + 3):
                place.sandbox.receive(PRIVATE, "/start nonsense")
            await poller.poll_once(0)

    asyncio.run(flood())
    assert len(place.answers(PRIVATE)) == ATTEMPTS


def test_a_restart_neither_loses_nor_repeats_an_update(place: Place) -> None:
    place.sandbox.receive(PRIVATE, f"/start {place.code()}")
    assert place.poll() == 1
    assert place.poll() == 0
    place.sandbox.receive(PRIVATE, "/start")
    assert place.poll() == 1
    assert len(place.answers(PRIVATE)) == 2


def test_an_update_that_comes_again_is_taken_once(place: Place) -> None:
    now = place.clock.now()
    taken: list[bool] = []
    for moment in (now, now, now + timedelta(hours=48)):
        with place.db.tenant(place.tenants[0]) as connection:
            taken.append(chat_links.take_update(connection, place.bot_id, 10, moment))
    assert taken == [True, False, True]


def test_an_update_whose_effect_failed_is_not_taken(place: Place) -> None:
    def take(*, then_fail: bool) -> bool:
        with place.db.tenant(place.tenants[0]) as connection:
            is_new = chat_links.take_update(connection, place.bot_id, 10, place.clock.now())
            if then_fail:
                raise ZeroDivisionError
        return is_new

    with pytest.raises(ZeroDivisionError):
        take(then_fail=True)
    assert take(then_fail=False)


def _handle(place: Place, update: dict[str, object]) -> None:
    found = Update.de_json({"update_id": 99, **update}, None)
    BotUpdates(place.db, place.bot_id, "synkro_bot", place.tenants, place.clock).handle(found)


def test_a_group_that_becomes_a_supergroup_is_followed_for_every_tenant(place: Place) -> None:
    _confirmed(place, FORUM)
    chat = {"id": FORUM, "type": "group", "title": "Отчёты"}
    _handle(place, {"message": {"message_id": 1, "date": 1, "chat": chat, "migrate_to_chat_id": -1009}})
    assert [(item.chat_id, item.enabled) for item in place.chats()] == [("-1009", True)]


def test_a_lost_right_to_write_mutes_the_chat_until_it_is_given_back(place: Place) -> None:
    _confirmed(place, FORUM)
    chat = {"id": FORUM, "type": "supergroup", "title": "Отчёты"}
    user = {"id": 1, "is_bot": True, "first_name": "Synkro"}
    rights = dict.fromkeys(
        (
            *("is_member", "can_change_info", "can_invite_users", "can_pin_messages", "can_send_messages"),
            *("can_send_polls", "can_send_other_messages", "can_add_web_page_previews", "can_manage_topics"),
            *("can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
            *("can_send_video_notes", "can_send_voice_notes", "can_edit_tag", "can_react_to_messages"),
        ),
        False,
    )
    restricted = {"status": "restricted", "user": user, "until_date": 0, **rights}
    member = {"status": "member", "user": user}
    for old, new, state in ((member, restricted, (False, "no_rights")), (restricted, member, (True, ""))):
        change = {"chat": chat, "from": user, "date": 1, "old_chat_member": old, "new_chat_member": new}
        _handle(place, {"my_chat_member": change})
        assert [(item.enabled, item.disabled_code) for item in place.chats()] == [state]


def test_a_second_poller_is_told_by_telegram_and_nothing_is_lost(place: Place) -> None:
    place.sandbox.receive(PRIVATE, f"/start {place.code()}")
    place.sandbox.switches.faults_on = {"getUpdates": ["409"]}
    with pytest.raises(Conflict):
        place.poll()
    assert place.poll() == 1
    assert len(place.chats()) == 1


def _confirmed(place: Place, chat: int = PRIVATE) -> Destination:
    place.says(f"/start@synkro_bot {place.code()}", chat)
    (found,) = pending_destinations(place.db, place.tenants[0])
    return confirm_destination(place.db, place.tenants[0], found.destination_id, actor="u", clock=place.clock)


def test_a_bot_that_is_blocked_closes_the_chat_and_a_new_code_opens_it(place: Place) -> None:
    known = _confirmed(place)
    place.sandbox.set_trouble(PRIVATE, "blocked")
    place.poll()
    assert [(item.enabled, item.disabled_code) for item in place.chats()] == [(False, "blocked")]
    place.sandbox.set_trouble(PRIVATE, None)
    place.poll()
    assert not place.chats()[0].enabled
    assert _confirmed(place).destination_id == known.destination_id


def test_a_linked_chat_stays_on_when_it_is_linked_again(place: Place) -> None:
    _confirmed(place)
    assert place.says(f"/start {place.code()}") == [ANSWERS["already"].ru]
    assert [item.enabled for item in place.chats()] == [True]


def test_a_removed_chat_gets_nothing_and_stays_in_the_list(place: Place) -> None:
    known = _confirmed(place)
    remove_destination(place.db, place.tenants[0], known.destination_id, actor="u", clock=place.clock)
    assert [(item.enabled, item.disabled_code) for item in place.chats()] == [(False, "removed")]
