"""A tenant's connections to outside services: public settings, sealed secrets, status and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import SecretStr
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.sealed_fields import merged, missing, of_kind, opened
from synkro_resources.control.sentences import StoredError
from synkro_resources.control.tables import integrations as tables
from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.model.ids import IntegrationKind

PublicSettings = dict[str, str | int | bool]
CheckStatus = Literal["ok", "warning", "broken"]
IntegrationStatus = Literal["new", "ok", "warning", "broken"]
_NOTHING = Sentence("", "")
_WORST: tuple[CheckStatus, ...] = ("broken", "warning", "ok")


@dataclass(frozen=True, slots=True)
class Integration:
    """What people may see of a connection; `secret_tails` holds the last characters per secret field."""

    tenant: str
    kind: IntegrationKind
    public: PublicSettings
    secret_tails: dict[str, str]
    status: IntegrationStatus
    problem: StoredError | None
    version: int
    checked_at: datetime | None
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One thing that a connection check looked at.

    `code`: the error's own where a client raised one. `value`: what was found, for programs.
    """

    name: str
    status: CheckStatus
    what: Sentence
    remedy: Sentence = _NOTHING
    code: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """One check as it is kept: its worst status, all findings in order, when it began and how long it took."""

    status: CheckStatus
    findings: tuple[CheckFinding, ...]
    checked_at: datetime
    duration_ms: int


def set_integration(
    db: Database,
    keyring: Keyring,
    tenant: str,
    kind: IntegrationKind,
    public: Mapping[str, str | int | bool],
    secrets: Mapping[str, str],
    actor: str,
) -> Integration:
    """Create or change a connection. Secret fields that are not given keep their value; an empty one is removed.

    The status returns to «new» until the next check.
    """
    now = db.clock.now()
    with db.tenant(tenant) as connection:
        connection.execute(
            postgresql.insert(tables.integration)
            .values(
                tenant=tenant,
                kind=kind,
                public={},
                secrets={},
                secret_tails={},
                version=0,
                updated_at=now,
                updated_by=actor,
                **_status_columns("new"),
            )
            .on_conflict_do_nothing()
        )
        old = connection.execute(of_kind(kind).with_for_update()).one()
        sealed, tails = merged(keyring, tenant, kind, old.secrets, old.secret_tails, secrets)
        row = connection.execute(
            update(tables.integration)
            .where(tables.integration.c.kind == kind)
            .values(
                public=dict(public),
                secrets=sealed,
                secret_tails=tails,
                version=old.version + 1,
                updated_at=now,
                updated_by=actor,
                **_status_columns("new"),
            )
            .returning(*_VISIBLE)
        ).one()
        record(
            connection,
            at=now,
            actor=actor,
            action="integration.set",
            tenant=tenant,
            target=kind,
            details={"public_fields": sorted(public), "secret_fields": sorted(secrets)},
        )
        return _integration(row)


def remove_integration(db: Database, tenant: str, kind: IntegrationKind, *, actor: str) -> None:
    """Forget a connection with its secrets and settings; what was loaded and sent stays.

    Raises:
        UserInputError: `integration.missing`.
    """
    with db.tenant(tenant) as connection:
        removed = connection.execute(
            delete(tables.integration)
            .where(tables.integration.c.kind == kind)
            .returning(tables.integration.c.public, tables.integration.c.secret_tails)
        ).one_or_none()
        if removed is None:
            raise missing(tenant, kind)
        record(
            connection,
            at=db.clock.now(),
            actor=actor,
            action="integration.removed",
            tenant=tenant,
            target=kind,
            details={"public_fields": sorted(removed.public), "secret_fields": sorted(removed.secret_tails)},
        )


def get_integration(db: Database, tenant: str, kind: IntegrationKind) -> Integration | None:
    """The connection without its secrets, or None."""
    with db.tenant(tenant) as connection:
        row = connection.execute(select(*_VISIBLE).where(tables.integration.c.kind == kind)).one_or_none()
    return None if row is None else _integration(row)


def list_integrations(db: Database, tenant: str) -> list[Integration]:
    """All connections of a tenant, by kind."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(*_VISIBLE).order_by(tables.integration.c.kind)).all()
    return [_integration(row) for row in rows]


def read_secrets(db: Database, keyring: Keyring, tenant: str, kind: IntegrationKind) -> dict[str, SecretStr]:
    """The opened secrets by field, for the client of that vendor alone.

    Raises:
        UserInputError: `integration.missing`.
    """
    with db.tenant(tenant) as connection:
        row = connection.execute(of_kind(kind)).one_or_none()
    if row is None:
        raise missing(tenant, kind)
    return opened(keyring, tenant, kind, row.secrets)


def mark_integration(
    db: Database,
    tenant: str,
    kind: IntegrationKind,
    status: IntegrationStatus,
    code: str = "",
    what: Sentence = _NOTHING,
    remedy: Sentence = _NOTHING,
) -> None:
    """Set the status with its cause and remedy, as the last run found it."""
    with db.tenant(tenant) as connection:
        _mark(connection, kind, status, code, what, remedy)


def mark_broken(db: Database, tenant: str, kind: IntegrationKind, error: IntegrationError) -> None:
    """Set the status «broken» from the error that the vendor's client raised."""
    mark_integration(db, tenant, kind, "broken", error.code, error.what, error.remedy)


