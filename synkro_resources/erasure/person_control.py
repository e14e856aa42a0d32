"""One person in the control database: analyses, findings and reports that quote their dialogs, and the phone anywhere.

First the rows that belong to the dialogs go, then every text and JSON column of the tenant is searched for the phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, and_, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.rotation import PII, token_field
from synkro_resources.control.tables import analysis, delivery, integrations, metadata, reports, tenancy
from synkro_resources.control.tables.base import is_tenant_scoped
from synkro_resources.erasure.mentions import REMOVED
from synkro_resources.erasure.person_lake import Person

NOT_SEARCHED = frozenset(
    {
        integrations.integration.name,
        tenancy.suppressed_person.name,
        tenancy.subscription.name,
        tenancy.service_line.name,
    }
)
"""Sealed secrets, hashes, and what the tenant's own role may not change: no text of a dialog gets there."""

BATCH = 5_000
WAITING = ("pending", "sending", "retry_wait", "uncertain")
LINE_REMOVED = "Строка удалена: данные человека стёрты. / Removed: the person's data were erased."
LINKS = {"deal": "deals", "dialog": "dialogs", "episode": "episodes", "message": "messages"}

Removed = dict[str, int]


def erase_person_from_control(db: Database, keyring: Keyring, tenant: str, person: Person) -> Removed:
    """Delete or blank what refers to the person; one transaction, so that a crash leaves all of it or nothing."""
    removed: Removed = {}
    with db.tenant(tenant) as connection:
        _erase_analyses(connection, person, removed)
        _erase_reports(connection, person, removed)
        for table in metadata.sorted_tables:
            if is_tenant_scoped(table) and not table.schema and table.name not in NOT_SEARCHED:
                _cut_phone(connection, table, person, removed)
    with db.pii(tenant) as connection:
        _erase_values(connection, keyring, tenant, person, removed)
    return removed


def _erase_values(connection: Connection, keyring: Keyring, tenant: str, person: Person, removed: Removed) -> None:
    """Values that are the person's own, and those that only the person's dialogs mention; the company's phone stays."""
    value, use = analysis.pii_token, analysis.pii_token_use
    of_person = use.c.dialog_id.in_(sorted(person.dialogs))
    elsewhere = use.alias("elsewhere")
    in_others = select(elsewhere.c.token).where(
        elsewhere.c.token == use.c.token, elsewhere.c.dialog_id.not_in(sorted(person.dialogs))
    )
    mentioned = set(connection.scalars(select(use.c.token).where(of_person, ~in_others.exists())))
    canonical = {*(f"contact:{item}" for item in person.contacts), *(f"dialog:{item}" for item in person.dialogs)}
    _count(removed, "pii.pii_token_use", connection.execute(delete(use).where(of_person)).rowcount)
    for row in connection.execute(select(value.c.token, value.c.encrypted_value)).all():
        sealed = bytes(row.encrypted_value).decode()
        opened = keyring.decrypt(sealed, tenant=tenant, integration=PII, field=token_field(row.token))
        own = opened in canonical or person.phone.is_written_as(opened) or person.phone.without(opened) != opened
        if own or row.token in mentioned:
            connection.execute(delete(value).where(value.c.token == row.token))
            _count(removed, "pii.pii_token", 1)


def _erase_analyses(connection: Connection, person: Person, removed: Removed) -> None:
    keys, findings = analysis.episode_analysis.c.analysis_key, analysis.finding.c.finding_id
    for episodes in _batches(person.episodes):
        of_episode = analysis.episode_analysis.c.episode_key.in_(episodes)
        analyses = list(connection.scalars(select(keys).where(of_episode)))
        found = list(connection.scalars(select(findings).where(analysis.finding.c.analysis_key.in_(analyses))))
        _blank_facts(connection, found, removed)
        _delete(connection, analysis.feedback, analysis.feedback.c.finding_id.in_(found), removed)
        _delete(connection, analysis.dispute, analysis.dispute.c.finding_id.in_(found), removed)
        blanked = connection.execute(
            update(analysis.ai_call)
            .where(or_(analysis.ai_call.c.analysis_key.in_(analyses), analysis.ai_call.c.episode_key.in_(episodes)))
            .values(masked_request=None, masked_answer=None)
        )
        _count(removed, "ai_call (texts)", blanked.rowcount)
        _count(removed, "finding", len(found))
        for table in (analysis.injection_event, analysis.gold_item):
            _delete(connection, table, table.c.episode_key.in_(episodes), removed)
        _delete(connection, analysis.episode_analysis, of_episode, removed)
    link, hint = analysis.dialog_link, integrations.radist_hint
    of_person = or_(link.c.dialog_id.in_(sorted(person.dialogs)), link.c.contact_id.in_(sorted(person.contacts)))
    _delete(connection, link, of_person, removed)
    _delete(connection, hint, hint.c.chat_id.in_(sorted(person.dialogs)), removed)


