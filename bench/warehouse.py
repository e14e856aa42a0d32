"""Writing to the client's database: `python -m bench.warehouse [--rows N]`, rows of messages per second.

Both paths, next to floors measured in the same run on the same rows and the same PostgreSQL: a bare COPY into a table
of the same columns without key, index or trigger, a bare COPY into our own DDL, and one REST request per row. What
follows a load, the comparison by checksums, is timed too. Ends with 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import psycopg2
import pyarrow as pa
from psycopg2.extensions import connection as PgConnection
from pydantic import SecretStr

from bench.table import Row, tell
from bench.vendors import END, SEED, SLUG
from synkro_assets.dialogs import normalize
from synkro_assets.dialogs.normalize import groups_of
from synkro_assets.normalization import normalized
from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.dialogs import DIALOG, MESSAGE
from synkro_resources.model.tables.raw import RADIST_MESSAGES
from synkro_resources.model.window import TenantWindow
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.supabase.binary import require_postgrest
from synkro_resources.sandbox.supabase.gateway import gateway_app
from synkro_resources.sandbox.supabase.process import PostgrestProcess
from synkro_resources.sandbox.supabase.project import authenticator_url, plain_dsn, prepare_project
from synkro_resources.sandbox.world.calendar import ZONE
from synkro_resources.sandbox.world.sizes import build_sized_world
from synkro_resources.supabase import DirectWriter, RestWriter, WarehouseWriter
from synkro_resources.supabase.column_types import PG_TYPES
from synkro_resources.supabase.ddl import apply_ddl
from synkro_resources.supabase.direct import as_csv
from synkro_resources.supabase.fingerprints import fingerprints
from synkro_resources.supabase.writer import warehouse_name

DIRECT_AIM, REST_AIM = 0.5, 20.0
"""Times the bare COPY into the plain table, and times row by row."""
REPEATS = 3
SINGLE_ROWS = 300
KEY, WRITER = "sb_secret_bench", "bench-writer"
TARGET = f"public.{warehouse_name(MESSAGE)}"


def messages(rows: int) -> pa.Table:
    """So many normalised messages of the invented medium company, again under other ids where it has fewer."""
    world = build_sized_world("medium", SEED, END)
    zone = ZoneInfo(ZONE)
    raw: list[dict[str, object]] = []
    for chat_id, bodies in world.radist.messages.items():
        for body in bodies:
            sent_at = datetime.fromisoformat(str(body["created_at"])).astimezone(UTC)
            values = {"message_id": body["message_id"], "chat_id": chat_id, "created_at": sent_at, "no_zone": False}
            raw.append({**values, "raw": orjson.dumps(body).decode()})
    table = RADIST_MESSAGES.from_rows(raw)
    days = [at.astimezone(zone).date() for at in table.column("created_at").to_pylist() if at is not None]
    dated = table.append_column(DAY_COLUMN, pa.array(days, pa.date32()))
    window = TenantWindow(SLUG, ZONE, min(days), max(days))
    known = normalized(dated, normalize.messages(groups_of(DIALOG.empty()), window)).table.drop_columns([DAY_COLUMN])
    return MESSAGE.cast(pa.concat_tables([_renamed(known, turn) for turn in range(-(-rows // known.num_rows))]))[:rows]


def _renamed(rows: pa.Table, turn: int) -> pa.Table:
    place = rows.schema.get_field_index("message_id")
    ids = [f"{message_id}-{turn}" for message_id in rows.column(place).to_pylist()]
    return rows.set_column(place, rows.schema.field(place), pa.array(ids, pa.string()))


@dataclass(frozen=True, slots=True)
class Bench:
    """One project: its owner's connection and address."""

    owner: PgConnection
    url: str
    api: str

    def execute(self, statement: str) -> None:
        with self.owner.cursor() as cursor:
            cursor.execute(statement)

    def emptied(self, work: Callable[[], object]) -> float:
        """Seconds of the work on an empty table."""
        self.execute(f"truncate {TARGET}; truncate plain; checkpoint")
        return timed(work)

    def copy(self, table: str, rows: pa.Table) -> None:
        with self.owner.cursor() as cursor:
            columns = ", ".join(rows.column_names)
            cursor.copy_expert(f"copy {table} ({columns}) from stdin with (format csv)", as_csv(rows))

    def direct(self) -> DirectWriter:
        scheme, _, rest = plain_dsn(self.url).partition("://")
        address = rest.rpartition("@")[2]
        return DirectWriter(SecretStr(f"{scheme}://synkro_writer:{WRITER}@{address}"), tenant=SLUG)

    def rest(self) -> RestWriter:
        return RestWriter(self.api, SecretStr(KEY), tenant=SLUG)


