"""The SQL of the client's own database: to copy, to download, or to be run once through its owner's connection."""

from __future__ import annotations

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.outside_addresses import check_database_address
from synkro_app.cabinet.services.rights import WHO_CONNECTS, actor_of, require_state
from synkro_resources.control.audit import record
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.supabase.ddl import SCHEMA_VERSION, apply_ddl, ddl


def script(place: Installation, user: SessionUser, tenant: str) -> str:
    """The whole script for the schema of the stored settings; safe to run again."""
    require_state(user, tenant, WHO_CONNECTS)
    return ddl(_schema(place, tenant), zone=get_tenant(place.control, tenant).zone)


def apply(place: Installation, user: SessionUser, tenant: str, owner_connection: str, writer_password: str) -> int:
    """Run the script through the owner's connection, which is kept nowhere; the version that is in place now.

    `writer_password`: lets the writing role sign in for the direct path; empty: it cannot.

    Raises:
        RefusedError: `rights.not_found` or `address.inside`. UserInputError: `address.unreadable`.
        IntegrationError, TransientError: what the database's owner has to do.
    """
    require_state(user, tenant, WHO_CONNECTS)
    address = owner_connection.strip()
    check_database_address(address, allow_sandbox=place.settings.allow_sandbox)
    if address.startswith("postgres://"):  # as Supabase's page may show it; SQLAlchemy knows the longer name only
        address = f"postgresql://{address.removeprefix('postgres://')}"
    apply_ddl(
        address,
        writer_password=writer_password.strip() or None,
        schema=_schema(place, tenant),
        zone=get_tenant(place.control, tenant).zone,
        tenant=tenant,
    )
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=place.clock.now(),
            actor=actor_of(user, tenant),
            action="integration.schema_applied",
            tenant=tenant,
            target=IntegrationKind.SUPABASE,
            details={"version": SCHEMA_VERSION},
        )
    return SCHEMA_VERSION


def _schema(place: Installation, tenant: str) -> str:
    stored = get_integration(place.control, tenant, IntegrationKind.SUPABASE)
    return str(stored.public.get("schema", "") if stored else "").strip() or "public"
