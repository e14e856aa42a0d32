"""Start times that people feel: the command line, the embedded database, imports of the three packages' entries.

The longer benches are started by hand: `python -m bench.sources --help`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from synkro_resources.embedded_postgres import EmbeddedPostgres

REPEATS = 3
OTHERS = (
    "See also python -m bench.sources (pace of the readers, memory of a large first load), bench.normalize (from raw "
    "to normalised tables, next to the floor), bench.checks (what judging the data costs), bench.masking (what masking "
    "finds and costs), bench.analysis (pace and price of labelling), bench.history (two years by one request), "
    "bench.warehouse (the client's database, next to COPY and row by row) and bench.peer (the whole way next to a dlt "
    "pipeline; make bench-peer), each with --help."
)
COMMANDS = {
    "synkro --help": ["-m", "synkro_app.cli", "--help"],
    "import synkro_app.server": ["-c", "import synkro_app.server"],
    "import synkro_assets.definitions": ["-c", "import synkro_assets.definitions"],
}


def timed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def run_python(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def database_times() -> dict[str, float]:
    """First start, clean stop, warm start and start after `kill -9`, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder))
        times = {"PostgreSQL first start": timed(server.start), "PostgreSQL stop": timed(server.stop)}
        times["PostgreSQL warm start"] = timed(server.start)
        server.kill()
        times["PostgreSQL start after kill -9"] = timed(server.start)
        server.stop()
    return times


def main() -> None:
    argparse.ArgumentParser(prog="python -m bench", description="Start times.", epilog=OTHERS).parse_args()
    for name, arguments in COMMANDS.items():
        print(f"{name:<36} {statistics.median(timed(lambda a=arguments: run_python(a)) for _ in range(REPEATS)):.2f} s")
    for name, seconds in database_times().items():
        print(f"{name:<36} {seconds:.2f} s")


if __name__ == "__main__":
    main()
