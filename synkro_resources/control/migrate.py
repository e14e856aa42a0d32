"""Brings the control database to the newest revision, under a lock, and makes the roles that its rules need."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

from synkro_resources.control.access import ROLES
from synkro_resources.model.errors import ConfigurationError, Sentence

MIGRATION_LOCK = 7_303_142_001  # any constant; two processes that migrate at once take turns
PG_GRANT_OPTIONS = 160_000  # server_version_num from which a membership may be without inheritance


def migrate(url: str) -> list[str]:
    """Upgrade to the newest revision; returns the revisions applied now, oldest first.

    One transaction: a revision that fails leaves the database as it was.

    Raises:
        ConfigurationError: `control.cannot_create_roles`, with the SQL that an administrator runs once;
            `control.newer_schema`.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            _ensure_roles(connection)
            before = _applied(connection)
            config = alembic_config()
            _refuse_newer(before, _history(config))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return [name for name in reversed(_history(config)) if name not in _ancestors(config, before)]
    finally:
        engine.dispose()


def applied_revision(url: str) -> str | None:
    """The revision that a database has; None if it has none of our tables."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return next(iter(_applied(connection)), None)
    finally:
        engine.dispose()


def known_revisions() -> list[str]:
    """The revisions that this version of the code knows, newest first."""
    return _history(alembic_config())


def ensure_roles(url: str) -> None:
    """Make the roles that the tables' rules name, for a database whose tables come from a dump.

    Raises:
        ConfigurationError: `control.cannot_create_roles`.
    """
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            _ensure_roles(connection)
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration, made in code so that the project needs no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _applied(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


def _history(config: Config) -> list[str]:
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]


def _ancestors(config: Config, heads: Iterable[str]) -> set[str]:
    scripts = ScriptDirectory.from_config(config)
    return {script.revision for head in heads for script in scripts.iterate_revisions(head, "base")}


def _ensure_roles(connection: Connection) -> None:
    known = set(
        connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"), {"names": [*ROLES]})
    )
    missing = [role for role in ROLES if role not in known]
    if missing and not connection.scalar(
        text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    ):
        raise _cannot_create(connection, missing)
    for role in missing:
        # Roles belong to the whole server: another database may be creating the same one just now.
        connection.execute(
            text(
                f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )
    version = connection.scalar(text("SELECT current_setting('server_version_num')::int")) or 0
    may_switch = "SET" if version >= PG_GRANT_OPTIONS else "MEMBER"
    options = " WITH INHERIT FALSE, SET TRUE" if version >= PG_GRANT_OPTIONS else ""
    for role in ROLES:
        if not connection.scalar(
            text("SELECT pg_has_role(current_user, :role, :what)"), {"role": role, "what": may_switch}
        ):
            connection.execute(text(f"GRANT {role} TO CURRENT_USER{options}"))


def _refuse_newer(applied: tuple[str, ...], known: list[str]) -> None:
    """After a step back to older code: it would read and write tables that it does not know."""
    for revision in applied:
        if revision not in known:
            raise ConfigurationError(
                "control.newer_schema",
                Sentence(
                    f"База уже переведена на схему {revision}, эта версия Synkro знает только {known[0]}.",
                    f"The database has the schema {revision}; this version of Synkro knows {known[0]} at most.",
                ),
                Sentence(
                    "Верните новую версию или восстановите копию, снятую до обновления, в новой папке.",
                    "Go back to the newer version, or restore a backup from before the upgrade elsewhere.",
                ),
            )


def _cannot_create(connection: Connection, missing: list[str]) -> ConfigurationError:
    user = connection.scalar(text("SELECT current_user"))
    names = ", ".join(missing)
    sql = " ".join(f'CREATE ROLE {role} NOLOGIN NOINHERIT; GRANT {role} TO "{user}";' for role in missing)
    return ConfigurationError(
        "control.cannot_create_roles",
        Sentence(
            f"Пользователь базы {user} не может создать роли: {names}.",
            f"The database user {user} may not create the roles {names}.",
        ),
        Sentence(
            f"Пусть администратор базы один раз выполнит: {sql}",
            f"Ask the database administrator to run once: {sql}",
        ),
    )
