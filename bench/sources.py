"""Reading the vendors: `python -m bench.sources pace [SECONDS]` and `python -m bench.sources large`.

`pace`: two readers of a medium company at their polite settings, shared over processes by the control database.
`large`: the first load of a company with a million messages in one run, its rows and its memory.
Ends with 1 if something that must hold does not.
"""

from __future__ import annotations

import argparse
import sys

from bench.large import large
from bench.pace import LATENCY_S, pace


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.sources", description="Reading the invented vendors: pace and memory."
    )
    benches = parser.add_subparsers(dest="bench", required=True)
    paced = benches.add_parser("pace", help="are the vendors' limits used up and never crossed? About three minutes")
    paced.add_argument("seconds", type=float, nargs="?", default=60.0, help="length of each round (60)")
    paced.add_argument("--latency", type=float, default=LATENCY_S, help=f"seconds until an answer ({LATENCY_S})")
    benches.add_parser("large", help="a year, a million messages: rows and memory of one run. About half an hour")
    options = parser.parse_args()
    held = pace(options.seconds, options.latency) if options.bench == "pace" else large()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
