"""Each provider's peculiarities over a socket: a client who picks it is answered without knowing any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import orjson
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from synkro_resources.ai.client import AiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.profiles import PROFILES
from synkro_resources.ai.rungs import Rung, first_rung
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.journal import RequestJournal
from synkro_resources.sandbox.openai.app import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.serve import serve
from tests.resources.checks.checking import CLOCK, checked, only

SCHEMA = {
    "type": "object",
    "properties": {"sentence": {"type": "string"}},
    "required": ["sentence"],
    "additionalProperties": False,
}
FOLDER_MODEL = "gpt://b1folder/sandbox-mini/rc"
CASES = [
    pytest.param("openai", "openai", Rung.SCHEMA, {}, id="openai"),
    pytest.param("yandex", "yandex", Rung.BARE, {"model": FOLDER_MODEL, "project": "b1folder"}, id="yandex"),
    pytest.param("gigachat", "gigachat", Rung.SCHEMA, {}, id="gigachat"),
    pytest.param("openrouter", "openrouter", Rung.SCHEMA, {}, id="openrouter"),
    pytest.param("vllm", "vllm", Rung.SCHEMA, {}, id="vllm"),
    pytest.param("ollama", "ollama", Rung.SCHEMA, {}, id="ollama"),
    pytest.param("ollama", "ollama_cloud", Rung.TOOL, {}, id="ollama cloud takes schemas and obeys none"),
]


@dataclass
class Provider:
    """An emulated provider; `logging`: what each request said of being logged there."""

    app: Starlette
    switches: OpenaiSwitches
    logging: list[str | None]
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            said = dict(scope["headers"]).get(b"x-data-logging-enabled")
            self.logging.append(None if said is None else said.decode())
        await self.app(scope, receive, send)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        entries = cast("RequestJournal", self.app.state.log).entries
        return [orjson.loads(entry.body) for entry in entries if entry.path.endswith("/completions")]


@pytest.fixture
def provider() -> Iterator[Provider]:
    switches = OpenaiSwitches()
    made = Provider(openai_app(clock=CLOCK, api_key="k", switches=switches), switches, [])
    with serve(made) as url:
        made.url = f"{url}/v1"
        yield made


@pytest.mark.parametrize(("profile", "kind", "rung", "public"), CASES)
def test_a_provider_is_checked_and_asked_in_the_way_that_it_obeys(
    provider: Provider, profile: str, kind: Any, rung: Rung, public: dict[str, str]
) -> None:
    provider.switches.provider = kind
    provider.switches.upstream_without_schema = kind == "openrouter"  # the field that forbids it must be there
    settings: dict[str, Any] = {"base_url": provider.url, "model": "sandbox-mini", "profile": profile, "price_in": "1"}
    settings |= {"price_out": "1", **public}
    key = "" if kind in ("vllm", "ollama") else "k"
    found = checked(IntegrationKind.AI, settings, {"api_key": key})
    assert only(found, "broken") == set()
    assert first_rung(found["structured_output"].value, settings["model"]) is rung
    client = AiClient(Endpoint.of(settings, SecretStr(key), rung), tenant="demo")
    try:
        answer = client.structured(name="words", schema=SCHEMA, system="Reply in JSON.", user="- заказов больше")
    finally:
        client.close()
    assert answer.content is not None
    assert set(answer.content) == {"sentence"}
    assert client.rung is rung
    assert all(("store" in body) == (kind == "openai") for body in provider.bodies), "only OpenAI knows the field"
    assert all(body["store"] is False for body in provider.bodies if "store" in body)
    assert set(provider.logging) == {"false" if kind == "yandex" else None}


def test_a_folder_that_was_not_named_is_told_before_anything_is_sent(
    provider: Provider,
) -> None:
    provider.switches.provider = "yandex"
    found = checked(
        IntegrationKind.AI, {"base_url": provider.url, "model": FOLDER_MODEL, "profile": "yandex"}, {"api_key": "k"}
    )
    assert (found["address"].status, "каталог" in found["address"].what.ru) == ("broken", True)
    assert provider.logging == []


def test_a_model_that_its_maker_switches_off_is_told_while_it_still_answers(
    provider: Provider,
) -> None:
    settings = {"base_url": provider.url, "model": "gpt-5-mini", "profile": "openai"}
    found = checked(IntegrationKind.AI, settings, {"api_key": "k"})
    assert (found["model_life"].status, "11.12.2026" in found["model_life"].what.ru) == ("warning", True)
    others = checked(IntegrationKind.AI, settings | {"profile": "compatible"}, {"api_key": "k"})
    assert others["model_life"].status == "ok", "somebody else serves it as long as he likes"


def test_each_profile_goes_down_its_own_ladder_to_plain_text() -> None:
    for profile in PROFILES.values():
        assert profile.ladder[-1] is Rung.TEXT
        steps = [profile.below(rung) for rung in profile.ladder]
        assert steps == [*profile.ladder[1:], None], profile.name
