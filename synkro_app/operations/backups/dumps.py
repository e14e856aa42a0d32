"""pg_dump and pg_restore as streams: no dump ever lies on a disk, no password stands in a list of processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg2

from synkro_app.operations.backups.entries import PIECE_BYTES
from synkro_resources.child_process import dies_with_parent
from synkro_resources.embedded_postgres_files import packaged_binaries
from synkro_resources.model.errors import ConfigurationError, Sentence, TransientError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONNECT_LIMIT_S = 10
# Everything that somebody made there, whatever its schema: an empty database has none of it.
_OBJECTS = """
    select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and nspname not like 'pg\\_temp%%'
"""


def dump(url: str) -> Iterator[bytes]:
    """One database as of one instant, in pg_dump's custom format, piece by piece.

    Raises:
        ConfigurationError: `backup.dump_failed`.
    """
    arguments = [_program("pg_dump", url), "--format=custom", "--no-owner", "--no-password", _address(url)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=_environment(url),
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )
        try:
            output = _pipe(process.stdout)
            while piece := output.read(PIECE_BYTES):
                yield piece
            if process.wait() != 0:
                raise _dump_failed(_last_words(said))
        finally:
            process.kill()
            process.wait()


def restore(url: str, pieces: Iterable[bytes], *, again: bool) -> None:
    """Put a dump into a database, all of it or nothing; `again`: what an earlier try has put there is replaced.

    Raises:
        ConfigurationError: `restore.database_failed`.
    """
    replacing = ["--clean", "--if-exists"] if again else []
    arguments = [
        *(_program("pg_restore", url), "--dbname", _address(url), "--no-owner", "--no-password"),
        *("--single-transaction", "--exit-on-error", *replacing),
    ]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=_environment(url),
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )
        try:
            try:
                with _pipe(process.stdin) as sink:
                    for piece in pieces:
                        sink.write(piece)
            except BrokenPipeError:
                pass  # it has ended already and says why
            if process.wait() != 0:
                raise _restore_failed(_last_words(said))
        finally:
            process.kill()
            process.wait()


def is_empty(url: str) -> bool:
    """Whether nobody has made anything in this database.

    Raises:
        TransientError: `control.unavailable`.
    """
    return _asked(url, _OBJECTS) == 0


def size_bytes(url: str) -> int:
    """What the database takes on its server's disk; its dump is smaller. Raises as `is_empty`."""
    return _asked(url, "select pg_database_size(current_database())")


def reads_everything(url: str) -> bool:
    """Whether this account's dump holds all rows: the tables' rules hold for their owner, too. Raises as `is_empty`."""
    return bool(_asked(url, "select (rolsuper or rolbypassrls)::int from pg_roles where rolname = current_user"))


def _asked(url: str, query: str) -> int:
    try:
        connection = psycopg2.connect(_libpq(url), connect_timeout=CONNECT_LIMIT_S)
    except psycopg2.OperationalError as error:
        raise TransientError(
            "control.unavailable",
            Sentence("База данных не отвечает.", "The database does not answer."),
            Sentence(
                "Проверьте, что сервер базы запущен и адрес верен.", "Check that its server runs and the address."
            ),
        ) from error
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
            return int(row[0]) if row else 0
    finally:
        connection.close()


def _program(name: str, url: str) -> str:
    """Our own for a server on this machine; another server may want TLS, which the machine's own programs can do."""
    own = str(packaged_binaries() / name)
    installed = shutil.which(name)
    if installed is None or urlsplit(url).hostname in LOOPBACK:
        return own
    told = subprocess.run([installed, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", told)
    server = _asked(url, "select current_setting('server_version_num')::int / 10000")
    return installed if found and int(found[1]) >= server else own


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg2://", "postgresql://", 1)


def _address(url: str) -> str:
    """The address without its password, which everybody on the machine could read."""
    parts = urlsplit(_libpq(url))
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host))


def _environment(url: str) -> dict[str, str]:
    password = urlsplit(url).password
    mine = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": str(CONNECT_LIMIT_S)}
    kept = {name: os.environ[name] for name in ("HOME", "PGPASSFILE", "PGSSLROOTCERT") if name in os.environ}
    return {**kept, **mine, **({"PGPASSWORD": unquote(password)} if password else {})}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the process was started without a pipe")
    return pipe


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    return " | ".join(said.read().decode(errors="replace").strip().splitlines()[-3:])


def _dump_failed(said: str) -> ConfigurationError:
    return ConfigurationError(
        "backup.dump_failed",
        Sentence(f"База не выгружена: {said}", f"The database could not be dumped: {said}"),
        Sentence(
            "Копия не сделана, прежние целы. Исправьте причину и повторите.",
            "No backup was made, earlier ones are whole. Mend the cause and try again.",
        ),
    )


def _restore_failed(said: str) -> ConfigurationError:
    return ConfigurationError(
        "restore.database_failed",
        Sentence(f"База не восстановлена: {said}", f"The database could not be restored: {said}"),
        Sentence(
            "Исправьте причину и повторите ту же команду: она начнёт с чистого места.",
            "Mend the cause and run the same command again: it begins anew.",
        ),
    )


def folder_bytes(folder: Path) -> tuple[int, int]:
    """Files below a folder and their bytes, unfinished ones left out."""
    files = size = 0
    for path in stored_files(folder):
        try:
            size += path.stat().st_size
        except FileNotFoundError:
            continue
        files += 1
    return files, size


def stored_files(folder: Path) -> Iterator[Path]:
    """The files below a folder, each folder's in the order of their names.

    Days come before `baseline` and `current` that way, as they are written: what is in force is then never older than
    the days it was folded from.
    """
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if not name.startswith("."):  # being written
                yield Path(place) / name
