"""Integrations of a tenant with outside services, and the results of their checks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Text

from synkro_resources.control.tables.base import instant, json, one_of, tenant_table, text

INTEGRATION_STATUSES = ("new", "ok", "warning", "broken")
INTEGRATION_KINDS = ("amocrm", "radist", "supabase", "ai", "telegram")

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
    text("status"),
    json("findings"),
    one_of("kind", *INTEGRATION_KINDS),
    one_of("status", *INTEGRATION_STATUSES),
    Index("ix_integration_check_newest", "tenant", "kind", "checked_at"),
)
