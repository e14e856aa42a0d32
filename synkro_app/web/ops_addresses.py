"""Where Dagster's pages are for an operator's browser; only operators get through (`synkro_app.web.ops`)."""

from __future__ import annotations

from urllib.parse import quote

PREFIX = "/ops"
OPS_FRONT = f"{PREFIX}/"
TENANT_TAG = "synkro/tenant"
"""Every run of the product carries it (`synkro_assets/partitions.py`, which the cabinet does not import)."""


def ops_run_address(run_id: str) -> str:
    """The page of one run with its log."""
    return f"{PREFIX}/runs/{quote(run_id, safe='')}"


def ops_runs_address(tenant: str) -> str:
    """The runs of one company."""
    return f"{PREFIX}/runs?q%5B0%5D={quote(f'tag:{TENANT_TAG}={tenant}', safe='')}"
