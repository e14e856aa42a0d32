"""What people are told about failures: one row per incident, kept after it is over."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Text
from sqlalchemy import text as sql

from synkro_resources.control.tables.base import instant, one_of, tenant_table, text

NOTICE_AUDIENCES = ("admins", "readers")
NOTICE_KINDS = (
    "integration_broken",
    "request_failed",
    "delivery_uncertain",
    "delivery_failed",
    "data_old",
    "ai_budget",
    "report_late",
    "report_missing",
    "dispute_waiting",
    "plan_limit",
    "support_visit",
    "trial_ends",
)

notice = tenant_table(
    "notice",
    Column("notice_id", Text, primary_key=True),
    text("audience"),
    text("kind"),
    text("subject"),
    text("code"),
    text("step"),
    text("what_ru"),
    text("what_en"),
    text("remedy_ru"),
    text("remedy_en"),
    text("page"),
    instant("raised_at"),
    instant("told_at", null=True),
    Column("times_told", Integer, nullable=False),
    instant("recovered_at", null=True),
    instant("recovery_told_at", null=True),
    one_of("audience", *NOTICE_AUDIENCES),
    one_of("kind", *NOTICE_KINDS),
    # Two processes that find the same failure must make one incident of it.
    Index(
        "uq_notice_open",
        "tenant",
        "kind",
        "subject",
        "code",
        unique=True,
        postgresql_where=sql("recovered_at IS NULL"),
    ),
    Index("ix_notice_raised", "tenant", "raised_at"),
)
