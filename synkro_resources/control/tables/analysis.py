"""Stored answers of the analysis, its rules and calls, people's verdicts on findings, and the personal-data tokens."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.tables.base import PII_SCHEMA, instant, json, one_of, tenant_table, text


def _rules(name: str, *more: Column[object]) -> Table:
    """Versioned rules of one tenant; the product's own versions live in code."""
    return tenant_table(
        name,
        Column("version", Text, primary_key=True),
        json("content"),
        text("author"),
        instant("created_at"),
        instant("active_from", null=True),
        *more,
    )


rubric = _rules("rubric", json("trial", null=True))
taxonomy = _rules("taxonomy")
prompt = _rules("prompt")

episode_analysis = tenant_table(
    "episode_analysis",
    Column("analysis_key", Text, primary_key=True),
    text("episode_key"),
    text("content_hash"),
    instant("content_until"),
    text("variant"),
    json("versions"),
    text("status"),
    json("answer", null=True),
    Column("truncated", Boolean, nullable=False),
    Column("injection_flag", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_cached", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Numeric(14, 6), nullable=False),
    text("currency"),
    instant("created_at"),
    text("superseded_by", null=True),
    one_of("variant", "labels", "full"),
    Index("ix_episode_analysis_episode", "tenant", "episode_key", "content_until"),
    Index("ix_episode_analysis_content", "tenant", "content_hash"),
)


def _of_analysis() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant", "analysis_key"],
        ["episode_analysis.tenant", "episode_analysis.analysis_key"],
        ondelete="CASCADE",
    )


episode_analysis_day = tenant_table(
    "episode_analysis_day",
    Column("day", Date, primary_key=True),
    Column("episode_key", Text, primary_key=True),
    text("analysis_key"),
    Column("cache_hit", Boolean, nullable=False),
    Column("contact_id", BigInteger),  # whose dialog it was known to be: one client with two chats is counted once
    _of_analysis(),
)

finding = tenant_table(
    "finding",
    Column("finding_id", Text, primary_key=True),
    text("analysis_key"),
    text("type"),
    text("code"),
    text("value", null=True),
    text("applicability", null=True),
    Column("message_ids", ARRAY(Text), nullable=False),
    text("quote_message_id", null=True),
    text("text_version", null=True),
    Column("start", Integer),
    Column("end", Integer),
    text("quote_masked", null=True),
    text("detail_masked", null=True),
    text("band"),
    text("run_agreement", null=True),
    Column("refs", ARRAY(Text)),
    _of_analysis(),
    Index("ix_finding_analysis", "tenant", "analysis_key"),
)

finding_drop = tenant_table(
    "finding_drop",
    Column("analysis_key", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("drop_no", Integer, primary_key=True, autoincrement=False),
    text("type"),
    text("code"),
    text("drop_code"),
    _of_analysis(),
)

ai_call = tenant_table(
    "ai_call",
    Column("call_id", Text, primary_key=True),
    text("analysis_key", null=True),
    text("narrative_id", null=True),
    instant("called_at"),
    text("provider"),
    text("host"),
    text("model"),
    Column("rung", Integer, nullable=False),
    Column("http_status", Integer),
    text("vendor_request_id", null=True),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_cached", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Numeric(14, 6), nullable=False),
    text("currency"),
    Column("cost_is_estimate", Boolean, nullable=False),
    Column("latency_ms", Integer, nullable=False),
    text("masked_request", null=True),
    text("masked_answer", null=True),
    text("request_hash"),
    text("answer_hash"),
    text("finish_reason", null=True),
    text("episode_key", null=True),
    Index("ix_ai_call_episode", "tenant", "episode_key"),
    Index("ix_ai_call_time", "tenant", "called_at"),
)

injection_event = tenant_table(
    "injection_event",
    Column("episode_key", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("detector", Text, primary_key=True),
    instant("seen_at"),
    text("reviewed_by", null=True),
    instant("reviewed_at", null=True),
)

feedback = tenant_table(
    "feedback",
    Column("feedback_id", Text, primary_key=True),
    text("finding_id"),
    text("analysis_key"),
    text("verdict"),
    text("reason"),
    text("comment"),
    text("user_id"),
    text("role"),
    text("channel"),
    text("sampling"),
    instant("created_at"),
    text("replaced_by", null=True),
    one_of("verdict", "верно", "неверно", "спорно"),
    one_of("reason", "", "цитата_не_о_том", "не_применимо", "не_тот_автор", "контекст", "правило_неясно", "другое"),
    one_of("channel", "cabinet", "messenger"),
    one_of("sampling", "random", "low_confidence", "voluntary"),
    # One live verdict per person and finding.
    Index(
        "uq_feedback_live",
        "tenant",
        "finding_id",
        "user_id",
        unique=True,
        postgresql_where=sql("replaced_by IS NULL"),
    ),
)

review_draw = tenant_table(
    "review_draw",
    Column("finding_id", Text, primary_key=True),
    Column("week", Date, nullable=False),
    text("kind"),
    Column("place", Integer, nullable=False),
    instant("drawn_at"),
    one_of("kind", "random", "low_confidence"),
    ForeignKeyConstraint(["tenant", "finding_id"], ["finding.tenant", "finding.finding_id"], ondelete="CASCADE"),
    Index("ix_review_draw_week", "tenant", "week"),
)
"""Findings that chance chose for a person's eyes; `week`: its Monday, `place`: the order of the draw."""

dispute = tenant_table(
    "dispute",
    Column("dispute_id", Text, primary_key=True),
    text("finding_id"),
    text("opened_by"),
    text("text"),
    text("state"),
    text("decided_by", null=True),
    text("decision_text"),
    instant("opened_at"),
    instant("decided_at", null=True),
    one_of("state", "открыт", "принят", "отклонён", "снят"),
    Index("ix_dispute_finding", "tenant", "finding_id"),
)

gold_item = tenant_table(
    "gold_item",
    Column("episode_key", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("annotator", Text, primary_key=True),
    text("value", null=True),
    Column("refs", ARRAY(Text), nullable=False),
    text("guideline_version"),
    text("state"),
    text("analysis_key"),
    one_of("state", "draft", "agreed", "arbitrated"),
    _of_analysis(),
)
"""What people say is true of an episode's labels; `refs`: ids of messages, `analysis_key`: about which answer."""

dialog_link = tenant_table(
    "dialog_link",
    Column("dialog_id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger, nullable=False),
    text("linked_by"),
    instant("linked_at"),
    instant("removed_at", null=True),
)

pii_token = tenant_table(
    "pii_token",
    Column("token", Text, primary_key=True),
    text("kind"),
    Column("encrypted_value", LargeBinary, nullable=False),
    instant("first_seen"),
    schema=PII_SCHEMA,
)

pii_token_use = tenant_table(
    "pii_token_use",
    Column("token", Text, primary_key=True),
    Column("dialog_id", BigInteger, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["tenant", "token"], ["pii.pii_token.tenant", "pii.pii_token.token"], ondelete="CASCADE"),
    Index(None, "tenant", "dialog_id"),
    schema=PII_SCHEMA,
)
"""Which dialogs hold a value: who is erased takes along what nobody else's dialog mentions."""

masking_key = tenant_table(
    "masking_key",
    Column("encrypted_key", LargeBinary, nullable=False),
    instant("created_at"),
    schema=PII_SCHEMA,
)
"""One random key per tenant, so that tokens outlive a rotation of the installation's keys."""
