"""What the tests of the checks share: running one, finding a finding, and the vendors' real names on a local socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from synkro_resources.checks import check_integration
from synkro_resources.control.integrations import CheckFinding, PublicSettings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.supabase.tokens import sign

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLOCK = FixedClock(NOON)
DAY_S = 86_400
NOW_S = int(NOON.timestamp())

Findings = dict[str, CheckFinding]


def checked(kind: IntegrationKind, public: PublicSettings, secrets: Mapping[str, str], **more: Any) -> Findings:
    """The findings by name; every name once."""
    sealed = {name: SecretStr(value) for name, value in secrets.items()}
    found = check_integration("demo", kind, public, sealed, **({"clock": CLOCK, "allow_sandbox": True} | more))
    by_name = {finding.name: finding for finding in found}
    assert len(by_name) == len(found), [finding.name for finding in found]
    for finding in found:
        assert finding.what.ru, finding
        assert finding.what.en, finding
        assert finding.status == "ok" or (finding.remedy.ru and finding.remedy.en), finding
    return by_name


def statuses(findings: Findings) -> dict[str, str]:
    return {name: finding.status for name, finding in findings.items()}


def only(findings: Findings, status: str) -> set[str]:
    return {name for name, finding in findings.items() if finding.status == status}


def jwt(**claims: object) -> str:
    """A token with these claims, signed with a key that nobody knows, as the vendors' are for us."""
    return sign(claims, "nobody knows this key")


class Rerouted(httpx.BaseTransport):
    """Carries requests for the vendors' real hosts to local sockets; other hosts do not answer."""

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = routes
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host not in self._routes:
            raise httpx.ConnectError("no route", request=request)
        there = httpx.URL(self._routes[request.url.host])
        url = request.url.copy_with(scheme=there.scheme, host=there.host, port=there.port)
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=request.headers, extensions=request.extensions)
        )

    def close(self) -> None:
        self._inner.close()


def rerouted(**routes: str) -> Callable[[], httpx.BaseTransport]:
    """A network for `check_integration`: host names with `_` for `.` and `__` for `-`."""
    return lambda: Rerouted({host.replace("__", "-").replace("_", "."): url for host, url in routes.items()})
