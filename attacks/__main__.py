"""`make attacks`: runs every attack, prints the table, and ends with 1 if one was not refused. See docs/security.md."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

import pytest

from attacks.catalogue import ROOT, Attack, catalogue
from attacks.outcomes import Collector, Outcome, Verdict, closing, json_lines, markdown
from attacks.programs import PROGRAMS

TABLE = ROOT / ".synkro" / "attacks.md"
LINES = TABLE.with_suffix(".jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m attacks", description=__doc__)
    parser.add_argument("only", nargs="*", help="ids (T1) or classes (ssrf); all of them without")
    parser.add_argument("--processes", type=int, default=int(os.environ.get("TEST_PROCESSES", "2")))
    arguments = parser.parse_args()
    attacks = [one for one in catalogue() if not arguments.only or {one.id, one.kind} & set(arguments.only)]
    if not attacks:
        parser.error("no such attack")
    started = time.monotonic()
    outcomes, has_failed = carried_out(attacks, arguments.processes)
    table = markdown(attacks, outcomes)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table, encoding="utf-8")
    LINES.write_text(json_lines(attacks, outcomes), encoding="utf-8")
    print(f"\n{table}\n{closing(outcomes.values())} in {time.monotonic() - started:.0f} s; {TABLE.relative_to(ROOT)}")
    sys.exit(has_failed or any(outcome.verdict is Verdict.NOT_REFUSED for outcome in outcomes.values()))


def carried_out(attacks: Sequence[Attack], processes: int) -> tuple[dict[str, Outcome], bool]:
    """What was seen of each attack, by its id, and whether any test failed, whatever the table makes of it."""
    tests = list(dict.fromkeys(name for attack in attacks for name in attack.tests))
    collector, ended = Collector(), 0
    if tests:
        spread = ["-n", str(processes), "--dist", "loadgroup"] if processes > 1 else []
        ended = pytest.main([*tests, "-q", "-p", "no:cacheprovider", "--tb=short", *spread], plugins=[collector])
    seen = {
        attack.id: PROGRAMS[attack.program]() if attack.program else collector.outcome(attack) for attack in attacks
    }
    return seen, ended != 0


if __name__ == "__main__":
    main()
