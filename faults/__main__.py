"""`python -m faults [--only WORDS …] [--vendor V] [--skip-stack]`: make the faults, print and write the table."""

from __future__ import annotations

from faults.patience import hurry

hurry()  # before the product is imported: its clients keep the pauses they know at their definition

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from faults.cases import Case, wanted
from faults.in_place import VENDORS, in_place
from faults.outcome import FOLDER, Outcome, summary, table, write
from faults.place import place


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults", description="Faults and what becomes of them.")
    parser.add_argument(
        "--only", action="append", default=[], help="only cases whose name holds these words, repeatable"
    )
    parser.add_argument("--vendor", action="append", choices=VENDORS, help="only this vendor's switches, repeatable")
    parser.add_argument("--every", type=int, default=1, help="only every n-th switch, for a look (1)")
    parser.add_argument("--skip-stack", action="store_true", help="only the switches, no killed processes")
    parser.add_argument("--skip-switches", action="store_true", help="only the started stack")
    parser.add_argument("--to", type=Path, default=FOLDER, help=f"folder of the table ({FOLDER})")
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    began = time.monotonic()
    outcomes: list[Outcome] = []
    for outcome in _all(options):
        outcomes.append(outcome)
        write(outcomes, options.to)
        mark = "ok  " if outcome.holds else "FAIL"
        print(f"{mark} {outcome.group:<10} {outcome.fault:<44} {outcome.seconds:6.1f} s  {outcome.lost}", flush=True)
    print(f"\n{table(outcomes)}\n\n{summary(outcomes)}; {time.monotonic() - began:.0f} с; {options.to}/faults.md")
    return 0 if outcomes and all(outcome.holds for outcome in outcomes) else 1


def _all(options: argparse.Namespace) -> Iterator[Outcome]:
    words: list[str] = options.only
    if not options.skip_switches:
        seen = 0

        def chosen(case: Case) -> bool:
            nonlocal seen
            seen += 1
            return wanted(words, case.name) and (seen - 1) % options.every == 0

        with place() as made:
            yield from in_place(made, chosen, options.vendor or VENDORS)
        from faults.machine import on_a_machine

        if not options.vendor:
            yield from on_a_machine(words)
    if not options.skip_stack:
        from faults.stack import on_a_stack

        yield from on_a_stack(words)


if __name__ == "__main__":
    sys.exit(main())
