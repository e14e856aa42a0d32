"""A large company must not make the emulator the slowest part of a load test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from synkro_resources.model.clock import FixedClock, SystemClock
from synkro_resources.sandbox.radist import RadistSwitches, radist_app
from synkro_resources.sandbox.radist.store import CONTENT_KEYS
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.world.model import RadistCompany

CHATS = 30_000
PER_CHAT = 34
END = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST_CHAT = 37_000_000


def made(chat: int, number: int) -> dict[str, Any]:
    at = END - timedelta(minutes=chat, hours=3 * (PER_CHAT - 1 - number))
    return {
        "message_id": f"{chat:08x}-{number:04x}-4000-a000-000000000000",
        "source_message_id": f"true_{chat}_{number}",
        "chat_id": f"{chat}@c.us",
        "direction": "inbound" if number % 2 else "outbound",
        "message_type": "text",
        "created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "text": {"text": "Здравствуйте, подскажите по заказу"},
    }


class Lazy(Mapping[int, list[dict[str, Any]]]):
    """A million messages, made when a chat is asked for."""

    def __init__(self) -> None:
        self.made = 0

    def __getitem__(self, chat_id: int) -> list[dict[str, Any]]:
        if not 0 <= chat_id - FIRST_CHAT < CHATS:
            raise KeyError(chat_id)
        self.made += 1
        return [made(chat_id - FIRST_CHAT, number) for number in range(PER_CHAT)]

    def __iter__(self) -> Iterator[int]:
        return iter(range(FIRST_CHAT, FIRST_CHAT + CHATS))

    def __len__(self) -> int:
        return CHATS


def company(messages: Lazy) -> RadistCompany:
    contacts = [
        {
            "contact_id": 32_000_000 + chat,
            "contact_name": f"Клиент {chat}",
            "avatar_url": None,
            "is_group": False,
            "unanswered_count": 1,
            "last_chat_updated_at": (last := made(chat, PER_CHAT - 1))["created_at"],
            "chats": [
                {
                    "connection_id": 1701,
                    "chat_id": FIRST_CHAT + chat,
                    "source_chat_id": f"{chat}@c.us",
                    "phone": None,
                    "username": None,
                    "profile_link": None,
                    "name": f"Клиент {chat}",
                    "last_message": dict.fromkeys(CONTENT_KEYS) | last,
                    "unanswered_count": 1,
                    "is_group": False,
                    "blacklist_item_id": None,
                }
            ],
        }
        for chat in range(CHATS)
    ]
    source = {"connection_id": 1701, "type": "whatsapp", "name": "Продажи"}
    return RadistCompany(
        [{"id": 4021, "name": "ООО"}], [source], [{"id": 1701, "type": "whatsapp"}], contacts, messages
    )


@pytest.mark.parametrize("clock", [FixedClock(END), SystemClock()], ids=["fixed", "running"])
def test_listing_thirty_thousand_chats_makes_none_of_their_million_messages(clock: Any) -> None:
    messages = Lazy()
    app = radist_app(company(messages), clock=clock, api_key="k", switches=RadistSwitches(rate_limit=False))
    with serve(app) as url, httpx.Client(base_url=f"{url}/v2/companies/4021", headers={"X-Api-Key": "k"}) as http:
        path, query = "/messaging/chats/with_contacts/", {"limit": "100"}
        seen: set[int] = set()
        while True:
            body = http.get(path, params=query).json()
            seen |= {row["contact_id"] for row in body["data"]}
            if not body["response_metadata"]["next_cursor"]:
                break
            query["cursor"] = body["response_metadata"]["next_cursor"]
        http.get("/messaging/messages/", params={"chat_id": FIRST_CHAT + 5, "limit": 1})
        assert len(seen) == CHATS
        assert messages.made == 1, "listing makes no messages"
        for chat_id in range(FIRST_CHAT, FIRST_CHAT + CHATS, 150):
            assert len(http.get("/messaging/messages/", params={"chat_id": chat_id, "limit": 100}).json()) == PER_CHAT
        app.state.editor.say(FIRST_CHAT + CHATS - 1, "inbound", "Ещё вопрос")
        assert http.get(path, params={"limit": "1"}).json()["data"][0]["contact_id"] == 32_000_000 + CHATS - 1
        assert messages.made <= 2 * (CHATS // 150 + 2), "a chat is made for its own reading only"
