"""What the control database says about an erased person goes; what it says about others stays as it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, insert, select

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.rotation import PII, token_field
from synkro_resources.control.tables import analysis, delivery, integrations, metadata, reports
from synkro_resources.control.tables.base import is_tenant_scoped
from synkro_resources.control.tenants import Tenant
from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_control import LINE_REMOVED, erase_person_from_control
from synkro_resources.erasure.person_lake import Person
from synkro_resources.model.clock import FixedClock

PHONE = "79123456789"
PERSON = Person(
    Phone(PHONE),
    contacts=frozenset({1}),
    dialogs=frozenset({10}),
    episodes=frozenset({"mine"}),
    messages=frozenset({"m1"}),
    deals=frozenset({100}),
)
DAY = date(2026, 11, 19)


def add(db: Database, tenant: str, clock: FixedClock, table: Table, **values: object) -> None:
    """One row; columns the case does not name get something of their type."""
    row: dict[str, object] = {"tenant": tenant}
    for column in table.columns:
        if column.name in values:
            row[column.name] = values[column.name]
        elif not column.nullable and column.name != "tenant" and column.identity is None:
            row[column.name] = _something(column.type.python_type, clock, str(column.type))
    with db.tenant(tenant) as connection:
        connection.execute(insert(table).values(**row))


def _something(kind: type, clock: FixedClock, name: str) -> object:
    if name == "JSONB":
        return {}
    return {str: "x", bool: False, list: [], date: DAY, datetime: clock.now()}.get(kind, 0)


def fill(db: Database, tenant: str, clock: FixedClock) -> None:
    for owner, deal, dialog, message in (("mine", 100, 10, "m1"), ("theirs", 200, 20, "m2")):
        key = f"a-{owner}"
        add(db, tenant, clock, analysis.episode_analysis, analysis_key=key, episode_key=owner, variant="full")
        add(
            db,
            tenant,
            clock,
            analysis.finding,
            finding_id=f"f-{owner}",
            analysis_key=key,
            quote_masked=f"quote {owner}",
        )
        add(db, tenant, clock, analysis.episode_analysis_day, analysis_key=key, episode_key=owner, day=DAY)
        add(db, tenant, clock, analysis.ai_call, call_id=key, analysis_key=key, masked_request="r", masked_answer="a")
        feedback = {"verdict": "верно", "reason": "", "channel": "cabinet", "sampling": "random"}
        add(db, tenant, clock, analysis.feedback, feedback_id=owner, finding_id=f"f-{owner}", **feedback)
        add(db, tenant, clock, analysis.dispute, dispute_id=owner, finding_id=f"f-{owner}", state="открыт")
        add(db, tenant, clock, analysis.gold_item, episode_key=owner, analysis_key=key, state="draft")
        add(db, tenant, clock, analysis.injection_event, episode_key=owner)
        add(db, tenant, clock, analysis.dialog_link, dialog_id=dialog, contact_id=5)
        add(db, tenant, clock, integrations.radist_hint, chat_id=dialog)
        package = f"p-{owner}"
        add(
            db,
            tenant,
            clock,
            reports.report_package,
            package_id=package,
            report_id=package,
            state="ready",
            verdict="ok",
            names={"note": f"Клиент +7 912 345-67-89 у {owner}"},
        )
        add(db, tenant, clock, reports.report_package_row, package_id=package, episode_key=owner, dialog_id=str(dialog))
        fact = {"wording": "template", "final_text": f"fact {owner}", "finding_ids": [f"f-{owner}"]}
        add(db, tenant, clock, reports.report_package_fact, package_id=package, fact_id="1", **fact)
        line = [{"text": f"line {owner}", "link": f"message:{message}"}, {"text": "…", "link": None}]
        document = {"blocks": [{"lines": [line, [{"text": "deal", "link": f"deal:{deal}"}], [{"text": "общее"}]]}]}
        add(db, tenant, clock, reports.report, doc_id=owner, package_id=package, document=document)
    add(db, tenant, clock, delivery.destination, destination_id="d", channel="telegram")
    for owner, state in (("mine", "pending"), ("theirs", "pending")):
        add(
            db,
            tenant,
            clock,
            delivery.delivery,
            delivery_id=owner,
            delivery_key=owner,
            package_id=f"p-{owner}",
            destination_id="d",
            state=state,
            payload={"text": owner},
        )


def rows(db: Database, tenant: str, table: Table) -> list[Any]:
    with db.tenant(tenant) as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)).mappings())


def whole(db: Database, tenant: str) -> dict[str, list[Any]]:
    tables = [table for table in metadata.sorted_tables if is_tenant_scoped(table) and not table.schema]
    return {table.name: rows(db, tenant, table) for table in tables}


def test_analyses_findings_and_report_lines_of_the_person_go_and_those_of_others_stay(
    control_db: Database, control_clock: FixedClock, keyring: Keyring, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    for tenant in (tenant_a, tenant_b):
        fill(control_db, tenant.slug, control_clock)
    slug, neighbour = tenant_a.slug, whole(control_db, tenant_b.slug)
    erase_person_from_control(control_db, keyring, slug, PERSON)

    for table, column, left in (
        (analysis.episode_analysis, "episode_key", ["theirs"]),
        (analysis.finding, "finding_id", ["f-theirs"]),
        (analysis.episode_analysis_day, "episode_key", ["theirs"]),
        (analysis.feedback, "feedback_id", ["theirs"]),
        (analysis.dispute, "dispute_id", ["theirs"]),
        (analysis.gold_item, "episode_key", ["theirs"]),
        (analysis.injection_event, "episode_key", ["theirs"]),
        (analysis.dialog_link, "dialog_id", [20]),
        (integrations.radist_hint, "chat_id", [20]),
        (reports.report_package_row, "episode_key", ["theirs"]),
        (reports.report_package, "package_id", ["p-mine", "p-theirs"]),
    ):
        assert [row[column] for row in rows(control_db, slug, table)] == left, table.name
    assert [(row["masked_request"], row["masked_answer"]) for row in rows(control_db, slug, analysis.ai_call)] == [
        (None, None),
        ("r", "a"),
    ]
    facts = [row["final_text"] for row in rows(control_db, slug, reports.report_package_fact)]
    assert facts == [LINE_REMOVED, "fact theirs"]
    mine, theirs = (row["document"]["blocks"][0]["lines"] for row in rows(control_db, slug, reports.report))
    assert [line[0]["text"] for line in mine] == [LINE_REMOVED, LINE_REMOVED, "общее"]
    assert [line[0]["text"] for line in theirs] == ["line theirs", "deal", "общее"]
    assert [(row["state"], row["payload"]) for row in rows(control_db, slug, delivery.delivery)] == [
        ("cancelled", {}),
        ("pending", {"text": "theirs"}),
    ]
    # The phone goes wherever it was written, also where nothing else of the person is.
    assert [row["names"]["note"] for row in rows(control_db, slug, reports.report_package)] == [
        "Клиент [удалено] у mine",
        "Клиент [удалено] у theirs",
    ]
    assert whole(control_db, tenant_b.slug) == neighbour
    first = whole(control_db, slug)
    erase_person_from_control(control_db, keyring, slug, PERSON)
    assert whole(control_db, slug) == first


def test_the_token_behind_which_the_phone_is_sealed_goes(
    control_db: Database, control_clock: FixedClock, keyring: Keyring, tenant_a: Tenant
) -> None:
    slug = tenant_a.slug
    with control_db.pii(slug) as connection:
        for token, value in (("[PHONE_AAAA]", "+7 912 345 67 89"), ("[PHONE_BBBB]", "+7 912 345 67 80")):
            sealed = keyring.encrypt(value, tenant=slug, integration=PII, field=token_field(token))
            row = {"tenant": slug, "token": token, "kind": "phone", "first_seen": control_clock.now()}
            connection.execute(insert(analysis.pii_token).values(**row, encrypted_value=sealed.encode()))
    assert erase_person_from_control(control_db, keyring, slug, PERSON) == {"pii.pii_token": 1}
    with control_db.pii(slug) as connection:
        assert list(connection.scalars(select(analysis.pii_token.c.token))) == ["[PHONE_BBBB]"]
