"""Addresses that people type, in every spelling, and names that change their meaning."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from pydantic import SecretStr
from telegram.error import TelegramError

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import integrations
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import new_key
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.settings import Settings
from synkro_resources.supabase.opening import open_database
from tests.app.cabinet.test_integration_rights import person
from tests.attacks.own_servers import CALLS

Seen = Callable[[str, object], None]
NAME = "changes-its-mind.example"
PUBLIC = "93.184.216.34"

FIELDS: list[tuple[IntegrationKind, str, dict[str, str | bool]]] = [
    (IntegrationKind.AI, "base_url", {"api_key": "k", "model": "m"}),
    (IntegrationKind.SUPABASE, "url", {"secret_key": "sb_secret_x", "schema": "public"}),
    (IntegrationKind.TELEGRAM, "base_url", {"token": f"7000000001:{'A' * 35}"}),
]
INSIDE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "①②⑦.⓪.⓪.①",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[ff02::1]",
    "user@127.0.0.1",
    "93.184.216.34@127.0.0.1",
]


@pytest.fixture
def place(control_db: Database) -> Installation:
    settings = Settings.load(secret_keys=SecretStr(new_key()), allow_sandbox=False)
    return Installation(settings, control_db, SystemClock())


def refusal(place: Installation, tenant: str, kind: IntegrationKind, values: dict[str, str | bool]) -> str:
    with pytest.raises(SynkroError) as refused:
        integrations.save(place, person(tenant), tenant, kind, values)
    return refused.value.code


@pytest.mark.parametrize(("kind", "field", "rest"), FIELDS, ids=lambda value: str(value)[:10])
def test_no_spelling_of_an_inside_address_is_saved(
    place: Installation,
    tenant_a: Tenant,
    kind: IntegrationKind,
    field: str,
    rest: dict[str, str | bool],
    record_property: Seen,
) -> None:
    for host in INSIDE:
        code = refusal(place, tenant_a.slug, kind, {**rest, field: f"https://{host}/x"})
        assert code in ("address.inside", "address.unreadable"), host
    record_property("seen", f"{kind}: {len(INSIDE)} spellings")


@pytest.mark.parametrize(("kind", "field", "rest"), FIELDS, ids=lambda value: str(value)[:10])
def test_nothing_but_https_is_saved(
    place: Installation, tenant_a: Tenant, kind: IntegrationKind, field: str, rest: dict[str, str | bool]
) -> None:
    for address in (f"http://{PUBLIC}", f"ftp://{PUBLIC}", "file:///etc/passwd", f"gopher://{PUBLIC}", f"//{PUBLIC}"):
        assert refusal(place, tenant_a.slug, kind, {**rest, field: address}) == "address.unreadable", address


@pytest.fixture
def meaning(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the name stands for at the moment, as a name server of the attacker's says; change it in place."""
    real, now = socket.getaddrinfo, [PUBLIC]

    def answer(host: object, port: object, *args: object, **options: object) -> object:
        asked = host.decode() if isinstance(host, bytes) else host
        return real(now[0] if asked == NAME else host, port, *args, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return now


def test_a_name_that_leads_inside_is_not_saved(place: Installation, tenant_a: Tenant, meaning: list[str]) -> None:
    for address in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1"):
        meaning[0] = address
        for kind, field, rest in FIELDS:
            assert refusal(place, tenant_a.slug, kind, {**rest, field: f"https://{NAME}"}) == "address.inside"
        string = f"postgresql://u:p@{NAME}/postgres"
        values: dict[str, str | bool] = {"connection_string": string, "schema": "public"}
        assert refusal(place, tenant_a.slug, IntegrationKind.SUPABASE, values) == "address.inside"


@pytest.fixture
def internal() -> Iterator[tuple[int, list[object]]]:
    """Something inside that nobody may reach: its port, and who connected."""
    reached: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    stream, peer = listener.accept()
                except TimeoutError:
                    continue
                reached.append(peer)
                stream.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1], reached
        over.set()
        thread.join()


def database(url: str, inside: str) -> object:
    address = url.partition("://")[2]
    return open_database(SecretStr(f"postgresql://u:p@{address}/postgres"), inside=inside, connect_timeout=2)


@pytest.mark.parametrize("name", [*CALLS, "database"])
def test_a_name_that_leads_inside_later_is_not_called(
    name: str,
    place: Installation,
    tenant_a: Tenant,
    meaning: list[str],
    internal: tuple[int, list[object]],
    record_property: Seen,
) -> None:
    kind, field, rest = FIELDS[0]
    integrations.save(place, person(tenant_a.slug), tenant_a.slug, kind, {**rest, field: f"https://{NAME}"})
    port, reached = internal
    meaning[0] = "127.0.0.1"
    call = {**CALLS, "database": database}[name]
    with pytest.raises((SynkroError, TelegramError, psycopg2.Error)) as refused:
        call(f"http://{NAME}:{port}", "")
    assert not reached
    if name != "telegram":  # its library has errors of its own
        assert isinstance(refused.value, SynkroError)
        assert refused.value.code == "address.inside"
    if name != "database":  # its driver looks names up by itself
        with pytest.raises((SynkroError, TelegramError)):
            call(f"http://{NAME}:{port}", NAME)
        assert reached, "what an operator allowed is not reached either, so nothing was tried"
    record_property("seen", f"{name}: {getattr(refused.value, 'code', type(refused.value).__name__)}")
