"""What a client is told of costs is what the provider charges, and each provider is asked in its own way."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from synkro_resources.ai.prices import ModelPrice, price_of
from synkro_resources.ai.profiles import profile_of
from synkro_resources.ai.rungs import LADDER, Rung, first_rung, format_fields, is_probe_due, remembered

EPISODES = 5000


def price(cached: str | None = None, share: str = "1") -> ModelPrice:
    part = Decimal(share)
    kept = None if cached is None else Decimal(cached) * part
    return ModelPrice(Decimal(1) * part, Decimal(5) * part, "USD", "test", None, kept)


@pytest.mark.parametrize(
    ("of", "cached", "total"),
    [
        pytest.param(price(), 0, "33.00", id="nothing-cached"),
        pytest.param(price("0.1"), 2000, "24.00", id="rubric-from-cache"),
        pytest.param(price("0.1", "0.5"), 2000, "12.00", id="half-price-tier"),
    ],
)
def test_five_thousand_episodes_cost_what_the_contract_says(of: ModelPrice, cached: int, total: str) -> None:
    assert of.cost(3600, 600, cached) * EPISODES == Decimal(total)


def test_an_own_price_holds_everywhere_and_may_name_the_cached_one() -> None:
    public = {"price_in": "1,5", "price_out": "6", "price_cached": "0.3", "price_currency": "RUB"}
    found = price_of("any", "https://api.openai.com/v1", public)
    assert found is not None
    assert (found.incoming, found.cached, found.currency) == (Decimal("1.5"), Decimal("0.3"), "RUB")
    assert price_of("any", "https://llm.example/v1", {}) is None


def test_a_model_that_thinks_gets_no_temperature_and_its_own_name_of_the_limit() -> None:
    thinking = profile_of("https://api.openai.com/v1", "gpt-6-luna", {})
    assert thinking.limits(900) == {"max_completion_tokens": 900, "store": False}
    assert profile_of("https://api.openai.com/v1", "gpt-4.1", {}).limits(9)["temperature"] == 0.0
    assert thinking.params == ""


def test_each_provider_is_asked_as_it_wants() -> None:
    assert profile_of("https://ai.api.cloud.yandex.net/v1", "gpt://f/yandexgpt/rc", {}).most_at_once == 2
    assert profile_of("https://openrouter.ai/api/v1", "m", {}).limits(5)["provider"] == {"require_parameters": True}
    other = profile_of("http://localhost:11434/v1", "m", {"temperature": "none", "concurrency": 3})
    assert (other.name, other.limits(5), other.most_at_once) == ("compatible", {"max_tokens": 5}, 3)
    named = profile_of("http://localhost/v1", "m", {"token_limit_field": "max_completion_tokens", "temperature": "0.2"})
    assert named.limits(5) == {"max_completion_tokens": 5, "temperature": 0.2}
    assert named.params == "temperature=0.2"


def test_loads_begin_where_the_check_ended_for_this_very_model_and_it_is_found_out_again_after_a_week() -> None:
    probed_on = date(2026, 11, 20)
    kept = remembered(Rung.OBJECT, "model|1", probed_on)
    assert first_rung(kept, "model|1") is Rung.OBJECT
    assert first_rung(kept, "model-2") is Rung.SCHEMA
    assert first_rung(remembered(None, "model|1", probed_on), "model|1") is Rung.SCHEMA
    assert first_rung("", "") is Rung.SCHEMA
    due = [is_probe_due(kept, "model|1", probed_on + timedelta(days=days)) for days in (0, 6, 7)]
    assert due == [False, False, True]
    assert is_probe_due(kept, "model-2", probed_on)
    assert is_probe_due("", "model|1", probed_on)


def test_the_ladder_ends_with_plain_text_and_each_rung_asks_in_its_own_way() -> None:
    asked = [repr(format_fields(rung, "x", {"type": "object"})) for rung in LADDER]
    assert len(set(asked)) == len(LADDER)
    assert asked[-1] == "{}"
