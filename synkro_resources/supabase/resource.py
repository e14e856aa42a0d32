"""The Supabase resource: the writer that a tenant's settings ask for."""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform
from synkro_resources.supabase.direct import DirectWriter
from synkro_resources.supabase.rest import RestWriter
from synkro_resources.supabase.writer import WarehouseWriter


def writer_for(connection: Connection, tenant: str) -> WarehouseWriter:
    """The direct path where the client gave a connection string, the REST path otherwise."""
    schema = connection.text("schema", "public")
    if connection.secret("connection_string").get_secret_value():
        return DirectWriter(
            connection.secret("connection_string"), tenant=tenant, schema=schema, inside=connection.text("inside")
        )
    return RestWriter(
        connection.text("url"),
        connection.secret("secret_key"),
        tenant=tenant,
        schema=schema,
        inside=connection.text("inside"),
    )


class Warehouses:
    """Opens a tenant's writer at first use and keeps it until the run ends."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._writers: dict[str, WarehouseWriter | None] = {}

    def of(self, tenant: str) -> WarehouseWriter | None:
        """The tenant's writer, or None where the client has not connected a Supabase yet."""
        if tenant not in self._writers:
            connection = self._platform.find_connection(tenant, IntegrationKind.SUPABASE)
            self._writers[tenant] = None if connection is None else writer_for(connection, tenant)
        return self._writers[tenant]

    def close(self) -> None:
        for writer in self._writers.values():
            if writer is not None:
                writer.close()
        self._writers.clear()


class SupabaseResource(dg.ConfigurableResource[Warehouses]):
    """The clients' warehouses for assets."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouses]:
        del context
        warehouses = Warehouses(self.platform)
        try:
            yield warehouses
        finally:
            warehouses.close()
