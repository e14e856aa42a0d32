"""Asking the model for an analysis without a socket, and picking findings out of its answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synkro_resources.sandbox.openai.analyst.analyst import analysis
from synkro_resources.sandbox.openai.analyst.lies import Lie
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.openai.wire import read_completion
from tests.resources.sandbox.openai.contract import NONCE, Talk, body, drops


@dataclass(frozen=True)
class Answer:
    shown: Talk
    findings: list[dict[str, Any]]
    instruction_like: list[str]
    lies: list[Lie]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [item for item in self.findings if item["type"] == kind]

    def values(self, kind: str) -> dict[str, str]:
        """Code → value; the applicability where it does not apply."""
        return {
            item["code"]: item["value"] if item["applicability"] == "applicable" else item["applicability"]
            for item in self.of(kind)
        }

    def item(self, code: str) -> str:
        return self.values("checklist")[code]

    def quote(self, kind: str, code: str = "-") -> str:
        return next(item["quote"] for item in self.of(kind) if item["code"] == code)

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        return {(kind, code): value for kind in self.kinds for code, value in self.values(kind).items()}

    @property
    def kinds(self) -> list[str]:
        return list(dict.fromkeys(item["type"] for item in self.findings))

    @property
    def dropped(self) -> list[str]:
        return [reason for reason in drops(self.shown, self.findings) if reason is not None]


def ask(
    shown: Talk,
    *,
    full: bool = True,
    switches: OpenaiSwitches | None = None,
    nonce: str = NONCE,
    repair: Sequence[dict[str, str]] = (),
    number: int = 1,
) -> Answer:
    active = switches or OpenaiSwitches()
    wanted = read_completion(body(shown, full=full, nonce=nonce, repair=repair), "chat", active)
    made = analysis(wanted, active, number)
    assert made is not None
    answer = json.loads(made[0])
    return Answer(shown, answer["findings"], answer["instruction_like"], made[1])
