"""What the documents name as proof exists: tests, commands, and the tests of every attack."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import click

from attacks.catalogue import catalogue, missing_tests
from attacks.outcomes import HEADINGS
from attacks.programs import PROGRAMS
from synkro_app.cli import main

ROOT = Path(__file__).parents[2]
MISSION = (ROOT / "docs" / "mission.md").read_text(encoding="utf-8")


def promises() -> dict[str, list[str]]:
    """What is named beside each promise."""
    proven = MISSION.partition("## Not yet")[0]
    rows = [line.strip("| ").split(" | ") for line in proven.splitlines() if line.startswith("| ")]
    return {row[0]: re.findall(r"`([^`]+)`", row[-1]) for row in rows if row[0] != "Promise"}


def is_there(named: str) -> bool:
    words = named.split()
    match words:
        case ["make", target]:
            return re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M) is not None
        case ["python", "-m", module]:
            return find_spec(module) is not None
        case ["synkro", *names]:
            command: click.Command | None = main
            for name in names:
                command = (
                    command.get_command(click.Context(command), name) if isinstance(command, click.Group) else None
                )
            return command is not None
        case [test]:
            return test.startswith("tests/") and not list(missing_tests([test]))
        case _:
            return False


def test_every_promise_names_a_test_or_command_that_exists() -> None:
    found = promises()
    assert len(found) > 50
    for promise, named in found.items():
        assert named, promise
        assert [one for one in named if not is_there(one)] == [], promise


def test_every_attack_is_carried_out_by_something_that_exists() -> None:
    attacks = catalogue()
    assert list(missing_tests(name for attack in attacks for name in attack.tests)) == []
    assert {attack.program for attack in attacks} <= {*PROGRAMS, ""}
    assert {attack.kind for attack in attacks} == HEADINGS.keys()
