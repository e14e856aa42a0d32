"""The tables of the control database, grouped by subject; importing this package registers all of them."""

from synkro_resources.control.tables import (
    analysis,
    audit,
    delivery,
    integrations,
    notices,
    people,
    reports,
    runs,
    support,
    tenancy,
    vendors,
)
from synkro_resources.control.tables.base import metadata

__all__ = [
    "analysis",
    "audit",
    "delivery",
    "integrations",
    "metadata",
    "notices",
    "people",
    "reports",
    "runs",
    "support",
    "tenancy",
    "vendors",
]
