"""The OpenAI-compatible API over a real socket, by plain HTTP and by the SDK the product uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import openai
import pytest
from starlette.applications import Starlette

from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.openai import OpenaiSwitches, openai_app
from synkro_resources.sandbox.serve import serve

KEY = "sandbox-key"
MODEL = "sandbox-mini"
PROMPT = "Итоги дня: новые диалоги, ответы менеджеров, новые диалоги без ответа."
SCHEMA = {
    "type": "object",
    "properties": {"sentence": {"type": "string"}, "mood": {"type": "string", "enum": ["calm", "busy"]}},
    "required": ["sentence", "mood"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "day", "strict": True, "schema": SCHEMA}}


@dataclass
class Emulator:
    url: str
    app: Starlette

    @property
    def switches(self) -> OpenaiSwitches:
        return self.app.state.switches

    def chat(self, key: str = KEY, **body: Any) -> httpx.Response:
        request = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], **body}
        return httpx.post(
            f"{self.url}/v1/chat/completions", json=request, headers={"Authorization": f"Bearer {key}"}, timeout=10
        )

    def sdk(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=KEY, max_retries=0, timeout=10)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    app = openai_app(clock=FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC)), api_key=KEY)
    with serve(app) as url:
        yield Emulator(url, app)


def test_a_structured_answer_fits_its_schema_and_reports_its_usage(emulator: Emulator) -> None:
    answer = emulator.chat(response_format=FORMAT)
    body = answer.json()
    content = json.loads(body["choices"][0]["message"]["content"])
    assert content["mood"] == "calm"
    assert "диалоги" in content["sentence"]
    assert not any(char.isdigit() for char in content["sentence"])
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert answer.headers["x-request-id"].startswith("req_")


def test_the_sdk_reads_chat_responses_and_models(emulator: Emulator) -> None:
    client = emulator.sdk()
    chat = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": PROMPT}],
        response_format=FORMAT,  # pyright: ignore[reportArgumentType]
        max_completion_tokens=500,
    )
    assert json.loads(chat.choices[0].message.content or "")["mood"] == "calm"
    assert chat.usage is not None
    response = client.responses.create(
        model=MODEL,
        input=PROMPT,
        store=False,
        text={"format": {"type": "json_schema", "name": "day", "strict": True, "schema": SCHEMA}},
    )
    assert json.loads(response.output_text)["mood"] == "calm"
    assert response.usage is not None
    assert response.usage.total_tokens > 0
    assert [model.id for model in client.models.list()] == ["sandbox-mini", "sandbox-large"]


def test_requests_are_journaled_with_their_bodies(emulator: Emulator) -> None:
    emulator.chat()
    entries = list(emulator.app.state.log.entries)
    assert json.loads(entries[0].body)["messages"][0]["content"] == PROMPT
    assert emulator.app.state.log.counts() == {"POST /v1/chat/completions": 1}


@pytest.mark.parametrize(
    ("body", "status", "code", "word"),
    [
        ({"model": "gpt-4"}, 404, "model_not_found", "gpt-4"),
        ({"colour": 1}, 400, "unknown_parameter", "colour"),
        ({"messages": []}, 400, None, "messages"),
        ({"messages": [{"role": "user", "content": "слово " * 60_000}]}, 400, "context_length_exceeded", "context"),
        ({"response_format": {"type": "json_object"}}, 400, None, "json"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "day", "strict": True, "schema": {**SCHEMA, "required": []}},
                }
            },
            400,
            "invalid_json_schema",
            "Missing 'sentence'",
        ),
    ],
)
def test_requests_a_provider_would_refuse_are_refused_by_name(
    emulator: Emulator, body: dict[str, Any], status: int, code: str | None, word: str
) -> None:
    answer = emulator.chat(**body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert word in error["message"]


def test_a_wrong_key_is_a_401_with_a_code(emulator: Emulator) -> None:
    answer = emulator.chat(key="wrong")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_the_sdk_tells_a_spent_quota_from_a_full_minute(emulator: Emulator) -> None:
    emulator.switches.faults = ["insufficient_quota", "429"]
    for code in ("insufficient_quota", "rate_limit_exceeded"):
        with pytest.raises(openai.RateLimitError) as caught:
            emulator.sdk().chat.completions.create(model=MODEL, messages=[{"role": "user", "content": PROMPT}])
        assert caught.value.code == code
    assert caught.value.response.headers["retry-after"] == "2"
    emulator.switches.faults = ["429_no_retry_after"]
    assert "retry-after" not in emulator.chat().headers


@pytest.mark.parametrize(
    ("fault", "finish", "start"),
    [
        ("fenced", "stop", "```json"),
        ("prose", "stop", "Вот"),
        ("length", "length", "{"),
        ("unknown_finish", "eos", "{"),
        ("schema_ignored", "stop", '{"answer"'),
    ],
)
def test_spoiled_answers_come_with_their_finish_reason(emulator: Emulator, fault: Any, finish: str, start: str) -> None:
    emulator.switches.faults = [fault]
    choice = emulator.chat(response_format=FORMAT).json()["choices"][0]
    assert choice["finish_reason"] == finish
    assert choice["message"]["content"].startswith(start)


def test_a_refusal_has_no_content_in_either_shape(emulator: Emulator) -> None:
    emulator.switches.always = "refusal"
    message = emulator.chat(response_format=FORMAT).json()["choices"][0]["message"]
    assert (message["content"], bool(message["refusal"])) == (None, True)
    response = emulator.sdk().responses.create(model=MODEL, input=PROMPT)
    assert response.output_text == ""


def test_a_small_cap_cuts_the_answer(emulator: Emulator) -> None:
    choice = emulator.chat(response_format=FORMAT, max_tokens=3).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    response = emulator.sdk().responses.create(model=MODEL, input=PROMPT, max_output_tokens=3)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize(
    ("fault", "status"), [("401", 401), ("403_region", 403), ("500", 500), ("502_html", 502), ("schema_refused", 400)]
)
def test_faults_answer_with_their_status_once(emulator: Emulator, fault: Any, status: int) -> None:
    emulator.switches.faults = [fault]
    assert emulator.chat(response_format=FORMAT).status_code == status
    assert emulator.chat(response_format=FORMAT).status_code == 200


def test_a_dropped_connection_a_missing_usage_and_an_error_inside_200(emulator: Emulator) -> None:
    emulator.switches.faults = ["disconnect", "usage_missing", "error_in_200", "details_missing"]
    with pytest.raises(httpx.TransportError):
        emulator.chat()
    assert "usage" not in emulator.chat().json()
    assert "choices" not in emulator.chat().json()
    assert "prompt_tokens_details" not in emulator.chat().json()["usage"]


def test_equal_long_prefixes_are_reported_as_cached(emulator: Emulator) -> None:
    messages = [{"role": "user", "content": "правило " * 1000}]
    cached = [
        emulator.chat(messages=messages).json()["usage"]["prompt_tokens_details"]["cached_tokens"] for _ in range(2)
    ]
    assert cached == [0, 1024]


def test_provider_dialects_want_the_schema_elsewhere(emulator: Emulator) -> None:
    emulator.switches.dialect = "bare"
    assert emulator.chat(response_format=FORMAT).status_code == 400
    assert emulator.chat(response_format={"type": "json_schema", "json_schema": SCHEMA}).status_code == 200
    emulator.switches.dialect = "flat"
    assert emulator.chat(response_format=FORMAT).status_code == 400
    assert emulator.chat(response_format={"type": "json_schema", "schema": SCHEMA, "strict": True}).status_code == 200
