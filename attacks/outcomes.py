"""What was seen of each attack: a pytest plugin that collects it, and the table that tells it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

import pytest

from attacks.catalogue import Attack

SEEN = "seen"
"""The property by which a test tells what it saw: `record_property("seen", "401 to all 40 tries")`."""
SHOWN_CHARACTERS = 160
HEADINGS = {
    "tenants": "One company reaches into another",
    "rls": "Around the rules of the database",
    "sessions": "Stolen and forged sessions",
    "guessing": "Guessing",
    "csrf": "Foreign pages",
    "ssrf": "Addresses that people and vendors name",
    "injection": "Texts that want to be commands",
    "secrets": "Secrets in what comes out",
    "bodies": "Oversized and slow bodies",
    "bombs": "Compressed and endless answers",
    "ops": "The way to Dagster",
    "supply": "Own code and dependencies",
}


class Verdict(StrEnum):
    """`KNOWN`: not refused, and the catalogue says why and what stands in its way instead."""

    REFUSED = "refused"
    NOT_REFUSED = "NOT refused"
    NOT_RUN = "not run"
    KNOWN = "NOT refused (known)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attack."""

    verdict: Verdict
    seen: str


@dataclass(slots=True)
class _Tries:
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


class Collector:
    """Registered with pytest (in the controlling process, where it runs in several): notes each test's outcome."""

    def __init__(self) -> None:
        self._tests: dict[str, _Tries] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tries = self._tests.setdefault(_name(report.nodeid), _Tries())
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            tries.failures.append(crash.message if crash is not None else str(report.longrepr))
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            tries.skipped.append(reason.removeprefix("Skipped: "))
        elif report.when == "call":
            tries.passed += 1
            tries.seen += [str(value) for name, value in report.user_properties if name == SEEN]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._tests.setdefault(report.nodeid, _Tries()).failures.append(str(report.longrepr))

    def outcome(self, attack: Attack) -> Outcome:
        """What its tests saw together; one that none of them tried is not run."""
        files = {name.partition("::")[0] for name in attack.tests}
        unread = [self._tests[file] for file in files if file in self._tests]  # it could not even be collected
        named = [self._of(name) for name in attack.tests]
        tries = [*unread, *(one for found in named for one in found)]
        failures = [message for one in tries for message in one.failures]
        passed = sum(one.passed for one in tries)
        if failures:
            verdict = Verdict.KNOWN if attack.known else Verdict.NOT_REFUSED
            return Outcome(verdict, f"{len(failures)} of {passed + len(failures)} tries: {failures[0]}")
        skipped = [reason for one in tries for reason in one.skipped]
        if not all(named) or not passed:
            return Outcome(Verdict.NOT_RUN, skipped[0] if skipped else "its tests did not run")
        told = list(dict.fromkeys(text for one in tries for text in one.seen))
        count = "1 try" if passed == 1 else f"{passed} tries"
        if attack.known:
            return Outcome(Verdict.KNOWN, "; ".join([*told, attack.known]))
        return Outcome(Verdict.REFUSED, "; ".join(told) if told else f"{count}, all refused")

    def _of(self, name: str) -> list[_Tries]:
        """The tries of a test, or of all tests of a file."""
        if "::" in name:
            return [self._tests[name]] if name in self._tests else []
        return [tries for test, tries in self._tests.items() if test.startswith(f"{name}::")]


def _name(nodeid: str) -> str:
    """`file::function` without parameters, and without the group that a distributed run adds behind an `@`."""
    return nodeid.partition("[")[0].partition("@")[0]


def markdown(attacks: Sequence[Attack], outcomes: Mapping[str, Outcome]) -> str:
    """The table for people, a section per class."""
    lines: list[str] = []
    for kind in dict.fromkeys(attack.kind for attack in attacks):
        lines += ["", f"## {HEADINGS[kind]}", "", "| | Attack | Expected refusal | Seen | |", "|---|---|---|---|---|"]
        for attack in attacks:
            if attack.kind == kind:
                outcome = outcomes[attack.id]
                cells = (attack.id, attack.what, attack.refusal, _short(outcome.seen), _marked(outcome.verdict))
                lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(["# Attacks", "", closing(outcomes.values()), *lines, ""])


def json_lines(attacks: Sequence[Attack], outcomes: Mapping[str, Outcome]) -> str:
    """The same for programs, one object per attack."""
    rows = ({**asdict(attack), **asdict(outcomes[attack.id])} for attack in attacks)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def closing(outcomes: Iterable[Outcome]) -> str:
    """How many of each verdict, the good ones first."""
    verdicts = [outcome.verdict for outcome in outcomes]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict if verdict in verdicts)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}…"


def _marked(verdict: Verdict) -> str:
    return verdict if verdict is Verdict.REFUSED else f"**{verdict}**"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
