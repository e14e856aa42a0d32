"""Integrations of a tenant with outside services: their checks, amoCRM consents under way, Radist's webhooks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Text

from synkro_resources.control.tables.base import instant, json, one_of, tenant_table, text

INTEGRATION_STATUSES = ("new", "ok", "warning", "broken")
INTEGRATION_KINDS = ("amocrm", "radist", "supabase", "ai", "telegram", "email")

integration = tenant_table(
    "integration",
    Column("kind", Text, primary_key=True),
    json("public"),
    json("secrets"),  # field → ciphertext; no role but the tenant's own may read it
    json("secret_tails"),
    Column("version", Integer, nullable=False),
    text("status"),
    text("status_code"),
    text("what_ru"),
    text("what_en"),
    text("remedy_ru"),
    text("remedy_en"),
    instant("checked_at", null=True),
    instant("updated_at"),
    text("updated_by"),
    one_of("kind", *INTEGRATION_KINDS),
    one_of("status", *INTEGRATION_STATUSES),
)

integration_check = tenant_table(
    "integration_check",
    Column("check_id", BigInteger, Identity(always=True), primary_key=True),
    text("kind"),
    instant("checked_at"),
    Column("duration_ms", Integer, nullable=False),
    text("status"),
    json("findings"),
    one_of("kind", *INTEGRATION_KINDS),
    one_of("status", *INTEGRATION_STATUSES),
    Index("ix_integration_check_newest", "tenant", "kind", "checked_at"),
)

amocrm_consent = tenant_table(
    "amocrm_consent",
    Column("state_hash", Text, primary_key=True),
    text("created_by"),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", null=True),
)

radist_webhook = tenant_table(
    "radist_webhook",
    Column("path_hash", Text, primary_key=True),
    Column("connection_id", BigInteger, nullable=False),
    text("webhook_id"),
    instant("created_at"),
    instant("last_event_at", null=True),
)

radist_hint = tenant_table(
    "radist_hint",
    Column("chat_id", BigInteger, primary_key=True),
    Column("events", Integer, nullable=False),
    instant("first_at"),
    instant("last_at"),
)
