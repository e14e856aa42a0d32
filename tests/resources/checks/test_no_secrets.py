"""Findings are shown to people and kept for years: no secret may come back in them, in logs or in stored rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synkro_resources.checks import run_check
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import last_check, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.serve import serve
from tests.resources.checks.checking import DAY_S, NOW_S, jwt

MARK = "PLANTEDhushhush"
BOT = f"7000000001:{MARK}{'A' * 25}"
PERSON = "Ирина Секретова"


@pytest.fixture
def mirror() -> Iterator[str]:
    """A server that refuses everything and says everything that it was told, as careless vendors do."""

    async def echo(request: Request) -> Response:
        told = f"{request.url} {dict(request.headers)} {await request.body()!r}"
        status = {"a": 400, "b": 401, "c": 403, "d": 500}.get(request.url.path.strip("/")[:1], 400)
        body = {"message": told, "description": told, "detail": told, "error": {"message": told, "code": told}}
        return Response(f"{body}" if status == 500 else str(body).replace("'", '"'), status, {"x-request-id": "r1"})

    with serve(Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST", "DELETE"])])) as url:
        yield url


SETTINGS: dict[IntegrationKind, tuple[dict[str, str], dict[str, str]]] = {
    IntegrationKind.AMOCRM: (
        {"base_url": "{url}"},
        {"token": jwt(sub=MARK, exp=NOW_S + DAY_S, iat=NOW_S) + MARK, "client_secret": MARK},
    ),
    IntegrationKind.RADIST: ({"base_url": "{url}", "company_id": "5"}, {"api_key": MARK}),
    IntegrationKind.SUPABASE: (
        {"url": "{url}"},
        {"secret_key": f"sb_secret_{MARK}", "connection_string": f"postgresql://{MARK}:{MARK}@127.0.0.1:1/{MARK}"},
    ),
    IntegrationKind.AI: ({"base_url": "{url}", "model": "m"}, {"api_key": MARK}),
    IntegrationKind.TELEGRAM: ({"base_url": "{url}", "proxy": ""}, {"token": BOT}),
    IntegrationKind.EMAIL: (
        {"host": "127.0.0.1", "port": "1", "user": "u", "sender": "a@example.ru", "certificate": "{url}"},
        {"password": MARK},
    ),
}


@pytest.mark.parametrize("variant", ["/a", "/b", "/c", "/d", "unreachable", "malformed"])
@pytest.mark.parametrize("kind", list(IntegrationKind))
def test_no_secret_comes_back_in_findings_logs_or_stored_rows(
    kind: IntegrationKind,
    variant: str,
    mirror: str,
    control_db: Database,
    keyring: Keyring,
    tenant_a: Tenant,
    control_clock: FixedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    url = {"unreachable": "http://127.0.0.1:1", "malformed": f"http://u:{MARK}@127.0.0.1:1"}.get(
        variant, mirror + variant
    )
    public, secrets = SETTINGS[kind]
    given: dict[str, str | int | bool] = {name: value.replace("{url}", url) for name, value in public.items()}
    if kind is IntegrationKind.TELEGRAM and variant == "malformed":
        given |= {"base_url": mirror, "proxy": f"http://u:{MARK}@127.0.0.1:1"}
    sealed = {name: value + ("\n y" if variant == "malformed" else "") for name, value in secrets.items()}
    slug = tenant_a.slug
    set_integration(control_db, keyring, slug, kind, given, sealed, "user:1")
    add_destination(control_db, slug, channel="telegram", chat_id="501", title=PERSON, actor="user:1")
    check = run_check(
        control_db, keyring, slug, kind, clock=control_clock, allow_sandbox=True, send_test=kind == "telegram"
    )
    assert check.status == "broken"
    stored = last_check(control_db, slug, kind)
    with control_db.tenant(slug) as connection:
        rows = connection.execute(
            text("SELECT findings::text, status FROM integration_check WHERE tenant = :slug"), {"slug": slug}
        ).all()
        marked = connection.execute(
            text("SELECT status_code, what_ru, what_en, remedy_ru, remedy_en FROM integration WHERE tenant = :slug"),
            {"slug": slug},
        ).all()
    for where in (str(check), str(stored), str(rows), str(marked), caplog.text):
        assert MARK not in where
        assert PERSON not in where
    assert check.duration_ms < timedelta(seconds=30).total_seconds() * 1000
