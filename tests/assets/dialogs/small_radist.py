"""A small Radist over a real socket and a real lake to load it into, for tests of what repeated readings find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synkro_assets.dialogs.extract import ALL_ACTIVE, ChatChoice, MessagesRead, read_messages
from synkro_assets.dialogs.rereading import LIGHT_COLUMNS, StoredMessages
from synkro_resources.http import CircuitBreaker, RetryPolicy, TokenBucket
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.lake import Lake
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_MESSAGES
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import RadistClient
from synkro_resources.radist.times import format_time, instant_of
from synkro_resources.sandbox.serve import serve

COMPANY = 900001
WINDOW = TenantWindow("demo", "Asia/Yekaterinburg", date(2026, 11, 18), date(2026, 11, 19))
NOON = WINDOW.start + timedelta(hours=12)
NOW = WINDOW.end + timedelta(hours=3)


@dataclass
class Radist:
    """A small Radist over a real socket: what a test puts in is what the client finds."""

    chats: dict[int, list[JsonObject]] = field(default_factory=dict[int, list[JsonObject]])
    sources: list[JsonObject] = field(default_factory=list[JsonObject])
    connections: list[JsonObject] = field(default_factory=list[JsonObject])
    forbidden: set[str] = field(default_factory=set[str])
    asked: list[int] = field(default_factory=list[int])

    def app(self) -> Starlette:
        ours = f"/v2/companies/{COMPANY}"
        return Starlette(
            routes=[
                Route(f"{ours}/messaging/chats/sources/", self._sources),
                Route(f"{ours}/messaging/messages/", self._messages),
                Route(f"{ours}/connections/", self._connections),
            ]
        )

    async def _sources(self, request: Request) -> Response:
        return JSONResponse(self.sources)

    async def _connections(self, request: Request) -> Response:
        if "connections" in self.forbidden:
            return JSONResponse({"detail": "Not enough permissions"}, 403)
        return JSONResponse({"connections": self.connections})

    async def _messages(self, request: Request) -> Response:
        chat_id, until = int(request.query_params["chat_id"]), instant_of(request.query_params["until"])
        self.asked.append(chat_id)
        if chat_id not in self.chats:
            return JSONResponse({"detail": "Chat not found"}, 404)
        rows = [(at, row) for row in self.chats[chat_id] if (at := instant_of(row["created_at"]))]
        below = sorted(((at, row) for at, row in rows if until is None or at <= until), key=lambda item: item[0])
        undated = [row for row in self.chats[chat_id] if instant_of(row["created_at"]) is None]
        return JSONResponse(([row for _, row in reversed(below)] + undated)[:100])


@contextmanager
def client_of(radist: Radist) -> Iterator[RadistClient]:
    with (
        serve(radist.app()) as url,
        RadistClient(
            url,
            SecretStr("k"),
            COMPANY,
            tenant="demo",
            allow_sandbox=True,
            retry=RetryPolicy(tries=2, first_s=0.01),
            limiter=TokenBucket(10_000),
            breaker=CircuitBreaker(),
        ) as client,
    ):
        yield client


def message(message_id: str, at: datetime, text: str = "добрый день", **more: object) -> JsonObject:
    row: JsonObject = {
        "message_id": message_id,
        "chat_id": "79000000001@c.us",
        "direction": "inbound",
        "message_type": "text",
        "created_at": format_time(at),
        "text": {"text": text},
    }
    return row | more


def listing(*chat_ids: int, at: datetime = NOON) -> pa.Table:
    return RADIST_CHATS.from_rows(
        [{"id": chat_id, "source_updated_at": at, "is_deleted": False, "raw": "{}"} for chat_id in chat_ids]
    )


class Loads:
    """Loads the window's messages into a real lake, one reading after the other."""

    def __init__(self, client: RadistClient, folder: Path) -> None:
        self.client = client
        self.lake = Lake(str(folder))

    def read(self, *chat_ids: int, now: datetime = NOW, choice: ChatChoice = ALL_ACTIVE) -> MessagesRead:
        days = WINDOW.days
        light = self.lake.read_days(RADIST_MESSAGES, "demo", days, columns=LIGHT_COLUMNS, missing_ok=True)
        stored = StoredMessages(
            light, lambda: [self.lake.read_days(RADIST_MESSAGES, "demo", [day], missing_ok=True) for day in days]
        )
        found = read_messages(self.client, listing(*chat_ids), WINDOW, now=now, stored=stored, choice=choice)
        self.lake.write_days(RADIST_MESSAGES, "demo", days, found.extraction.table)
        return found

    def rows(self) -> dict[str, JsonObject]:
        table = self.lake.read_days(RADIST_MESSAGES, "demo", WINDOW.days)
        return {row["message_id"]: row for row in table.to_pylist()}

    def files(self) -> list[bytes]:
        return [self.lake.path(RADIST_MESSAGES, "demo", day).read_bytes() for day in WINDOW.days]
