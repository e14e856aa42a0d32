"""The analysis over a real socket: what it costs, how it is cut and spoilt, and where its mistakes are noted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from synkro_resources.sandbox.openai.schema import problems
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from tests.resources.sandbox.faults import Served, openai_sandbox
from tests.resources.sandbox.openai.contract import FULL_PROMPT, ITEMS, SCHEMA, Talk, body, drops, talk
from tests.resources.sandbox.openai.test_analyst import WARDROBE

Sandbox = Served[OpenaiSwitches]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with openai_sandbox() as served:
        yield served


def complete(sandbox: Sandbox, shown: Talk = WARDROBE, *, full: bool = True, **more: Any) -> httpx.Response:
    request = {**body(shown, full=full), **more}
    headers = {"Authorization": f"Bearer {sandbox.secret}"}
    return httpx.post(f"{sandbox.url}/v1/chat/completions", json=request, headers=headers, timeout=10)


def content(answer: httpx.Response) -> str:
    return answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize(("full", "cap"), [(True, 2500), (False, 900)])
def test_an_answer_fits_its_schema_and_its_usual_cap_and_is_counted(sandbox: Sandbox, full: bool, cap: int) -> None:
    answer = complete(sandbox, full=full, max_completion_tokens=cap)
    told = json.loads(content(answer))
    assert problems(told, SCHEMA, SCHEMA) == []
    assert list(told["findings"][0]) == list(SCHEMA["$defs"]["Finding"]["properties"])
    assert sum(item["type"] == "checklist" for item in told["findings"]) == (len(ITEMS) if full else 0)
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    usage = answer.json()["usage"]
    assert 0 < usage["completion_tokens"] < cap
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_the_other_api_gives_the_same_answer(sandbox: Sandbox) -> None:
    asked = body(WARDROBE)
    request = {
        "model": asked["model"],
        "instructions": asked["messages"][0]["content"],
        "input": asked["messages"][1]["content"],
        "text": {"format": {"type": "json_schema", "name": "episode", "strict": True, "schema": SCHEMA}},
        "store": False,
    }
    headers = {"Authorization": f"Bearer {sandbox.secret}"}
    answer = httpx.post(f"{sandbox.url}/v1/responses", json=request, headers=headers, timeout=10).json()
    assert answer["output"][0]["content"][0]["text"] == content(complete(sandbox))


def test_a_provider_without_schemas_is_told_the_fields_in_the_prompt(sandbox: Sandbox) -> None:
    wanted = content(complete(sandbox))
    assert json.loads(content(complete(sandbox, response_format={"type": "text"}))) == json.loads(wanted)
    messages = [{"role": "system", "content": f"{FULL_PROMPT} Только JSON."}, body(WARDROBE)["messages"][1]]
    answer = complete(sandbox, response_format={"type": "json_object"}, messages=messages)
    assert json.loads(content(answer)) == json.loads(wanted)


def test_a_cap_that_is_too_small_cuts_the_answer(sandbox: Sandbox) -> None:
    answer = complete(sandbox, max_completion_tokens=200).json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] <= 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer["choices"][0]["message"]["content"])


@pytest.mark.parametrize(
    ("fault", "start"),
    [("refusal", "None"), ("fenced", "```json"), ("not_json", "Сегодня"), ("schema_ignored", '{"answer"')],
)
def test_faults_spoil_an_analysis_as_any_other_answer(sandbox: Sandbox, fault: str, start: str) -> None:
    sandbox.set(faults=[fault])
    assert str(content(complete(sandbox))).startswith(start)
    assert content(complete(sandbox)).startswith('{"findings"')


def test_mistakes_are_noted_under_the_number_of_their_request(sandbox: Sandbox) -> None:
    complete(sandbox)
    sandbox.set(lies_share=1.0, lie_kinds=["invented_id"])
    answer = complete(sandbox)
    number = int(answer.headers["x-request-id"].removeprefix("req_"))
    noted = sandbox.app.state.lies
    assert {lie.request for lie in noted} == {number}
    reasons = drops(WARDROBE, json.loads(content(answer))["findings"])
    assert {index for index, reason in enumerate(reasons) if reason == "bad_ref"} == {lie.index for lie in noted}


def test_other_requests_are_answered_as_before(sandbox: Sandbox) -> None:
    messages = [{"role": "user", "content": "Итоги дня: новые диалоги, ответы менеджеров."}]
    assert "диалоги" in content(complete(sandbox, messages=messages, response_format={"type": "text"}))
    # The shape alone is no dialog: there is nothing to read.
    empty = json.loads(content(complete(sandbox, messages=messages)))
    assert problems(empty, SCHEMA, SCHEMA) == []


def test_a_schema_with_fewer_words_gets_only_what_it_can_say(sandbox: Sandbox) -> None:
    fewer = json.loads(json.dumps(SCHEMA))
    fewer["$defs"]["Finding"]["properties"]["type"]["enum"] = ["client_type", "intent"]
    wanted = {"type": "json_schema", "json_schema": {"name": "episode", "strict": True, "schema": fewer}}
    answer = complete(sandbox, talk("К: Сколько стоит шкаф?"), response_format=wanted)
    assert {item["type"] for item in json.loads(content(answer))["findings"]} == {"client_type", "intent"}