@contextmanager
def project() -> Generator[Bench]:
    """A hosted project as the sandbox has it, on a throw-away PostgreSQL."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="synkro-bench-"))
        Path(name).chmod(0o711)  # the database's account must pass through
        url = stack.enter_context(EmbeddedPostgres(Path(name))).create_database("project")
        prepare_project(url, "authenticator")
        apply_ddl(url, writer_password=WRITER)
        secret = secrets.token_hex(32)
        database = authenticator_url(url, "authenticator")
        binary = require_postgrest(Path(name))
        process = PostgrestProcess(binary, database, secret, log_file=Path(name) / "postgrest.log")
        owner = psycopg2.connect(plain_dsn(url))
        owner.autocommit = True
        process.start()
        try:
            app = gateway_app(process.url, secret_key=KEY, publishable_key="sb_publishable_bench", jwt_secret=secret)
            with serve(app) as api:
                bench = Bench(owner, url, api)
                kinds = ", ".join(f"{column.name} {PG_TYPES[column.type]}" for column in MESSAGE.columns)
                bench.execute(f"create table plain ({kinds})")
                yield bench
        finally:
            process.stop()
            owner.close()


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def row_by_row(writer: WarehouseWriter, rows: pa.Table) -> None:
    for place in range(rows.num_rows):
        writer.upsert(MESSAGE, rows.slice(place, 1))


def measure(bench: Bench, rows: pa.Table) -> dict[str, list[float]]:
    """Rows per second of each way, in some rounds in which every way has its turn."""
    direct, rest = bench.direct(), bench.rest()
    sample = rows.slice(0, min(SINGLE_ROWS, rows.num_rows))
    found: dict[str, list[float]] = {}

    def note(name: str, count: int, seconds: float) -> None:
        found.setdefault(name, []).append(count / seconds)

    try:
        for _ in range(REPEATS):
            note("COPY, plain table", rows.num_rows, bench.emptied(lambda: bench.copy("plain", rows)))
            note("COPY, our table", rows.num_rows, bench.emptied(lambda: bench.copy(TARGET, rows)))
            note("REST row by row", sample.num_rows, bench.emptied(lambda: row_by_row(rest, sample)))
            note("REST", rows.num_rows, bench.emptied(lambda: rest.upsert(MESSAGE, rows)))
            note("REST, comparison", rows.num_rows, timed(lambda: rest.fingerprints(MESSAGE)))
            note("direct", rows.num_rows, bench.emptied(lambda: direct.upsert(MESSAGE, rows)))
            note("direct, the same again", rows.num_rows, timed(lambda: direct.upsert(MESSAGE, rows)))
            note("direct, comparison", rows.num_rows, timed(lambda: direct.fingerprints(MESSAGE)))
            assert direct.fingerprints(MESSAGE) == fingerprints(MESSAGE, rows)
    finally:
        direct.close()
        rest.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.warehouse", description="Writing to the client's database.")
    parser.add_argument("--rows", type=int, default=50_000)
    rows = messages(parser.parse_args().rows)
    with project() as bench:
        found = measure(bench, rows)
    paces = {name: statistics.median(each) for name, each in found.items()}
    copy, single = paces["COPY, plain table"], paces["REST row by row"]
    print(f"{rows.num_rows} messages, {rows.nbytes / rows.num_rows:.0f} bytes each, median of {REPEATS} rounds")
    for name, pace in paces.items():
        print(f"{name:<26}{pace:>10.0f} rows/s {pace / copy:>7.2f}x COPY {pace / single:>8.1f}x row by row")
    held = paces["direct"] / copy >= DIRECT_AIM and paces["REST"] / single >= REST_AIM
    print("met" if held else f"not met: direct {DIRECT_AIM}x COPY, REST {REST_AIM:.0f}x row by row")
    for name, floor, ratio, aim in (
        ("direct", "a bare COPY", paces["direct"] / copy, DIRECT_AIM),
        ("REST", "REST row by row", paces["REST"] / single, REST_AIM),
    ):
        tell(
            Row(
                bench=f"warehouse, {name}",
                measures="rows a second into the client's database",
                value=paces[name],
                low=min(found[name]),
                high=max(found[name]),
                unit="rows/s",
                repeats=REPEATS,
                ratio=ratio,
                next_to=floor,
                aim=f"≥ {aim:g}",
                met=ratio >= aim,
                amount=rows.num_rows,
                amount_of="rows",
                seconds=rows.num_rows / paces[name],
            )
        )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
