"""Where a tenant's reports go, the outbox of message parts, and how chats are linked."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy import text as sql

from synkro_resources.control.tables.base import instant, json, metadata, one_of, tenant_table, text

DELIVERY_STATES = ("pending", "sending", "sent", "retry_wait", "uncertain", "failed", "cancelled")

destination = tenant_table(
    "destination",
    Column("destination_id", Text, primary_key=True),
    text("channel"),
    text("chat_id"),
    text("title"),
    text("thread_id", null=True),
    Column("is_forum", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    text("disabled_code"),
    Column("for_admins", Boolean, nullable=False, server_default=sql("false")),
    instant("last_call_at", null=True),  # messengers limit the pace per chat, also between processes
    instant("created_at"),
    one_of("channel", "telegram", "email"),
    Index("uq_destination_address", "tenant", "chat_id", unique=True, postgresql_where=sql("channel = 'email'")),
)

delivery = tenant_table(
    "delivery",
    Column("delivery_id", Text, primary_key=True),
    text("report_id"),
    text("package_id"),
    Column("revision", Integer, nullable=False),
    text("channel"),
    text("destination_id"),
    Column("part_no", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    text("content_hash"),
    text("delivery_key"),
    json("payload"),
    text("state"),
    Column("attempts", Integer, nullable=False),
    Column("is_resend", Boolean, nullable=False),
    instant("created_at"),
    instant("next_at"),
    instant("started_at", null=True),
    instant("sent_at", null=True),
    text("message_id", null=True),
    text("last_error_code"),
    text("last_error_text"),
    instant("expires_at"),
    one_of("state", *DELIVERY_STATES),
    UniqueConstraint("tenant", "delivery_key"),
    ForeignKeyConstraint(["tenant", "destination_id"], ["destination.tenant", "destination.destination_id"]),
    Index("ix_delivery_queue", "tenant", "destination_id", "state"),
)

telegram_link_code = tenant_table(
    "telegram_link_code",
    Column("code_hash", Text, primary_key=True),
    text("bot_id"),
    text("created_by"),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", null=True),
    text("destination_id", null=True),
)

email_code = tenant_table(
    "email_code",
    Column("code_hash", Text, primary_key=True),
    text("destination_id"),
    text("created_by"),
    instant("created_at"),
    instant("expires_at"),
    Column("attempts", Integer, nullable=False),
    instant("used_at", null=True),
    ForeignKeyConstraint(["tenant", "destination_id"], ["destination.tenant", "destination.destination_id"]),
    Index("ix_email_code_newest", "tenant", "destination_id", "created_at"),
)

# By bot and not by tenant: tenants may share a bot, and Telegram gives each update once.
telegram_offset = Table(
    "telegram_offset",
    metadata,
    Column("bot_id", Text, primary_key=True),
    Column("next_update_id", BigInteger, nullable=False, autoincrement=False),
    instant("taken_at"),
)
