"""`synkro tenant erase | retain | export` and `synkro person erase`: taking data out of the product."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import dagster as dg

    from synkro_resources.erasure.tenant import Installation
    from synkro_resources.erasure.warehouse import WarehouseEraser
    from synkro_resources.platform import Platform
    from synkro_resources.settings import Settings

ACTOR = "cli"
TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("erase")
@TENANT
@click.option("--supabase", "with_supabase", is_flag=True, help="Also our tables in the client's own database.")
@click.option("--no-dagster", is_flag=True, help="This machine has no Dagster; the certificate will say so.")
@YES
def erase_tenant(slug: str, with_supabase: bool, no_dagster: bool, yes: bool) -> None:
    """Remove everything of a tenant and print the certificate; safe to repeat after a crash."""
    from synkro_resources.erasure.tenant import erase_tenant as erase

    _confirm(yes, f"Everything of {slug} will be removed for good.")
    with (
        _opened() as platform,
        _instance(platform.settings, no_dagster) as instance,
        _warehouse(platform, slug, needed=with_supabase) as warehouse,
    ):
        certificate = erase(_places(platform, instance), slug, actor=ACTOR, warehouse=warehouse)
    _show(certificate)


def _places(platform: Platform, instance: dg.DagsterInstance | None) -> Installation:
    from synkro_resources.erasure.tenant import Installation

    settings = platform.settings
    return Installation(platform.control, settings.lake_root, instance, platform.clock, settings.backup_retention_days)


@contextmanager
def _opened() -> Generator[Platform]:
    from synkro_resources.platform import Platform
    from synkro_resources.settings import Settings

    platform = Platform.open(Settings.load())
    try:
        yield platform
    finally:
        platform.control.close()


@contextmanager
def _instance(settings: Settings, skip: bool) -> Generator[dg.DagsterInstance | None]:
    """Dagster's instance of this installation; `dagster.yaml` reads the database's address from the environment."""
    import dagster as dg

    if skip:
        yield None
        return
    home = Path(os.environ.get("DAGSTER_HOME") or settings.state_dir / "dagster_home")
    if not (home / "dagster.yaml").is_file():
        raise click.UsageError(f"no dagster.yaml in {home}: set DAGSTER_HOME, or say --no-dagster")
    address = settings.dagster_database_url.get_secret_value()
    if address:
        os.environ.setdefault("SYNKRO_DAGSTER_DATABASE_URL", address)
    with dg.DagsterInstance.from_config(str(home.resolve())) as instance:
        yield instance


@contextmanager
def _warehouse(platform: Platform, slug: str, *, needed: bool) -> Generator[WarehouseEraser | None]:
    from synkro_resources.erasure.warehouse import eraser_for
    from synkro_resources.model.ids import IntegrationKind

    connection = platform.find_connection(slug, IntegrationKind.SUPABASE) if needed else None
    if connection is None:
        if needed:
            click.echo(f"{slug} has no Supabase connected", err=True)
        yield None
        return
    eraser = eraser_for(connection, slug)
    try:
        yield eraser
    finally:
        eraser.close()


def _confirm(yes: bool, text: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{text} Say --yes to confirm.")
    click.confirm(f"{text} Continue?", abort=True)


def _show(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True))


TENANT_COMMANDS = (erase_tenant,)
"""Added to the group `synkro tenant`."""
