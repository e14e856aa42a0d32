"""What an answer means: a table per vendor from status and body to an action and to words for people."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from synkro_resources.model.errors import IntegrationError, PermanentError, Sentence, SynkroError, TransientError


class Action(StrEnum):
    """What the client does with an answer."""

    ACCEPT = "accept"
    """The body is the answer."""
    EMPTY = "empty"
    """The vendor says that there are no data."""
    RETRY = "retry"
    """Try again with back-off, then TransientError."""
    REFRESH = "refresh"
    """Renew the credential once and repeat, then IntegrationError."""
    ASK_CLIENT = "ask_client"
    """IntegrationError: the tenant's admins must act."""
    STOP = "stop"
    """IntegrationError, and nothing more is sent to this account for hours."""
    FAIL = "fail"
    """PermanentError: the request itself is wrong."""


class BodyKind(StrEnum):
    """What a body looks like, whatever its content type says."""

    EMPTY = "empty"
    HTML = "html"
    JSON = "json"
    OTHER = "other"


def body_kind(body: bytes) -> BodyKind:
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not start:
        return BodyKind.EMPTY
    if start == b"<":
        return BodyKind.HTML
    return BodyKind.JSON if start in (b"{", b"[") else BodyKind.OTHER


NOTHING = Sentence("", "")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a vendor's table; the first that matches decides.

    `bodies` empty: any body; `path`: only for paths that contain it; `tries`: fewer attempts than the retry policy.
    """

    statuses: Container[int]
    action: Action
    code: str
    what: Sentence = NOTHING
    remedy: Sentence = NOTHING
    bodies: frozenset[BodyKind] = frozenset()
    path: str = ""
    tries: int | None = None

    def matches(self, status: int, body: BodyKind, path: str) -> bool:
        return status in self.statuses and (not self.bodies or body in self.bodies) and self.path in path

    def error(self, *, tenant: str, integration: str, detail: str = "") -> SynkroError:
        """The error that tells people what this rule found."""
        kinds: Mapping[Action, type[SynkroError]] = {Action.RETRY: TransientError, Action.FAIL: PermanentError}
        kind = kinds.get(self.action, IntegrationError)
        return kind(self.code, self.what, self.remedy, tenant=tenant, integration=integration, detail=detail)


@dataclass(frozen=True, slots=True)
class RuleTable:
    """A vendor's rules. `unreachable`: no answer at all; `unreadable`: an answer that should be JSON and is not."""

    vendor: str
    rules: Sequence[Rule]
    unreachable: Rule
    unreadable: Rule
    unknown: Rule

    def rule_for(self, status: int, body: bytes, path: str) -> Rule:
        kind = body_kind(body)
        return next((rule for rule in self.rules if rule.matches(status, kind, path)), self.unknown)
