"""The frame of a check: its parts in order. No part can stop another, and none is called broken for another's fault."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from synkro_resources.checks.subject import Deadline
from synkro_resources.control.integrations import CheckFinding, CheckStatus
from synkro_resources.model.errors import Sentence, SynkroError

logger = logging.getLogger(__name__)

AGAIN = Sentence(
    "Проверьте адрес в настройках; если он верен, повторите проверку через несколько минут.",
    "Check the address in the settings; if it is right, check again in a few minutes.",
)
TELL_SUPPORT = Sentence(
    "Повторите проверку; если не поможет, сообщите в поддержку Synkro.",
    "Check again; if that does not help, tell Synkro's support.",
)
FIRST_THE_OTHER = Sentence("Сначала исправьте ту проверку.", "Put that right first.")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a check: the findings that it can make, by name, and how they are made.

    `title` stands in «not checked because …» of the parts that need this one. `needs` names findings that must not
    have failed. `otherwise` is the status of a part that could not be finished: whether a load would suffer.
    """

    names: tuple[str, ...]
    title: Sentence
    run: Callable[[], Iterable[CheckFinding]]
    needs: tuple[str, ...] = ()
    otherwise: CheckStatus = "broken"


class IntegrationParts(Protocol):
    """The check of one kind of integration."""

    def parts(self) -> Sequence[Part]: ...

    def close(self) -> None: ...


def ok(name: str, ru: str, en: str) -> CheckFinding:
    return CheckFinding(name, "ok", Sentence(ru, en))


def warning(name: str, what: Sentence, remedy: Sentence) -> CheckFinding:
    return CheckFinding(name, "warning", what, remedy)


def broken(name: str, what: Sentence, remedy: Sentence) -> CheckFinding:
    return CheckFinding(name, "broken", what, remedy)


def refused(name: str, error: SynkroError, status: CheckStatus = "broken") -> CheckFinding:
    """What a client's error means here. The clients promise to try again later, a check does not."""
    return CheckFinding(name, status, error.what, AGAIN if error.retryable else error.remedy, error.code)


class CheckRun:
    """Runs the parts of one check in a thread of its own, so that whoever waits can stop waiting."""

    def __init__(self, kind: str, parts: Sequence[Part], deadline: Deadline) -> None:
        self._kind = kind
        self._parts = parts
        self._deadline = deadline
        self._lock = threading.Lock()
        self._findings: list[CheckFinding] = []
        self._failed: dict[str, Sentence] = {}
        self._done = 0
        self._given_up = False

    def run(self) -> None:
        """All parts in order; afterwards `findings` is complete."""
        for part in self._parts:
            if self._given_up:
                return
            found, failed = self._judged(part)
            self._failed |= failed
            with self._lock:
                self._findings += found
                self._done += 1

    def findings(self, *, unfinished_after_s: float | None = None) -> list[CheckFinding]:
        """What has been found. `unfinished_after_s`: give up on the part that is still running after that time."""
        with self._lock:
            if unfinished_after_s is None or self._done == len(self._parts):
                return list(self._findings)
            self._given_up = True
            hanging, *rest = self._parts[self._done :]
            unfinished = [
                CheckFinding(
                    name,
                    hanging.otherwise,
                    Sentence(
                        f"Проверка не закончилась за {unfinished_after_s:.0f} с.",
                        f"The check was not finished within {unfinished_after_s:.0f} s.",
                    ),
                    AGAIN,
                )
                for name in hanging.names
            ]
            return [*self._findings, *unfinished, *(_no_time(name) for part in rest for name in part.names)]

    def _judged(self, part: Part) -> tuple[list[CheckFinding], dict[str, Sentence]]:
        """The part's findings, and what failed by name with the title of its cause, for the parts that need it."""
        cause = next((self._failed[name] for name in part.needs if name in self._failed), None)
        if cause is not None:
            return [_not_checked(name, cause) for name in part.names], dict.fromkeys(part.names, cause)
        if self._deadline.is_over:
            return [_no_time(name) for name in part.names], dict.fromkeys(part.names, part.title)
        found: list[CheckFinding] = []
        try:
            for finding in part.run():
                found.append(finding)
            bad = {finding.name for finding in found if finding.status == "broken"}
        except Exception as error:  # noqa: BLE001  # a check reports whatever happens, and goes on with the next part
            found.append(self._stopped(part, _next_name(part, found), error))
            bad = {found[-1].name} | {finding.name for finding in found if finding.status == "broken"}
        if bad:
            untold = [name for name in part.names if name not in {finding.name for finding in found}]
            found += [_not_checked(name, part.title) for name in untold]
            bad |= set(untold)
        return found, dict.fromkeys(bad, part.title)

    def _stopped(self, part: Part, name: str, error: Exception) -> CheckFinding:
        if isinstance(error, SynkroError):
            return refused(name, error, part.otherwise)
        self._log(part, error)
        kind = type(error).__name__  # the text may hold secrets
        what = Sentence(f"Не удалось проверить: {kind}.", f"Could not be checked: {kind}.")
        return CheckFinding(name, part.otherwise, what, TELL_SUPPORT)

    def _log(self, part: Part, error: Exception) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        logger.warning(
            "%s check, %s: %s at %s:%s", self._kind, part.names[0], type(error).__name__, place.filename, place.lineno
        )


def _next_name(part: Part, found: Sequence[CheckFinding]) -> str:
    """The first of the part's names that nothing has been said about."""
    told = {finding.name for finding in found}
    return next((name for name in part.names if name not in told), part.names[-1])


def _not_checked(name: str, cause: Sentence) -> CheckFinding:
    what = Sentence(
        f"Не проверено, потому что не пройдена проверка «{cause.ru}».",
        f"Not checked, because this failed: {cause.en}.",
    )
    return CheckFinding(name, "warning", what, FIRST_THE_OTHER)


def _no_time(name: str) -> CheckFinding:
    what = Sentence(
        "Не проверено, потому что время проверки вышло.", "Not checked, because the time of the check was over."
    )
    return CheckFinding(name, "warning", what, AGAIN)
