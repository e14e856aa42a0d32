"""Who may touch which table: roles, grants and row level security policies, generated from the tables.

The roles cannot log in, own nothing and do not bypass row level security; every transaction of the product puts one of
them on. Policies are forced on the tables' owner as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Table

from synkro_resources.control.tables import (
    audit,
    delivery,
    integrations,
    metadata,
    people,
    reports,
    runs,
    support,
    tenancy,
    vendors,
)
from synkro_resources.control.tables.base import PII_SCHEMA, is_tenant_scoped

APP = "synkro_app"
SCHEDULER = "synkro_scheduler"
AUTH = "synkro_auth"
OPERATOR = "synkro_operator"
PII = "synkro_pii"
ROLES = (APP, SCHEDULER, AUTH, OPERATOR, PII)

READ = ("SELECT",)
WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
ADD = ("SELECT", "INSERT")
CHANGE = ("SELECT", "INSERT", "UPDATE")

OWN_TENANT = "tenant = current_setting('synkro.tenant', true)"
IN_CELL = "tenant IN (SELECT slug FROM tenant)"  # the scheduler's own policy on `tenant` leaves only its cell
ANY = "true"


@dataclass(frozen=True, slots=True)
class Rule:
    """`role` may use `privileges` (a column list narrows one of them) on the rows where `rows` holds."""

    role: str
    table: Table
    privileges: tuple[str, ...]
    rows: str

    @property
    def name(self) -> str:
        return self.role.removeprefix("synkro_")


def _columns(table: Table, *hidden: str) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns if column.name not in hidden)


def _read_without(table: Table, *hidden: str) -> tuple[str, ...]:
    return (f"SELECT ({_columns(table, *hidden)})",)


# The tenant's own role cannot change what it pays for, nor what was recorded, nor let an operator in; it may show
# one out.
_APP_NARROW = {
    tenancy.subscription.name: READ,
    tenancy.service_line.name: READ,
    support.support_visit.name: ("SELECT", "UPDATE (ended_at)"),
}
_OPERATOR_READS = (
    runs.report_schedule,
    runs.run_request,
    runs.run,
    runs.run_step,
    runs.source_run,
    runs.day_state,
    runs.check_result,
    runs.warehouse_check,
    integrations.integration_check,
    tenancy.usage_month,
)
_OPERATOR_CHANGES = (
    *(tenancy.plan, tenancy.account, tenancy.subscription, tenancy.service_line, tenancy.erasure),
    *(vendors.vendor_block, support.support_visit),
)


def rules() -> Iterator[Rule]:
    """All access rules, in a stable order."""
    yield from _app_rules()
    yield from _scheduler_rules()
    yield from _auth_rules()
    yield from _operator_rules()


def _app_rules() -> Iterator[Rule]:
    for table in metadata.sorted_tables:
        if is_tenant_scoped(table):
            role = PII if table.schema == PII_SCHEMA else APP
            yield Rule(role, table, _APP_NARROW.get(table.name, WRITE), OWN_TENANT)
    yield Rule(APP, audit.audit_event, ADD, OWN_TENANT)
    yield Rule(
        APP,
        tenancy.tenant,
        ("SELECT", "UPDATE (name, zone)"),
        OWN_TENANT.replace("tenant", "slug", 1),
    )
    yield Rule(APP, tenancy.account, READ, "account_id IN (SELECT account_id FROM tenant)")
    yield Rule(APP, tenancy.plan, READ, ANY)
    yield Rule(APP, tenancy.erasure, CHANGE, OWN_TENANT)
    yield Rule(APP, vendors.rate_bucket, CHANGE, ANY)
    yield Rule(APP, vendors.vendor_block, CHANGE, ANY)
    yield Rule(APP, delivery.telegram_offset, CHANGE, ANY)
    yield Rule(
        APP,
        people.app_user,
        _read_without(people.app_user, "password_hash"),
        "user_id IN (SELECT user_id FROM membership)",
    )


def _scheduler_rules() -> Iterator[Rule]:
    yield Rule(SCHEDULER, tenancy.tenant, READ, "cell = current_setting('synkro.cell', true)")
    yield Rule(SCHEDULER, tenancy.plan, READ, ANY)
    yield Rule(SCHEDULER, tenancy.subscription, READ, IN_CELL)
    yield Rule(SCHEDULER, runs.report_schedule, ("SELECT", "UPDATE (next_due_at, paused_reason)"), IN_CELL)
    yield Rule(SCHEDULER, runs.run_request, ("SELECT", "UPDATE"), IN_CELL)
    yield Rule(SCHEDULER, runs.run, ("SELECT", "UPDATE"), IN_CELL)
    yield Rule(SCHEDULER, runs.run_step, ("SELECT", "UPDATE"), IN_CELL)
    yield Rule(SCHEDULER, runs.day_state, READ, IN_CELL)


def _auth_rules() -> Iterator[Rule]:
    for table in (
        people.app_user,
        people.session,
        people.signin_attempt,
        people.signin_challenge,
        people.second_factor,
        people.recovery_code,
        people.password_reset,
    ):
        yield Rule(AUTH, table, WRITE, ANY)
    yield Rule(AUTH, people.membership, ADD, ANY)
    yield Rule(AUTH, people.invitation, ("SELECT", "UPDATE (accepted_at)"), ANY)
    for table in (people.platform_role, support.support_visit, support.support_access):
        yield Rule(AUTH, table, READ, ANY)
    yield Rule(AUTH, tenancy.plan, READ, ANY)  # whether whom an invitation names still has a seat
    yield Rule(AUTH, tenancy.subscription, READ, ANY)
    yield Rule(AUTH, audit.audit_event, ("INSERT",), ANY)  # adds to the record, never reads it


def _operator_rules() -> Iterator[Rule]:
    for table in _OPERATOR_CHANGES:
        yield Rule(OPERATOR, table, CHANGE, ANY)
    yield Rule(OPERATOR, tenancy.tenant, WRITE, ANY)  # erasing a tenant ends with its row
    for table in _OPERATOR_READS:
        yield Rule(OPERATOR, table, READ, ANY)
    yield Rule(OPERATOR, integrations.integration, _read_without(integrations.integration, "secrets"), ANY)
    yield Rule(OPERATOR, delivery.delivery, _read_without(delivery.delivery, "payload"), ANY)
    yield Rule(OPERATOR, delivery.destination, READ, ANY)
    yield Rule(
        OPERATOR,
        reports.report_package,
        _read_without(reports.report_package, "names"),
        ANY,
    )
    yield Rule(
        OPERATOR,
        people.app_user,
        (
            *_read_without(people.app_user, "password_hash"),
            "INSERT",
            f"UPDATE ({_columns(people.app_user, 'user_id', 'created_at')})",
        ),
        ANY,
    )
    yield Rule(OPERATOR, people.membership, WRITE, ANY)
    yield Rule(OPERATOR, people.platform_role, WRITE, ANY)
    yield Rule(OPERATOR, tenancy.tenant_settings, ADD, ANY)
    yield Rule(OPERATOR, audit.audit_event, ADD, ANY)


def _qualified(table: Table) -> str:
    return f"{table.schema or 'public'}.{table.name}"


def statements() -> Iterator[str]:
    """The DDL that puts the rules on freshly created tables; the roles exist already."""
    for table in metadata.sorted_tables:
        yield f"ALTER TABLE {_qualified(table)} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {_qualified(table)} FORCE ROW LEVEL SECURITY"
    yield f"GRANT USAGE ON SCHEMA public TO {', '.join(role for role in ROLES if role != PII)}"
    yield f"GRANT USAGE ON SCHEMA {PII_SCHEMA} TO {PII}"
    for rule in rules():
        table = _qualified(rule.table)
        yield f"GRANT {', '.join(rule.privileges)} ON {table} TO {rule.role}"
        yield f"CREATE POLICY {rule.name} ON {table} TO {rule.role} USING ({rule.rows}) WITH CHECK ({rule.rows})"
    yield APPEND_ONLY_FUNCTION
    yield (
        "CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON public.audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_the_record()"
    )


# Grants already forbid it to every role of the product; the trigger also stops the owner's own mistakes.
APPEND_ONLY_FUNCTION = """
CREATE FUNCTION public.refuse_to_change_the_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$""".strip()
