"""Identifiers and the closed sets of names: tenant slug, integration kinds, roles."""

from __future__ import annotations

import re
from enum import StrEnum

from synkro_resources.model.errors import Sentence, UserInputError

TENANT_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,40}")
"""A slug becomes a path segment and a partition key: `|`, `/` and `..` would be injection."""


def check_tenant_slug(value: str) -> str:
    """Return `value` if it is a valid tenant slug.

    Raises:
        UserInputError: `tenant.bad_slug`.
    """
    if TENANT_SLUG.fullmatch(value) is None:
        raise UserInputError(
            "tenant.bad_slug",
            Sentence("Недопустимое имя кабинета.", "The tenant slug is not valid."),
            Sentence(
                "Используйте от 2 до 41 знака: строчные латинские буквы, цифры и дефис, первой идёт буква или цифра.",
                "Use 2 to 41 lower-case Latin letters, digits or hyphens, starting with a letter or digit.",
            ),
        )
    return value


class IntegrationKind(StrEnum):
    """The outside services that a tenant connects."""

    AMOCRM = "amocrm"
    RADIST = "radist"
    SUPABASE = "supabase"
    AI = "ai"
    TELEGRAM = "telegram"
    EMAIL = "email"


class Role(StrEnum):
    """A person's role in one tenant; the platform operator is a separate platform role."""

    OWNER = "owner"
    ADMIN = "admin"
    ANALYST = "analyst"
    VIEWER = "viewer"


class RequestKind(StrEnum):
    """What a run request asks for."""

    DATA = "data"
    REFRESH = "refresh"
    REPORT = "report"
    LABELS = "labels"
    """Ask again about what was scored, with the checklist's present version."""
    TRIAL = "trial"
    """Try the checklist's newest version on some stored dialogs; no figure changes."""
