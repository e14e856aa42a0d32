"""How a tenant of the sandbox signs in to the invented vendors: everything is a function of slug and address.

These are not secrets: the sandbox listens on loopback only and holds invented data.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from synkro_resources.model.ids import IntegrationKind

AI_KEY = "sandbox-ai"
AI_MODEL = "sandbox-mini"

RADIST_COMPANY_ID = 4021
"""The invented company's id at Radist; the same in every world, so that isolation can be attacked."""


@dataclass(frozen=True, slots=True)
class IntegrationCredentials:
    """What an integration is configured with: the open part and the secret part."""

    public: Mapping[str, str | int | bool]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SandboxCredentials:
    """All integrations of one sandbox tenant."""

    slug: str
    amocrm: IntegrationCredentials
    radist: IntegrationCredentials
    telegram: IntegrationCredentials
    ai: IntegrationCredentials
    supabase: IntegrationCredentials

    @classmethod
    def for_tenant(cls, slug: str, base_url: str) -> SandboxCredentials:
        """The credentials of `slug` in the sandbox at `base_url` (`http://127.0.0.1:8090`)."""
        root = base_url.rstrip("/")
        return cls(
            slug=slug,
            amocrm=IntegrationCredentials({"base_url": f"{root}/amocrm/{slug}"}, {"token": amocrm_token(slug)}),
            radist=IntegrationCredentials(
                {"base_url": f"{root}/radist/{slug}/v2", "company_id": RADIST_COMPANY_ID},
                {"api_key": radist_key(slug)},
            ),
            telegram=IntegrationCredentials(
                {"base_url": f"{root}/telegram", "chat_id": str(report_chat_id(slug))},
                {"token": telegram_token(slug)},
            ),
            ai=IntegrationCredentials({"base_url": f"{root}/openai/v1", "model": AI_MODEL}, {"api_key": AI_KEY}),
            supabase=IntegrationCredentials(
                {"url": f"{root}/supabase/{slug}"}, {"secret_key": supabase_secret_key(slug)}
            ),
        )

    def by_kind(self) -> dict[IntegrationKind, IntegrationCredentials]:
        return {
            IntegrationKind.AMOCRM: self.amocrm,
            IntegrationKind.RADIST: self.radist,
            IntegrationKind.TELEGRAM: self.telegram,
            IntegrationKind.AI: self.ai,
            IntegrationKind.SUPABASE: self.supabase,
        }


def amocrm_token(slug: str) -> str:
    return f"sandbox-amocrm-{slug}"


def radist_key(slug: str) -> str:
    return f"sandbox-radist-{slug}"


def supabase_secret_key(slug: str) -> str:
    return f"sb_secret_sandbox-{slug}"


def supabase_publishable_key(slug: str) -> str:
    return f"sb_publishable_sandbox-{slug}"


def supabase_jwt_secret(slug: str) -> str:
    """At least the 32 characters PostgREST wants."""
    return f"sandbox-jwt-{hashlib.sha256(slug.encode()).hexdigest()}"


def bot_id(slug: str) -> int:
    """The bot's user id, which is also the first part of its token."""
    return 7_000_000_000 + _number(slug)


def telegram_token(slug: str) -> str:
    """A token in Telegram's own form, since clients and the emulator check it."""
    tail = base64.urlsafe_b64encode(hashlib.sha256(f"telegram {slug}".encode()).digest()).decode()[:35]
    return f"{bot_id(slug)}:{tail}"


def report_chat_id(slug: str) -> int:
    """The group that receives the reports."""
    return -1_002_000_000_000 - _number(slug)


def owner_chat_id(slug: str) -> int:
    """The owner's private chat with the bot."""
    return 5_000_000_000 + _number(slug)


def _number(slug: str) -> int:
    return zlib.crc32(slug.encode()) % 1_000_000_000
