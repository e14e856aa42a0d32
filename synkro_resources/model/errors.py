"""The error classes: every failure says what happened, to whom, and what to do, in Russian and English.

SynkroError
├── TransientError      may succeed when tried again (network, 429, 5xx)
└── PermanentError      trying again cannot help until somebody acts
    ├── ConfigurationError   a setting of the installation is wrong
    ├── IntegrationError     a client's integration is broken (key, payment, rights, schema)
    ├── DataError            data break a rule that a report depends on
    ├── RefusedError         the request itself is not allowed (isolation, plan, role)
    └── UserInputError       a person typed something that cannot be used
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence for people in both product languages."""

    ru: str
    en: str

    def __str__(self) -> str:
        return self.en

    def in_language(self, language: str) -> str:
        return self.ru if language == "ru" else self.en


class SynkroError(Exception):
    """Base of all errors that a person may read.

    `code` is stable and machine-readable (`amocrm.token_refused`), `what` says what happened, `remedy` says what to do.
    Neither may hold secrets or personal data: they are stored in the journal and shown.
    """

    retryable = False

    def __init__(
        self,
        code: str,
        what: Sentence,
        remedy: Sentence,
        *,
        tenant: str | None = None,
        integration: str | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"[{code}] {what.en} {remedy.en}".strip())
        self.code = code
        self.what = what
        self.remedy = remedy
        self.tenant = tenant
        self.integration = integration
        self.detail = detail


class TransientError(SynkroError):
    """May succeed later; the client has already retried within its own bounds."""

    retryable = True


class PermanentError(SynkroError):
    """Fails again until a person changes something."""


class ConfigurationError(PermanentError):
    """A setting of this installation is missing or wrong; names the variable and the remedy."""


class IntegrationError(PermanentError):
    """The client's integration refuses us: the tenant's admins must act."""


class DataError(PermanentError):
    """Stored or received data break a rule that a correct report depends on."""


class RefusedError(PermanentError):
    """The request is not allowed: it would cross tenants, exceed rights or a plan."""


class UserInputError(PermanentError):
    """Something that a person typed cannot be used; says which and what would be accepted."""
