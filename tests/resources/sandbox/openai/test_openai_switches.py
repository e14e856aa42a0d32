"""The switches of the model provider that last, and the answers that break on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import openai
import pytest

from synkro_resources.sandbox.openai.switches import Fault, OpenaiSwitches
from tests.resources.sandbox.faults import Served, openai_sandbox

SCHEMA = {
    "type": "object",
    "properties": {"sentence": {"type": "string"}},
    "required": ["sentence"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "day", "strict": True, "schema": SCHEMA}}


@pytest.fixture
def served() -> Iterator[Served[OpenaiSwitches]]:
    with openai_sandbox(slow_s=0.05, silent_s=0.05) as found:
        yield found


def chat(served: Served[OpenaiSwitches], model: str = "sandbox-mini", **body: Any) -> httpx.Response:
    request = {"model": model, "messages": [{"role": "user", "content": "Итоги дня, диалоги"}], **body}
    headers = {"Authorization": f"Bearer {served.secret}"}
    return httpx.post(f"{served.url}/v1/chat/completions", json=request, headers=headers, timeout=10)


def content(answer: httpx.Response) -> str:
    return answer.json()["choices"][0]["message"]["content"]


def test_every_named_fault_changes_the_answer(served: Served[OpenaiSwitches]) -> None:
    good = chat(served, response_format=FORMAT).json()
    dropped: set[str] = set()
    for fault in get_args(Fault):
        served.set(faults=[fault])
        try:
            answer = chat(served, response_format=FORMAT)
            body: Any = answer.json() if answer.headers["content-type"] == "application/json" else None
        except httpx.TransportError:
            dropped.add(fault)
            continue
        except ValueError:  # half of a document, perhaps half of a letter
            assert fault == "cut"
            continue
        same = answer.status_code == 200 and body is not None
        same = same and {**body, "id": good["id"]} == good
        assert same is (fault == "slow"), fault
    assert dropped == {"silent", "reset", "disconnect", "reset_body"}
    assert served.switches.faults == []


def test_faults_are_aimed_at_paths_and_models(served: Served[OpenaiSwitches]) -> None:
    served.set(faults_on={"sandbox-large": ["500"], "/models": ["503"]})
    assert chat(served).status_code == 200
    assert [chat(served, "sandbox-large").status_code for _ in range(2)] == [500, 200]
    headers = {"Authorization": f"Bearer {served.secret}"}
    assert [httpx.get(f"{served.url}/v1/models", headers=headers).status_code for _ in range(2)] == [503, 200]
    served.set(always="429", fault_every=2)
    assert sorted(chat(served).status_code for _ in range(4)) == [200, 200, 429, 429]


def test_the_wait_may_be_named_in_milliseconds_and_retrying_be_forbidden(served: Served[OpenaiSwitches]) -> None:
    served.set(faults=["429_ms", "429"], retry_after_s=3, should_retry="false")
    first = chat(served)
    assert (first.headers["retry-after-ms"], "retry-after" in first.headers) == ("3000", False)
    assert first.headers["x-should-retry"] == "false"
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.secret, max_retries=3, timeout=10)
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="sandbox-mini", messages=[{"role": "user", "content": "x"}])
    assert len(served.asked("/chat/completions")) == 2, "the library obeys the header"


def test_the_headers_about_what_is_left_may_be_nonsense_or_missing(served: Served[OpenaiSwitches]) -> None:
    assert chat(served).headers["x-ratelimit-remaining-requests"] == "499"
    served.set(limit_headers="minus")
    assert chat(served).headers["x-ratelimit-remaining-tokens"] == "-1"
    served.set(limit_headers="none")
    assert not [name for name in chat(served).headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize(
    ("switch", "status", "code"),
    [
        ("region_refused", 403, "unsupported_country_region_territory"),
        ("quota_spent", 429, "insufficient_quota"),
        ("schema_refused", 400, None),
    ],
)
def test_a_lasting_refusal_lasts(served: Served[OpenaiSwitches], switch: str, status: int, code: str | None) -> None:
    served.set(**{switch: True})
    for _ in range(2):
        answer = chat(served, response_format=FORMAT)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    served.set(**{switch: False})
    assert chat(served, response_format=FORMAT).status_code == 200


def test_a_schema_can_be_accepted_and_ignored(served: Served[OpenaiSwitches]) -> None:
    served.set(schema_ignored=True)
    assert "sentence" not in json.loads(content(chat(served, response_format=FORMAT)))
    assert chat(served).status_code == 200


def test_a_model_that_was_switched_off_is_gone_from_the_list_too(served: Served[OpenaiSwitches]) -> None:
    served.set(gone_models=["sandbox-mini"])
    answer = chat(served)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.secret, max_retries=0)
    assert [model.id for model in client.models.list()] == ["sandbox-large"]


def test_flex_may_have_no_capacity_and_another_tier_be_served(served: Served[OpenaiSwitches]) -> None:
    assert chat(served, service_tier="flex").json()["service_tier"] == "flex"
    served.set(flex_unavailable=True)
    refused = chat(served, service_tier="flex")
    assert (refused.status_code, "Resource unavailable" in refused.json()["error"]["message"]) == (429, True)
    assert chat(served).status_code == 200
    served.set(flex_unavailable=False, tier_served="default")
    assert chat(served, service_tier="flex").json()["service_tier"] == "default"


def test_writing_to_the_cache_is_counted_once_for_a_prefix(served: Served[OpenaiSwitches]) -> None:
    served.set(cache_writes_counted=True)
    messages = [{"role": "user", "content": "правило " * 1000}]
    details = [chat(served, messages=messages).json()["usage"]["prompt_tokens_details"] for _ in range(2)]
    assert details == [
        {"cached_tokens": 0, "cache_write_tokens": 1024},
        {"cached_tokens": 1024, "cache_write_tokens": 0},
    ]


def test_a_silent_server_holds_the_caller_until_he_gives_up(served: Served[OpenaiSwitches]) -> None:
    served.set(faults=["silent"], silent_s=30.0)
    headers = {"Authorization": f"Bearer {served.secret}"}
    body = {"model": "sandbox-mini", "messages": [{"role": "user", "content": "x"}]}
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{served.url}/v1/chat/completions", json=body, headers=headers, timeout=0.3)
    served.set(latency_s=0.2)
    assert chat(served).status_code == 200
    assert 0.5 <= time.monotonic() - began < 10
