"""Requests for runs, the runs, their steps, and what is known of each loaded day."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    Time,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY

from synkro_resources.control.tables.base import instant, json, one_of, tenant_table, text

OPEN_STATUSES = ("open", "running")

report_schedule = tenant_table(
    "report_schedule",
    Column("schedule_id", Text, primary_key=True),
    text("kind"),
    Column("at_time", Time, nullable=False),
    Column("weekdays", ARRAY(Integer), nullable=False),
    text("language"),
    Column("destinations", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("lead_minutes", Integer, nullable=False),
    instant("next_due_at", null=True),
    text("paused_reason"),
    instant("updated_at"),
    text("updated_by"),
    one_of("kind", "day", "week", "month"),
)

run_request = tenant_table(
    "run_request",
    Column("request_id", Text, primary_key=True),
    text("kind"),
    text("period_kind"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    text("requested_by"),
    text("reason"),
    text("status"),
    text("stage"),
    Column("attempt", Integer, nullable=False),
    json("plan"),
    instant("created_at"),
    instant("finished_at", null=True),
    text("error_code"),
    text("what_ru"),
    text("what_en"),
    text("remedy_ru"),
    text("remedy_en"),
    text("schedule_id", null=True),
    Column("is_refinement", Boolean, nullable=False),
    instant("due_at", null=True),  # a scheduled report does not leave before
    one_of("kind", "data", "refresh", "report", "labels", "trial"),
    one_of("period_kind", "day", "week", "month", "custom"),
    one_of("status", *OPEN_STATUSES, "done", "failed", "cancelled"),
    CheckConstraint("first_day <= last_day", name="period"),
    # The promise "an identical open request is not doubled" must hold between processes, too.
    Index(
        "uq_run_request_open",
        "tenant",
        "kind",
        "period_kind",
        "first_day",
        "last_day",
        unique=True,
        postgresql_where=sql("status IN ('open', 'running')"),
    ),
    # A report of a schedule is asked for once, whatever crashes or runs twice; its refinement as well.
    Index(
        "uq_run_request_scheduled",
        "tenant",
        "schedule_id",
        "is_refinement",
        "period_kind",
        "first_day",
        "last_day",
        unique=True,
        postgresql_where=sql("schedule_id IS NOT NULL"),
    ),
    Index("ix_run_request_created", "tenant", "created_at"),
)

run = tenant_table(
    "run",
    Column("run_id", Text, primary_key=True),
    text("request_id", null=True),
    text("job"),
    text("stage"),
    Column("chunk", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    text("status"),
    instant("started_at"),
    instant("heartbeat_at"),
    instant("finished_at", null=True),
    text("error_code"),
    text("what_ru"),
    text("what_en"),
    text("remedy_ru"),
    text("remedy_en"),
    ForeignKeyConstraint(["tenant", "request_id"], ["run_request.tenant", "run_request.request_id"]),
    one_of("status", "running", "done", "failed"),
    Index("ix_run_request", "tenant", "request_id"),
    Index("ix_run_heartbeat", "heartbeat_at", postgresql_where=sql("status = 'running'")),
)

run_step = tenant_table(
    "run_step",
    Column("step_id", BigInteger, Identity(always=True), primary_key=True),
    text("run_id"),
    text("asset"),
    Column("first_day", Date),
    Column("last_day", Date),
    text("status"),
    instant("started_at"),
    instant("finished_at", null=True),
    Column("rows_in", BigInteger),
    Column("rows_out", BigInteger),
    Column("requests", Integer),
    text("error_code"),
    text("what_ru"),
    text("what_en"),
    text("remedy_ru"),
    text("remedy_en"),
    Column("retryable", Boolean, nullable=False),
    ForeignKeyConstraint(["tenant", "run_id"], ["run.tenant", "run.run_id"], ondelete="CASCADE"),
    one_of("status", "running", "done", "failed", "skipped"),
    Index("ix_run_step_run", "tenant", "run_id"),
)

source_run = tenant_table(
    "source_run",
    Column("source", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    text("status"),
    instant("finished_at"),
    Column("rows_source", BigInteger, nullable=False),
    Column("rows_stored", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    Column("rows_duplicate", BigInteger, nullable=False),
)

day_state = tenant_table(
    "day_state",
    Column("day", Date, primary_key=True),
    Column("layer", Text, primary_key=True),
    instant("loaded_at"),
    instant("changed_at"),
    Column("complete", Boolean, nullable=False),
    json("versions"),
    instant("derived_at", null=True),
    instant("stale_since", null=True),
    text("stale_reason", null=True),
    one_of("layer", "raw", "derived"),
)

check_result = tenant_table(
    "check_result",
    Column("asset", Text, primary_key=True),
    Column("check_name", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    text("run_id"),
    Column("passed", Boolean, nullable=False),
    Column("blocking", Boolean, nullable=False),
    text("what_ru"),
    text("what_en"),
    json("details"),
    instant("checked_at"),
)

warehouse_check = tenant_table(
    "warehouse_check",
    Column("table_name", Text, primary_key=True),
    instant("checked_at"),
    Column("rows_lake", BigInteger, nullable=False),
    Column("rows_client", BigInteger, nullable=False),
    Column("rows_resent", BigInteger, nullable=False),
    text("status"),
    json("details"),
    one_of("status", "equal", "repaired", "differs"),
)
