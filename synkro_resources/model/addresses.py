"""Addresses of the cabinet that are written where the cabinet is not: in Dagster's metadata."""

from __future__ import annotations

from urllib.parse import quote

COMPANY = "company"
"""Of the operator's page: the company that is looked for."""


def company_address(cabinet_url: str, tenant: str) -> str:
    """The operator's page with this company alone."""
    return f"{cabinet_url.rstrip('/')}/operator?{COMPANY}={quote(tenant)}"