def save_check(
    db: Database,
    tenant: str,
    kind: IntegrationKind,
    findings: Sequence[CheckFinding],
    *,
    checked_at: datetime,
    duration_ms: int = 0,
    version: int | None = None,
) -> CheckStatus:
    """Store a check; the integration takes the worst finding's status, cause and remedy.

    `version`: the settings that were checked. If somebody has changed them meanwhile, their status stays as it is.
    """
    status = worst_status(findings)
    worst = next((finding for finding in findings if finding.status == status and status != "ok"), None)
    with db.tenant(tenant) as connection:
        connection.execute(
            insert(tables.integration_check).values(
                tenant=tenant,
                kind=kind,
                checked_at=checked_at,
                duration_ms=duration_ms,
                status=status,
                findings=[_finding_row(finding) for finding in findings],
            )
        )
        present = connection.execute(
            select(tables.integration.c.version).where(tables.integration.c.kind == kind).with_for_update()
        ).scalar_one_or_none()
        if version is not None and present != version:
            return status
        if worst is None:
            _mark(connection, kind, status, "", _NOTHING, _NOTHING, checked_at)
        else:
            code = worst.code or f"{kind}.{worst.name}"
            _mark(connection, kind, status, code, worst.what, worst.remedy, checked_at)
    return status


def save_finding(db: Database, tenant: str, kind: IntegrationKind, finding: CheckFinding, *, at: datetime) -> None:
    """Put one finding that was made anew into the newest check, or keep it as a check of its own if there is none.

    When that check was made and the integration's status stay as they are: nothing else was looked at.
    """
    table = tables.integration_check
    with db.tenant(tenant) as connection:
        newest = select(table).where(table.c.kind == kind).order_by(table.c.check_id.desc()).limit(1)
        row = connection.execute(newest.with_for_update()).one_or_none()
        if row is None:
            connection.execute(
                insert(table).values(
                    tenant=tenant,
                    kind=kind,
                    checked_at=at,
                    duration_ms=0,
                    status=finding.status,
                    findings=[_finding_row(finding)],
                )
            )
            return
        kept = [stored for stored in row.findings if stored["name"] != finding.name]
        findings = [*kept, _finding_row(finding)]
        connection.execute(update(table).where(table.c.check_id == row.check_id).values(findings=findings))


def last_check(db: Database, tenant: str, kind: IntegrationKind) -> StoredCheck | None:
    """The newest check, or None if there was none."""
    table = tables.integration_check
    newest = select(table).where(table.c.kind == kind).order_by(table.c.check_id.desc()).limit(1)
    with db.tenant(tenant) as connection:
        row = connection.execute(newest).one_or_none()
    if row is None:
        return None
    rows: list[dict[str, str]] = row.findings
    findings = tuple(_finding(stored) for stored in rows)
    return StoredCheck(worst_status(findings), findings, row.checked_at, row.duration_ms)


def worst_status(findings: Sequence[CheckFinding]) -> CheckStatus:
    """«ok» for no findings."""
    found = {finding.status for finding in findings}
    return next(status for status in _WORST if status in found or status == "ok")


# Everything but the ciphertexts: what is not selected cannot be shown by mistake.
_VISIBLE = [column for column in tables.integration.columns if column.name != "secrets"]


def _mark(
    connection: Connection,
    kind: IntegrationKind,
    status: IntegrationStatus,
    code: str,
    what: Sentence,
    remedy: Sentence,
    checked_at: datetime | None = None,
) -> None:
    columns: dict[str, object] = dict(_status_columns(status, code, what, remedy))
    if checked_at is not None:
        columns["checked_at"] = checked_at
    connection.execute(update(tables.integration).where(tables.integration.c.kind == kind).values(**columns))


def recovered_columns() -> dict[str, str]:
    """The columns of a connection that works again."""
    return _status_columns("ok")


def _status_columns(
    status: IntegrationStatus, code: str = "", what: Sentence = _NOTHING, remedy: Sentence = _NOTHING
) -> dict[str, str]:
    return {
        "status": status,
        "status_code": code,
        "what_ru": what.ru,
        "what_en": what.en,
        "remedy_ru": remedy.ru,
        "remedy_en": remedy.en,
    }


def _integration(row: Row[tuple[object, ...]]) -> Integration:
    problem = (
        StoredError(row.status_code, Sentence(row.what_ru, row.what_en), Sentence(row.remedy_ru, row.remedy_en))
        if row.status_code
        else None
    )
    return Integration(
        tenant=row.tenant,
        kind=IntegrationKind(row.kind),
        public=row.public,
        secret_tails=row.secret_tails,
        status=row.status,
        problem=problem,
        version=row.version,
        checked_at=row.checked_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def _finding_row(finding: CheckFinding) -> dict[str, str]:
    return {
        "name": finding.name,
        "status": finding.status,
        "what_ru": finding.what.ru,
        "what_en": finding.what.en,
        "remedy_ru": finding.remedy.ru,
        "remedy_en": finding.remedy.en,
        "code": finding.code,
        "value": finding.value,
    }


def _finding(row: Mapping[str, str]) -> CheckFinding:
    status: CheckStatus = next(word for word in _WORST if word == row["status"])
    what, remedy = Sentence(row["what_ru"], row["what_en"]), Sentence(row["remedy_ru"], row["remedy_en"])
    return CheckFinding(row["name"], status, what, remedy, row.get("code", ""), row.get("value", ""))
