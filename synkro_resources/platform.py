"""The installation as a Dagster resource: control database, keys, clock and settings, opened once per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from pydantic import SecretStr

from synkro_resources import telemetry
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import Integration, get_integration, read_secrets
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import ConfigurationError, IntegrationError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.settings import Settings


@dataclass(frozen=True, slots=True)
class Connection:
    """One tenant's integration as stored: public settings in the clear, secrets only in memory."""

    integration: Integration
    secrets: dict[str, SecretStr]

    def text(self, name: str, default: str = "") -> str:
        return str(self.integration.public.get(name, default))

    def secret(self, name: str) -> SecretStr:
        return self.secrets.get(name, SecretStr(""))


@dataclass(frozen=True, slots=True)
class Platform:
    """What every asset and sensor may use of the installation."""

    settings: Settings
    control: Database
    keyring: Keyring
    clock: Clock

    @classmethod
    def open(cls, settings: Settings) -> Platform:
        """Raises:
        ConfigurationError: `settings.otlp_missing`, or what the database's and the keys' settings refuse.
        """
        _report_to_collector(settings)
        return cls(settings, Database.from_settings(settings), Keyring.from_settings(settings), settings.present)

    def connection(self, tenant: str, kind: IntegrationKind) -> Connection:
        """The tenant's integration of this kind.

        Raises:
            IntegrationError: `<kind>.not_connected`.
        """
        integration = self.find_connection(tenant, kind)
        if integration is None:
            raise not_connected(tenant, kind)
        return integration

    def find_connection(self, tenant: str, kind: IntegrationKind) -> Connection | None:
        """The tenant's integration, or None where the tenant has chosen «later»."""
        integration = get_integration(self.control, tenant, kind)
        if integration is None:
            return None
        return Connection(integration, read_secrets(self.control, self.keyring, tenant, kind))


def _report_to_collector(settings: Settings) -> None:
    """Only an installation that names a collector needs the library."""
    if not settings.otlp_endpoint:
        return
    try:
        from synkro_resources.telemetry_otlp import collector
    except ImportError as error:
        raise ConfigurationError(
            "settings.otlp_missing",
            Sentence(
                "Задан SYNKRO_OTLP_ENDPOINT, но библиотека OpenTelemetry не установлена.",
                "SYNKRO_OTLP_ENDPOINT is set, but OpenTelemetry's library is not installed.",
            ),
            Sentence(
                "Установите пакеты из requirements/otel.txt или уберите настройку.",
                "Install the packages of requirements/otel.txt, or remove the setting.",
            ),
        ) from error
    telemetry.send_to(collector(settings.otlp_endpoint, cell=settings.cell))


def not_connected(tenant: str, kind: str) -> IntegrationError:
    """What people are told where a service is wanted that the tenant has not connected."""
    return IntegrationError(
        f"{kind}.not_connected",
        Sentence(f"Не подключено: {kind}.", f"Not connected: {kind}."),
        Sentence(
            "Откройте «Настройки» в кабинете и подключите сервис.",
            "Open the settings in the cabinet and connect the service.",
        ),
        tenant=tenant,
        integration=kind,
    )


class PlatformResource(dg.ConfigurableResource[Platform]):
    """Opens the platform from the process's settings; nothing secret enters Dagster's run config."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Platform]:
        del context
        platform = Platform.open(Settings.load())
        try:
            yield platform
        finally:
            platform.control.close()
