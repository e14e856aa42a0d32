"""A client's database in trouble must name the trouble, keep what it had, and be complete after the next load."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from pydantic import SecretStr

from synkro_resources.model.errors import IntegrationError, SynkroError, TransientError
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.sandbox.supabase.project import plain_dsn
from synkro_resources.supabase import DirectWriter
from tests.resources.supabase.projects import as_owner, as_writer, deals, stored

BEFORE, AFTER = deals((1, 1, "была")), deals(*((number, 2, "новая") for number in range(1, 4_001)))

REFUSING = """create or replace function refuse() returns trigger language plpgsql as $$ begin {deed} end $$;
create trigger refuse before insert on synkro_deal for each row when (new.deal_id = 3000) execute function refuse();"""
RAISE = "raise exception 'no' using errcode = '{code}';"
END_CONNECTION = "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return new;"


def assert_nothing_was_lost_and_the_next_load_completes(url: str, writer: DirectWriter) -> None:
    """The half-written load left no row behind; the same rows again are all there."""
    assert len(stored(url)) == 1
    as_owner(url, "drop trigger if exists refuse on synkro_deal")
    writer.upsert(DEAL, AFTER)
    assert len(stored(url)) == AFTER.num_rows


@pytest.mark.parametrize(
    ("code", "said", "remedy"), [("53100", "нет места", "Увеличьте диск"), ("25006", "только для чтения", "режим базы")]
)
def test_a_full_or_read_only_database_is_named_with_what_to_do(
    project: str, direct: DirectWriter, code: str, said: str, remedy: str
) -> None:
    direct.upsert(DEAL, BEFORE)
    as_owner(project, REFUSING.format(deed=RAISE.format(code=code)))
    with pytest.raises(IntegrationError) as caught:
        direct.upsert(DEAL, AFTER)
    assert caught.value.code == f"supabase.{code}"
    assert said in caught.value.what.ru
    assert remedy in caught.value.remedy.ru
    assert_nothing_was_lost_and_the_next_load_completes(project, direct)


def test_a_role_that_may_only_read_is_named(project: str, direct: DirectWriter) -> None:
    direct.upsert(DEAL, BEFORE)
    direct.close()
    as_owner(project, "alter role synkro_writer set default_transaction_read_only = on")
    try:
        with pytest.raises(IntegrationError) as caught:
            direct.upsert(DEAL, AFTER)
        assert caught.value.code == "supabase.25006"
    finally:
        direct.close()
        as_owner(project, "alter role synkro_writer reset default_transaction_read_only")
    assert_nothing_was_lost_and_the_next_load_completes(project, direct)


def test_a_connection_that_ends_inside_the_transaction_leaves_nothing_half_done(
    project: str, direct: DirectWriter
) -> None:
    direct.upsert(DEAL, BEFORE)
    as_owner(project, REFUSING.format(deed=END_CONNECTION), "grant pg_signal_backend to synkro_writer")
    with pytest.raises(TransientError) as caught:
        direct.upsert(DEAL, AFTER)
    assert "сохранены у нас" in caught.value.remedy.ru
    assert_nothing_was_lost_and_the_next_load_completes(project, direct)


def test_a_line_that_is_cut_in_the_middle_of_the_copy_leaves_nothing_half_done(
    project: str, direct: DirectWriter
) -> None:
    direct.upsert(DEAL, BEFORE)
    with cutting_proxy(project, after_bytes=100_000) as url:
        cut = DirectWriter(SecretStr(as_writer(url)), tenant="acme")
        with pytest.raises(SynkroError) as caught:
            cut.upsert(DEAL, AFTER)
        assert caught.value.code == "supabase.unreachable"
        cut.close()
    assert_nothing_was_lost_and_the_next_load_completes(project, direct)


@contextmanager
def cutting_proxy(url: str, *, after_bytes: int) -> Iterator[str]:
    """The same database through a line that breaks once so many bytes have gone to it."""
    parts = psycopg2.extensions.parse_dsn(plain_dsn(url))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        server = socket.create_connection((parts["host"], int(parts["port"])))

        def back() -> None:
            while data := _received(server):
                client.sendall(data)

        threading.Thread(target=back, daemon=True).start()
        sent = 0
        while sent < after_bytes and (data := _received(client)):
            server.sendall(data)
            sent += len(data)
        for line in (client, server):
            line.shutdown(socket.SHUT_RDWR)
            line.close()

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    try:
        yield f"postgresql://{parts['user']}:{parts.get('password', '')}@127.0.0.1:{port}/{parts['dbname']}"
    finally:
        listener.close()


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(65_536)
    except OSError:  # the other direction has closed the line
        return b""
