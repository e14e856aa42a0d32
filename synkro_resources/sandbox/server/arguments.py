"""The sandbox's command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from synkro_resources.model.ids import check_tenant_slug
from synkro_resources.sandbox.world.sizes import SIZES

DATABASE_VARIABLE = "SYNKRO_SANDBOX_SUPABASE_DATABASE"


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; errors name the argument."""
    parser = argparse.ArgumentParser(
        prog="python -m synkro_resources.sandbox.server", description="All invented vendors on one loopback port."
    )
    parser.add_argument("--port", type=int, required=True, help="loopback port")
    parser.add_argument("--state", type=Path, required=True, help="folder for delivered messages, logs, PostgREST")
    parser.add_argument("--seed", type=int, required=True, help="seed of the first tenant's world, the next has +1")
    parser.add_argument("--end", type=_instant, required=True, help="instant after which nothing exists, ISO with zone")
    parser.add_argument("--first-day", type=date.fromisoformat, help="first local day of the worlds")
    parser.add_argument("--tenant", type=check_tenant_slug, action="append", help="tenant slug, repeatable (demo)")
    parser.add_argument(
        "--supabase-database",
        action="append",
        help=f"superuser URL of a tenant's database, URL or slug=URL, repeatable; also {DATABASE_VARIABLE}",
    )
    parser.add_argument("--size", choices=SIZES, default="small", help="how large every tenant's world is (small)")
    parser.add_argument("--no-rate-limit", action="store_true", help="the vendors' request limits are off at the start")
    return parser.parse_args(argv)


def databases(given: Sequence[str], slugs: Sequence[str]) -> dict[str, str]:
    """Databases by slug; a bare URL belongs to the first tenant.

    Raises:
        SystemExit: a slug that is not served.
    """
    found: dict[str, str] = {}
    for item in given:
        slug, separator, url = item.partition("=")
        if not separator or "://" in slug:
            slug, url = slugs[0], item
        if slug not in slugs:
            raise SystemExit(f"--supabase-database: there is no tenant {slug!r}, there are {list(slugs)}")
        found[slug] = url
    return found


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("a zone is needed, for example 2026-11-20T12:00:00Z")
    return instant
