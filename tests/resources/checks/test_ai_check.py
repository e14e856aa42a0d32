"""What a client learns about its AI provider: what it costs, how fast it is, and whether it keeps to a schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from synkro_resources.ai.prices import OPENAI_AS_OF, price_of
from synkro_resources.ai.probing import fits
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.openai.app import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.serve import serve
from tests.resources.checks.checking import CLOCK, Findings, checked, only

KEY = "sandbox-key"
MODEL = "sandbox-mini"
PRICED = {"price_in": "0,40", "price_out": "1.60", "price_currency": "RUB"}


@dataclass
class Sandbox:
    url: str
    app: Starlette
    switches: OpenaiSwitches

    def check(self, key: str = KEY, **public: Any) -> Findings:
        settings = {"base_url": f"{self.url}/v1", "model": MODEL} | PRICED | public
        return checked(IntegrationKind.AI, settings, {"api_key": key})

    def probes(self) -> int:
        return sum(entry.path.endswith("/completions") for entry in self.app.state.log.entries)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    switches = OpenaiSwitches(slow_s=3.0)
    app = openai_app(clock=CLOCK, api_key=KEY, switches=switches)
    with serve(app) as url:
        yield Sandbox(url, app, switches)


def test_a_working_model_has_nothing_but_good_findings_and_costs_one_call(sandbox: Sandbox) -> None:
    found = sandbox.check()
    assert only(found, "ok") == set(found)
    assert "(json_schema)" in found["structured_output"].what.ru
    assert "0.40 / 1.60 RUB" in found["price"].what.ru
    assert "мс" in found["latency"].what.ru
    assert sandbox.probes() == 1


@pytest.mark.parametrize("base_url", ["", "not an address", "ftp://host/v1", "https://user:pw@host/v1"])
def test_an_address_that_is_none_is_told(sandbox: Sandbox, base_url: str) -> None:
    found = sandbox.check(base_url=base_url)
    assert only(found, "broken") == {"address"}


def test_a_model_has_to_be_chosen(sandbox: Sandbox) -> None:
    assert sandbox.check(model="")["address"].status == "broken"


def test_a_refused_key_is_told_as_such(sandbox: Sandbox) -> None:
    found = sandbox.check("wrong")
    assert (found["key"].status, found["key"].code) == ("broken", "ai.key_refused")
    assert only(found, "broken") == {"key"}
    assert found["structured_output"].status == "warning"


def test_a_model_that_is_not_listed_is_a_warning_until_it_is_asked(sandbox: Sandbox) -> None:
    found = sandbox.check(model="no-such-model")
    assert found["model"].status == "warning"
    assert (found["structured_output"].status, found["structured_output"].code) == ("broken", "ai.model_not_found")


@pytest.mark.parametrize("status", [404, 403])
def test_a_provider_without_a_list_of_models_is_asked_directly(sandbox: Sandbox, status: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        listing = scope.get("path") == "/v1/models"
        await (JSONResponse({"error": {"message": "no"}}, status) if listing else sandbox.app)(scope, receive, send)

    with serve(app) as url:
        found = sandbox.check(base_url=f"{url}/v1")
    assert only(found, "ok") == set(found)


def test_a_country_that_is_not_served_is_not_called_a_bad_key(sandbox: Sandbox) -> None:
    sandbox.switches.always = "403_region"
    found = sandbox.check()
    assert (found["key"].status, found["structured_output"].code) == ("ok", "ai.region")
    assert "Ключ исправен" in found["structured_output"].remedy.ru


def test_an_empty_account_is_told_as_such_and_asked_once(sandbox: Sandbox) -> None:
    sandbox.switches.always = "insufficient_quota"
    found = sandbox.check()
    assert found["structured_output"].code == "ai.no_funds"
    assert sandbox.probes() == 1


@pytest.mark.parametrize(("dialect", "rung"), [("bare", "json_schema, bare"), ("flat", "json_schema, flat")])
def test_a_dialect_of_the_schema_is_found_and_named(sandbox: Sandbox, dialect: str, rung: str) -> None:
    sandbox.switches.dialect = dialect  # pyright: ignore[reportAttributeAccessIssue]
    found = sandbox.check()["structured_output"]
    assert found.status == "warning"
    assert f"«{rung}»" in found.what.ru


def test_a_schema_that_is_accepted_and_ignored_is_found_out(sandbox: Sandbox) -> None:
    with serve(answering(schema=200, json_mode=200, text=GOOD, by_schema='{"answer": "all is well"}')) as url:
        found = sandbox.check(base_url=f"{url}/v1")["structured_output"]
    assert found.status == "warning"
    assert "«json_object»" in found.what.ru
    assert "не соблюдено: json_schema, json_schema, bare" in found.what.ru


def test_a_model_that_obeys_no_rung_is_broken_and_each_is_tried_once_or_twice(sandbox: Sandbox) -> None:
    sandbox.switches.always = "schema_ignored"
    assert sandbox.check()["structured_output"].status == "broken"
    assert sandbox.probes() <= 7


def test_one_stray_answer_does_not_condemn_a_model(sandbox: Sandbox) -> None:
    sandbox.switches.faults = ["schema_ignored"]
    assert sandbox.check()["structured_output"].status == "ok"
    assert sandbox.probes() == 2


def answering(*, schema: int, json_mode: int, text: str, by_schema: str = "") -> Starlette:
    """A provider that refuses formats with these statuses (200: takes them) and says `text`, or `by_schema` to one."""

    async def complete(request: Request) -> Response:
        form = (await request.json()).get("response_format", {}).get("type", "text")
        status = {"json_schema": schema, "json_object": json_mode, "text": 200}[form]
        if status != 200:
            return JSONResponse({"error": {"message": f"response_format {form} is not supported"}}, status)
        said = (by_schema or text) if form == "json_schema" else text
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
        return JSONResponse(body)

    return Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])


GOOD = '{"mood": "good", "count": 3, "note": null}'


@pytest.mark.parametrize(
    ("schema", "json_mode", "text", "status", "rung"),
    [
        (400, 200, GOOD, "warning", "json_object"),
        (422, 400, f"Конечно!\n```json\n{GOOD}\n```", "warning", "text"),
        (400, 400, "Не знаю, что сказать", "broken", ""),
        (400, 400, '{"mood": "so-so", "count": 3, "note": null}', "broken", ""),
        (200, 200, '{"mood": "good", "count": true, "note": null}', "broken", ""),
    ],
)
def test_the_ladder_ends_at_the_first_rung_that_holds(
    sandbox: Sandbox, schema: int, json_mode: int, text: str, status: str, rung: str
) -> None:
    with serve(answering(schema=schema, json_mode=json_mode, text=text)) as url:
        found = sandbox.check(base_url=f"{url}/v1")
    assert found["structured_output"].status == status
    assert f"«{rung}»" in found["structured_output"].what.ru or not rung
    assert found["usage"].status == "warning", "this provider reports none"


def test_a_missing_usage_is_told_because_cost_stays_unknown(sandbox: Sandbox) -> None:
    sandbox.switches.always = "usage_missing"
    found = sandbox.check()
    assert only(found, "warning") == {"usage"}


def test_a_slow_model_is_told_with_its_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synkro_resources.checks.ai.SLOW_MS", 500)
    sandbox.switches.slow_s = 0.6
    sandbox.switches.always = "slow"
    assert sandbox.check()["latency"].status == "warning"


@pytest.mark.parametrize("fault", ["500", "502_html", "disconnect", "429", "html_in_200", "error_in_200", "length"])
def test_an_outage_is_a_finding_and_never_an_exception(sandbox: Sandbox, fault: str) -> None:
    sandbox.switches.always = fault  # pyright: ignore[reportAttributeAccessIssue]
    found = sandbox.check()
    assert found["structured_output"].status == "broken"
    assert "Could not be checked" not in found["structured_output"].what.en


def test_a_page_where_an_api_should_be_is_broken(sandbox: Sandbox) -> None:
    async def page(_request: Request) -> Response:
        return HTMLResponse("<html>Welcome</html>")

    with serve(Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST"])])) as url:
        found = sandbox.check(base_url=f"{url}/v1")
    assert found["structured_output"].code == "ai.bad_answer"


def test_an_unknown_price_is_a_warning_and_a_wrong_one_too(sandbox: Sandbox) -> None:
    assert sandbox.check(price_in="", price_out="")["price"].status == "warning"
    wrong = sandbox.check(price_in="cheap")["price"]
    assert (wrong.status, "не число" in wrong.what.ru) == ("warning", True)


def test_the_list_holds_for_the_maker_only_and_the_tenants_own_price_wins() -> None:
    there = "https://api.openai.com/v1"
    listed = price_of("gpt-5.4-mini", there, {})
    assert listed is not None
    assert (listed.as_of, listed.currency) == (OPENAI_AS_OF, "USD")
    assert listed.cost(1_000_000, 1_000_000) == Decimal("5.25")
    assert price_of("gpt-5.4-mini", "https://reseller.example/v1", {}) is None
    assert price_of("gpt-99", there, {}) is None
    own = price_of("gpt-5.4-mini", there, {"price_in": "1", "price_out": 2})
    assert own is not None
    assert own.cost(1_000_000, 0) == 1
    for wrong in ("x", "-1", "NaN", "Infinity", ""):
        with pytest.raises(ValueError):
            price_of(MODEL, there, {"price_in": wrong, "price_out": "1"})


def test_an_answer_with_words_around_it_fits_only_where_words_are_expected() -> None:
    assert fits(GOOD, fenced=False)
    assert not fits(f"Вот: {GOOD}", fenced=False)
    assert fits(f"Вот: {GOOD} — готово", fenced=True)
    assert not fits("}{", fenced=True)
