"""The databases of an installation: on the embedded server, or on the one that the settings name."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from synkro_resources.embedded_postgres import EmbeddedPostgres
from synkro_resources.model.errors import ConfigurationError, Sentence
from synkro_resources.settings import Settings

CONTROL = "synkro"
DAGSTER = "dagster"
MAIN_CELL = "main"


class Databases:
    """Knows the address of every database and keeps the embedded server alive."""

    def __init__(self, settings: Settings) -> None:
        self._control = settings.database_url.get_secret_value()
        self._dagster = settings.dagster_database_url.get_secret_value()
        self._dagster_name = DAGSTER if settings.cell == MAIN_CELL else f"{DAGSTER}_{settings.cell.replace('-', '_')}"
        self.embedded = None if self._control else EmbeddedPostgres(settings.state_dir)

    def start(self) -> None:
        """Start the embedded server where it is used, and create the two databases that every installation has."""
        if self.embedded is not None:
            self.embedded.start()
            self._control = self.embedded.create_database(CONTROL)
        self._dagster = self._dagster or self.create(self._dagster_name)

    def tick(self) -> None:
        """Start the embedded server again if it died; its port stays, so pools reconnect by themselves."""
        if self.embedded is None:
            return
        if not self.embedded.is_running:
            self.embedded.start()
        self.embedded.shorten_log()

    def stop(self) -> None:
        if self.embedded is not None:
            self.embedded.stop()

    @property
    def control(self) -> str:
        return self._control

    @property
    def dagster(self) -> str:
        return self._dagster

    def create(self, name: str) -> str:
        """Address of a database on the same server as the control database; created if it does not exist.

        Raises:
            ConfigurationError: `database.cannot_create`.
        """
        if self.embedded is not None:
            return self.embedded.create_database(name)
        return _create_beside(self._control, name)


def _create_beside(control: str, name: str) -> str:
    import psycopg2
    from psycopg2 import sql

    parts = urlsplit(control)
    address = urlunsplit(parts._replace(path=f"/{name}"))
    try:
        connection = psycopg2.connect(urlunsplit(parts._replace(scheme="postgresql")), connect_timeout=10)
    except psycopg2.Error as error:
        raise ConfigurationError(
            "database.unreachable",
            Sentence(
                "База из SYNKRO_DATABASE_URL не отвечает.", "The database of SYNKRO_DATABASE_URL does not answer."
            ),
            Sentence(
                "Проверьте адрес, пароль и доступность сервера.", "Check the address, the password and the server."
            ),
            detail=type(error).__name__,
        ) from error
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except psycopg2.Error as error:
        raise ConfigurationError(
            "database.cannot_create",
            Sentence(f"Не удалось создать базу {name}.", f"The database {name} could not be created."),
            Sentence(
                f"Создайте её сами (create database {name}) или задайте SYNKRO_DAGSTER_DATABASE_URL.",
                f"Create it (create database {name}), or set SYNKRO_DAGSTER_DATABASE_URL.",
            ),
            detail=type(error).__name__,
        ) from error
    finally:
        connection.close()
    return address
