"""People, what they may do where, their sign-ins, second factors and sessions, invitations and new passwords."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from synkro_resources.control.tables.base import instant, metadata, one_of, tenant_table, text

ROLE_WORDS = ("owner", "admin", "analyst", "viewer")

app_user = Table(
    "app_user",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    text("name"),
    text("language"),
    text("password_hash"),
    text("status"),
    instant("created_at"),
    one_of("status", "active", "disabled"),
    one_of("language", "ru", "en"),
)

platform_role = Table(
    "platform_role",
    metadata,
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    instant("granted_at"),
    text("granted_by"),
    one_of("role", "operator"),
)

membership = tenant_table(
    "membership",
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), primary_key=True, index=True),
    text("role"),
    Column("manager_id", BigInteger),
    Column("can_read_texts", Boolean, nullable=False),
    instant("created_at"),
    one_of("role", *ROLE_WORDS),
)

invitation = tenant_table(
    "invitation",
    Column("invitation_id", Text, primary_key=True),
    text("email"),
    text("role"),
    Column("manager_id", BigInteger),
    Column("can_read_texts", Boolean, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    text("invited_by"),
    instant("created_at"),
    instant("expires_at"),
    instant("accepted_at", null=True),
    instant("revoked_at", null=True),
    one_of("role", *ROLE_WORDS),
)

session = Table(
    "session",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), nullable=False, index=True),
    text("tenant", null=True),
    text("address"),
    text("browser"),
    instant("created_at"),
    instant("last_seen_at"),
    instant("expires_at"),
    instant("closed_at", null=True),
)

signin_attempt = Table(
    "signin_attempt",
    metadata,
    # A hash: the table also counts addresses that nobody registered.
    Column("email_hash", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    instant("window_started_at"),
    instant("locked_until", null=True),
)

# The password was right, the code of the second factor is still to come.
signin_challenge = Table(
    "signin_challenge",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), nullable=False, index=True),
    instant("expires_at"),
)

second_factor = Table(
    "second_factor",
    metadata,
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), primary_key=True),
    text("secret"),  # ciphertext
    Column("last_step", BigInteger, nullable=False),  # codes of this 30-second step and of older ones are spent
    instant("created_at"),
    instant("confirmed_at", null=True),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", Text, primary_key=True),
    instant("used_at", null=True),
)

password_reset = Table(
    "password_reset",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), nullable=False, index=True),
    text("tenant", null=True),  # whose administrators made it; empty: an operator
    text("created_by"),
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", null=True),
)
