"""Period packages, the report documents drawn from them, and their files."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.tables.base import instant, json, one_of, tenant_table, text


def _of_package() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant", "package_id"], ["report_package.tenant", "report_package.package_id"], ondelete="CASCADE"
    )


report_package = tenant_table(
    "report_package",
    Column("package_id", Text, primary_key=True),
    text("report_id"),
    Column("revision", Integer, nullable=False),
    text("kind"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    instant("period_start"),
    instant("period_end"),
    text("zone"),
    instant("as_of"),
    instant("data_until"),
    instant("built_at"),
    Column("working_days", Integer, nullable=False),
    Column("holidays", ARRAY(Date), nullable=False),
    text("prev_kind", null=True),
    Column("prev_first_day", Date),
    Column("prev_last_day", Date),
    text("prev_note"),
    Column("prev_working_days", Integer),
    text("verdict"),
    Column("verdict_reasons", ARRAY(Text), nullable=False),
    json("versions"),
    json("names"),
    text("input_hash"),
    text("state"),
    one_of("state", "building", "ready", "superseded"),
    one_of("verdict", "ok", "preliminary", "empty", "failed"),
    UniqueConstraint("tenant", "report_id", "revision"),
)

report_package_metric = tenant_table(
    "report_package_metric",
    Column("package_id", Text, primary_key=True),
    Column("metric_no", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("scope_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("value", Double),
    Column("num", BigInteger),
    Column("den", BigInteger),
    Column("n", BigInteger),
    text("unit"),
    Column("prev_value", Double),
    Column("prev_n", BigInteger),
    text("test", null=True),
    Column("p_value", Double),
    Column("ci_low", Double),
    Column("ci_high", Double),
    text("verdict", null=True),
    Column("polarity", Integer),
    text("display"),
    text("note"),
    _of_package(),
)

report_package_row = tenant_table(
    "report_package_row",
    Column("package_id", Text, primary_key=True),
    Column("list_code", Text, primary_key=True),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    text("episode_key", null=True),
    text("dialog_id", null=True),
    Column("deal_id", BigInteger),
    Column("manager_id", BigInteger),
    text("attribution"),
    Column("amount", BigInteger),
    Column("age_min", Double),
    instant("at", null=True),
    Column("finding_ids", ARRAY(Text)),
    text("band", null=True),
    json("extra"),
    _of_package(),
)

report_package_fact = tenant_table(
    "report_package_fact",
    Column("package_id", Text, primary_key=True),
    Column("fact_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    text("code"),
    Column("rank", Integer, nullable=False),
    Column("severity", Double),
    Column("amount", BigInteger),
    text("template_text"),
    json("values"),
    Column("finding_ids", ARRAY(Text)),
    text("wording"),
    text("final_text"),
    one_of("wording", "template", "model"),
    _of_package(),
)

report_package_health = tenant_table(
    "report_package_health",
    Column("package_id", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("value", Double),
    Column("limit", Double),
    text("status"),
    text("text"),
    _of_package(),
)

report = tenant_table(
    "report",
    Column("doc_id", Text, primary_key=True),
    text("package_id"),
    text("report_id"),
    Column("revision", Integer, nullable=False),
    text("kind"),
    text("language"),
    text("title"),
    json("document"),
    instant("created_at"),
    _of_package(),
    Index("ix_report_newest", "tenant", "created_at"),
)

report_file = tenant_table(
    "report_file",
    Column("file_id", Text, primary_key=True),
    text("doc_id"),
    text("format"),
    text("path"),
    text("sha256"),
    Column("size_bytes", BigInteger, nullable=False),
    instant("created_at"),
    ForeignKeyConstraint(["tenant", "doc_id"], ["report.tenant", "report.doc_id"], ondelete="CASCADE"),
    one_of("format", "xlsx", "pdf"),
)
