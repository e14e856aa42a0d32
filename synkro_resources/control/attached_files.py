"""Which files follow a report's text in messengers; they hold quotes of clients, so a tenant chooses them itself."""

from __future__ import annotations

from collections.abc import Iterable

from synkro_resources.control.database import Database
from synkro_resources.control.report_files import FileFormat
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.model.clock import Clock


def attached_files(db: Database, tenant: str) -> tuple[FileFormat, ...]:
    """The chosen formats in the order in which they are sent; none at first."""
    return tenant_settings(db, tenant).attach_files


def attach_files(db: Database, tenant: str, formats: Iterable[FileFormat], *, actor: str, clock: Clock) -> int:
    """Send exactly these formats from the next report on; returns the settings' version.

    Raises:
        UserInputError: `tenant.unknown`.
    """
    settings = tenant_settings(db, tenant)
    changed = settings.model_copy(update={"attach_files": tuple(dict.fromkeys(formats))})
    return save_tenant_settings(db, tenant, changed, changed_by=actor, clock=clock)
