"""Accounts, the tenants they own, tenants' settings, plans and what is used of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
)
from sqlalchemy import text as sql

from synkro_resources.control.tables.base import instant, json, metadata, one_of, tenant_table, text

plan = Table(
    "plan",
    metadata,
    Column("code", Text, primary_key=True),
    text("name"),
    Column("manual_requests_per_day", Integer, nullable=False),
    Column("schedules_allowed", Boolean, nullable=False),
    Column("refresh_interval_min", Integer, nullable=True),
    Column("users", Integer, nullable=False),
    Column("dialogs_per_month", Integer, nullable=False),
    Column("history_days", Integer, nullable=False),
    Column("tenants", Integer, nullable=False),
    Column("extended_analytics", Boolean, nullable=False),
    Column("promises_send_time", Boolean, nullable=False),
    Column("event_refresh_min", Integer, nullable=True),
    Column("trial_days", Integer, nullable=False),
)
"""What each plan allows, feature by feature: the one place, which the operator may change."""

account = Table(
    "account",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    instant("created_at"),
)

tenant = Table(
    "tenant",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("account.account_id"), nullable=False, index=True),
    text("name"),
    text("zone"),
    text("cell"),
    text("status"),
    instant("created_at"),
    CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{1,40}$'", name="slug"),
    one_of("status", "active", "suspended", "trial_over"),
)

tenant_settings = tenant_table(
    "tenant_settings",
    Column("version", Integer, primary_key=True, autoincrement=False),
    json("settings"),
    text("changed_by"),
    instant("changed_at"),
)

subscription = tenant_table(
    "subscription",
    Column("plan", Text, ForeignKey("plan.code"), nullable=False),
    instant("started_at"),
    instant("ends_at", null=True),  # of the trial, once it has begun
    Column("trial_days", Integer, nullable=True),  # null: the tenant pays
)

usage_month = tenant_table(
    "usage_month",
    Column("month", Date, primary_key=True),
    Column("dialogs", Integer, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("ai_calls", Integer, nullable=False),
    Column("ai_tokens", BigInteger, nullable=False),
    Column("ai_cost", Numeric(14, 6), nullable=False),
    Column("ai_currency", Text, nullable=False, server_default=""),
)

service_line = tenant_table(
    "service_line",
    Column("line_id", Text, primary_key=True),
    Column("month", Date, nullable=False),
    text("kind"),
    text("title"),
    Column("amount", Numeric(14, 2), nullable=False),
    text("currency"),
    instant("added_at"),
    text("added_by"),
    one_of("kind", "onboarding", "managed", "other"),
    # The package is sold once; the managed service once a month.
    Index("uq_service_line_onboarding", "tenant", unique=True, postgresql_where=sql("kind = 'onboarding'")),
    Index("uq_service_line_managed", "tenant", "month", unique=True, postgresql_where=sql("kind = 'managed'")),
)

suppressed_person = tenant_table(
    "suppressed_person",
    Column("person_hash", Text, primary_key=True),
    text("erasure_id"),
    instant("erased_at"),
)

# Outlives the tenant that it names: the certificate is what remains of it.
erasure = Table(
    "erasure",
    metadata,
    Column("erasure_id", Text, primary_key=True),
    Column("tenant", Text, nullable=False, index=True),
    text("kind"),
    text("requested_by"),
    instant("requested_at"),
    instant("finished_at", null=True),
    json("certificate"),
    one_of("kind", "tenant", "person"),
)