def _blank_facts(connection: Connection, findings: Sequence[str], removed: Removed) -> None:
    fact = reports.report_package_fact
    blanked = connection.execute(
        update(fact)
        .where(fact.c.finding_ids.op("&&")(cast(list(findings), ARRAY(Text))))
        .values(template_text=LINE_REMOVED, final_text=LINE_REMOVED, finding_ids=[], values={})
    )
    _count(removed, "report_package_fact (texts)", blanked.rowcount)


def _erase_reports(connection: Connection, person: Person, removed: Removed) -> None:
    """Rows of packages go; in documents the lines that link to the person's dialogs, messages or deals are blanked.

    What was sent or waits to be sent is one text without references, so the texts of touched reports go as a whole.
    """
    row, document, sent = reports.report_package_row, reports.report, delivery.delivery
    touched: set[str] = set()
    dialogs = [str(dialog) for dialog in person.dialogs]
    for condition in (
        *(row.c.episode_key.in_(batch) for batch in _batches(person.episodes)),
        *(row.c.dialog_id.in_(batch) for batch in _batches(dialogs)),
    ):
        touched |= set(connection.scalars(select(row.c.package_id).where(condition).distinct()))
        _delete(connection, row, condition, removed)
    for found in connection.execute(select(document.c.doc_id, document.c.package_id, document.c.document)).all():
        blanked = _without_lines(found.document, person)
        if blanked == found.document:
            continue
        touched.add(found.package_id)
        connection.execute(update(document).where(document.c.doc_id == found.doc_id).values(document=blanked))
        _count(removed, "report (lines)", 1)
    for batch in _batches(touched):
        of_package = sent.c.package_id.in_(batch)
        connection.execute(update(sent).where(of_package, sent.c.state.in_(WAITING)).values(state="cancelled"))
        texts = connection.execute(update(sent).where(of_package).values(payload={}))
        _count(removed, "delivery (texts)", texts.rowcount)


def _without_lines(value: Any, person: Person) -> Any:
    """The document with every line blanked of which a part links to the person."""
    if isinstance(value, list):
        if any(isinstance(part, dict) and _links_to(part.get("link"), person) for part in value):
            return [{"text": LINE_REMOVED, "style": "plain", "link": None}]
        return [_without_lines(item, person) for item in value]
    if isinstance(value, dict):
        return {name: _without_lines(item, person) for name, item in value.items()}
    return value


def _links_to(link: object, person: Person) -> bool:
    kind, _, target = str(link or "").partition(":")
    ids = person.ids.get(LINKS.get(kind, ""), []) if kind in LINKS and target else []
    return target in {str(item) for item in ids}


def _cut_phone(connection: Connection, table: Table, person: Person, removed: Removed) -> None:
    """Cut the phone out of all texts of a table; a row whose key holds it is deleted."""
    columns = [column for column in table.columns if isinstance(column.type, Text | JSONB | ARRAY)]
    if not columns:
        return
    keys = list(table.primary_key.columns)
    mentioned = or_(*(_digits(column).contains(person.phone.essential) for column in columns))
    for found in connection.execute(select(*table.columns).where(mentioned)).mappings().all():
        new = {column.name: person.phone.without_in(found[column.name]) for column in columns}
        changed = {name: value for name, value in new.items() if value != found[name]}
        if not changed:
            continue
        this = and_(*(key == found[key.name] for key in keys))
        if any(key.name in changed for key in keys):
            connection.execute(delete(table).where(this))
        else:
            connection.execute(update(table).where(this).values(**changed))
        _count(removed, f"{table.name} ({REMOVED})", 1)


def _digits(column: Column[Any]) -> Any:
    return func.regexp_replace(cast(column, Text), "[^0-9]", "", "g")


def _delete(connection: Connection, table: Table, condition: Any, removed: Removed) -> None:
    _count(removed, table.name, connection.execute(delete(table).where(condition)).rowcount)


def _count(removed: Removed, name: str, rows: int) -> None:
    if rows > 0:
        removed[name] = removed.get(name, 0) + rows


def _batches(values: Any) -> Iterator[list[str]]:
    left = iter(sorted(values))
    while batch := list(islice(left, BATCH)):
        yield batch
