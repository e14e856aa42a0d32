"""Every client that speaks to a server which a company names itself, and one call of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from synkro_resources.ai.async_client import AsyncAiClient, CallFailed
from synkro_resources.ai.client import AiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.profiles import profile_of
from synkro_resources.model.tables import TABLES
from synkro_resources.supabase.rest import RestWriter
from synkro_resources.telegram.client import TelegramChannel

KEY = SecretStr("the-companys-own-key")
SCHEMA: dict[str, object] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

Call = Callable[[str, str], object]
"""One call to the address; the second text is the name that an operator allowed to lead inside."""


def _model(url: str, inside: str) -> Endpoint:
    return Endpoint(f"{url}/v1", KEY, "m", profile_of(url, "m", {}), inside=inside)


def ai(url: str, inside: str) -> object:
    client = AiClient(_model(url, inside), tenant="t")
    try:
        return client.structured(name="n", schema=SCHEMA, system="s", user="u")
    finally:
        client.close()


def ai_side_by_side(url: str, inside: str) -> object:
    async def call() -> object:
        client = AsyncAiClient(_model(url, inside), tenant="t")
        try:
            return await client.complete(name="n", schema=SCHEMA, system="s", user="u", max_output=10)
        except CallFailed as failure:
            raise failure.error from None
        finally:
            await client.close()

    return asyncio.run(call())


def supabase(url: str, inside: str) -> object:
    writer = RestWriter(url, SecretStr("sb_secret_x"), tenant="t", sleep=lambda _: None, inside=inside)
    try:
        return writer.fingerprints(TABLES["normalized/deal"])
    finally:
        writer.close()


def telegram(url: str, inside: str) -> object:
    channel = TelegramChannel(SecretStr(f"7000000001:{'A' * 35}"), base_url=url, inside=inside)
    try:
        return channel.identity()
    finally:
        channel.close()


CALLS: Mapping[str, Call] = {"ai": ai, "ai_side_by_side": ai_side_by_side, "supabase": supabase, "telegram": telegram}
