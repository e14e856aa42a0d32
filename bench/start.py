"""Start times that people feel: `python -m bench.start`.

The command line, the embedded database, imports of the three packages' entries.
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

from bench.table import Row, tell
from synkro_resources.embedded_postgres import EmbeddedPostgres

REPEATS = 3
COMMANDS = {
    "synkro --help": ["-m", "synkro_app.cli", "--help"],
    "import synkro_app.server": ["-c", "import synkro_app.server"],
    "import synkro_assets.code_location": ["-c", "import synkro_assets.code_location"],
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
    argparse.ArgumentParser(prog="python -m bench.start", description="Start times.").parse_args()
    for name, arguments in COMMANDS.items():
        taken = [timed(lambda a=arguments: run_python(a)) for _ in range(REPEATS)]
        print(f"{name:<36} {statistics.median(taken):.2f} s")
        if name == "synkro --help":
            tell(
                Row(
                    bench="start",
                    measures="seconds until the command line answers",
                    value=statistics.median(taken),
                    low=min(taken),
                    high=max(taken),
                    unit="s",
                    repeats=REPEATS,
                )
            )
    for name, seconds in database_times().items():
        print(f"{name:<36} {seconds:.2f} s")


if __name__ == "__main__":
    main()
