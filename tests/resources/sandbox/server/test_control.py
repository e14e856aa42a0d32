"""The sandbox's control addresses and credentials, without any world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.credentials import SandboxCredentials, telegram_token
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.server.arguments import arguments, databases
from synkro_resources.sandbox.server.control import Control, VendorApp
from synkro_resources.sandbox.supabase import gateway_app

CLOCK = FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture
def url() -> Iterator[str]:
    vendors = [
        VendorApp("openai", "", "/openai", openai_app(clock=CLOCK, api_key="k")),
        VendorApp(
            "supabase",
            "demo",
            "/supabase/demo",
            gateway_app(None, secret_key="sb_secret_x", publishable_key="sb_publishable_x", jwt_secret="s" * 32),
        ),
    ]
    control = Control(vendors, lambda: {"ready": True})
    with serve(Starlette(routes=[*control.routes(), *(Mount(item.path, item.app) for item in vendors)])) as address:
        yield address


def test_requests_are_counted_per_vendor_and_company(url: str) -> None:
    httpx.get(f"{url}/openai/v1/models")
    httpx.get(f"{url}/supabase/demo/rest/v1/deal")
    assert httpx.get(f"{url}/control/requests").json() == {
        "openai": {"*": {"GET /v1/models": 1}},
        "supabase": {"demo": {"GET /rest/v1/deal": 1}},
    }
    narrowed = httpx.get(f"{url}/control/requests", params={"vendor": "supabase", "slug": "demo"})
    assert list(narrowed.json()) == ["supabase"]
    assert httpx.get(f"{url}/control/requests?vendor=amocrm").status_code == 404


def test_switches_are_set_by_name_and_wrong_ones_change_nothing(url: str) -> None:
    shown = httpx.post(f"{url}/control/switches/openai", json={"faults": ["429"], "retry_after_s": 9}).json()
    assert (shown["faults"], shown["retry_after_s"]) == (["429"], 9)
    auth = {"Authorization": "Bearer k"}
    answer = httpx.post(f"{url}/openai/v1/chat/completions", json={}, headers=auth)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "9")
    for wrong in ({"nonsense": 1}, {"retry_after_s": "soon", "slow_s": 1}, {"faults": ["418"]}, [1]):
        assert httpx.post(f"{url}/control/switches/openai", json=wrong).status_code == 400
    assert httpx.get(f"{url}/control/switches/openai").json()["slow_s"] == 10.0
    assert httpx.post(f"{url}/control/switches/supabase/demo", json={"paused": True}).json()["paused"] is True
    assert httpx.post(f"{url}/control/switches/supabase/other", json={}).status_code == 404


def test_credentials_are_the_same_every_time_and_differ_between_companies() -> None:
    one, again = (SandboxCredentials.for_tenant("demo", "http://127.0.0.1:8090/") for _ in range(2))
    other = SandboxCredentials.for_tenant("other", "http://127.0.0.1:8090")
    assert one == again
    assert set(one.by_kind()) == set(IntegrationKind) - {IntegrationKind.EMAIL}  # a mail server is nobody's emulator
    assert one.amocrm.secrets == {"token": "sandbox-amocrm-demo"}
    assert one.ai.public["base_url"] == "http://127.0.0.1:8090/openai/v1"
    assert one.telegram.secrets["token"] == telegram_token("demo") != telegram_token("other")
    assert one.telegram.public["chat_id"] != other.telegram.public["chat_id"]
    assert one.supabase.secrets != other.supabase.secrets


def test_databases_belong_to_named_companies_or_the_first() -> None:
    assert databases(["postgresql://u:p=1@h/one"], ["demo"]) == {"demo": "postgresql://u:p=1@h/one"}
    given = ["postgresql://h/one", "other=postgresql+psycopg2://h/two"]
    assert databases(given, ["demo", "other"]) == {
        "demo": "postgresql://h/one",
        "other": "postgresql+psycopg2://h/two",
    }
    with pytest.raises(SystemExit, match="no tenant 'ghost'"):
        databases(["ghost=postgresql://h/x"], ["demo"])


def test_an_end_without_zone_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--port", "1", "--state", ".", "--seed", "1", "--end", "2026-11-20T12:00:00"])
    assert "a zone is needed" in capsys.readouterr().err


def test_the_size_of_the_worlds_and_the_limits_are_chosen_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--port", "1", "--state", ".", "--seed", "1", "--end", "2026-11-20T12:00:00Z"]
    plain = arguments(given)
    assert (plain.size, plain.no_rate_limit) == ("small", False)
    large = arguments([*given, "--size", "large", "--no-rate-limit"])
    assert (large.size, large.no_rate_limit) == ("large", True)
    with pytest.raises(SystemExit):
        arguments([*given, "--size", "huge"])
    assert "--size" in capsys.readouterr().err
