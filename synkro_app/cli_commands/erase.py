"""`synkro tenant erase | retain | export` and `synkro person erase`: taking data out of the product."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.inputs import read_secret

if TYPE_CHECKING:
    import dagster as dg

    from synkro_resources.erasure.tenant import Installation
    from synkro_resources.erasure.warehouse import WarehouseEraser
    from synkro_resources.platform import Platform
    from synkro_resources.settings import Settings

ACTOR = "cli"
EXIT_FAILED = 1
TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")
OWNER = click.option(
    "--owner",
    is_flag=True,
    help="Delete in Supabase through its owner's connection, which is asked for, used once and not stored: "
    "the role synkro_writer may not delete.",
)


@click.command("erase")
@TENANT
@click.option("--supabase", "with_supabase", is_flag=True, help="Also our tables in the client's own database.")
@OWNER
@click.option("--no-dagster", is_flag=True, help="This machine has no Dagster; the certificate will say so.")
@YES
def erase_tenant(slug: str, with_supabase: bool, owner: bool, no_dagster: bool, yes: bool) -> None:
    """Remove everything of a tenant and print the certificate; safe to repeat after a crash."""
    from synkro_resources.erasure.tenant import erase_tenant as erase

    _confirm(yes, f"Everything of {slug} will be removed for good.")
    with (
        _opened() as platform,
        dagster_instance(platform.settings, no_dagster) as instance,
        _warehouse(platform, slug, needed=with_supabase or owner, owner=owner) as warehouse,
    ):
        certificate = erase(_places(platform, instance), slug, actor=ACTOR, warehouse=warehouse)
    _show(certificate)


@click.command("retain")
@click.option("--tenant", "slug", help="Slug of the tenant.")
@click.option("--all", "everybody", is_flag=True, help="All tenants of this installation's cell.")
@click.option("--keep", "limits", multiple=True, metavar="TABLE=DAYS", help="First change the limit; 0: for ever.")
def retain_days(slug: str | None, everybody: bool, limits: tuple[str, ...]) -> None:
    """Remove days that are older than the tenant keeps, table by table; safe to repeat."""
    from synkro_resources.control.tenants import list_tenants
    from synkro_resources.erasure.retention import retain, set_retention
    from synkro_resources.lake import Lake

    if everybody == (slug is not None) or (everybody and limits):
        raise click.UsageError("give --tenant (with --keep if needed) or --all")
    with _opened() as platform:
        db, lake, clock = platform.control, Lake(platform.settings.lake_root), platform.clock
        if slug is not None and limits:
            set_retention(db, slug, dict(map(_limit, limits)), actor=ACTOR, clock=clock)
        tenants = [item.slug for item in list_tenants(db, platform.settings.cell)] if slug is None else [slug]
        _each(tenants, lambda name: [item.as_json for item in retain(db, lake, name, actor=ACTOR, clock=clock)])


@click.command("export")
@TENANT
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The ZIP to write.")
def export(slug: str, out: Path) -> None:
    """Write all normalised tables as Parquet and CSV with a page that explains them."""
    from synkro_resources.erasure.export import export_tenant
    from synkro_resources.lake import Lake

    with _opened() as platform:
        lake = Lake(platform.settings.lake_root)
        counts = export_tenant(platform.control, lake, slug, out, actor=ACTOR, clock=platform.clock)
    click.echo(f"{out}: {sum(counts.values())} rows in {len(counts)} tables")


@click.group()
def person() -> None:
    """People among a tenant's clients."""


@person.command("erase")
@TENANT
@click.option("--phone", help="As people type it. Not given: one line of standard input, which no history keeps.")
@click.option("--no-supabase", is_flag=True, help="Leave the client's own database out; the certificate will say so.")
@OWNER
@YES
def erase_one(slug: str, phone: str | None, no_supabase: bool, owner: bool, yes: bool) -> None:
    """Remove one person everywhere, keep them out of later loads, and print the certificate."""
    from synkro_resources.erasure.person import erase_person

    typed = phone or read_secret("phone")
    _confirm(yes, f"One person of {slug} will be removed for good.")
    with _opened() as platform, _warehouse(platform, slug, needed=not no_supabase, owner=owner) as warehouse:
        places = _places(platform, None)
        certificate = erase_person(places, platform.keyring, slug, typed, actor=ACTOR, warehouse=warehouse)
        _show(certificate)
        if warehouse is not None:
            _send_cut_rows(platform, slug, certificate["removed"].get("lake_rows_with_the_phone_cut_out", {}))


def _send_cut_rows(platform: Platform, slug: str, cut: Mapping[str, int]) -> None:
    """Other people's rows from which the phone was cut: the client's database gets them as they are now."""
    from synkro_resources.lake import Lake
    from synkro_resources.model.ids import IntegrationKind
    from synkro_resources.model.tables import WAREHOUSE_TABLES
    from synkro_resources.supabase.resource import writer_for
    from synkro_resources.supabase.verify import compare

    tables = [table for table in WAREHOUSE_TABLES if cut.get(table.name)]
    connection = platform.find_connection(slug, IntegrationKind.SUPABASE) if tables else None
    if connection is None:
        return
    writer = writer_for(connection, slug)
    try:
        for table in tables:
            found = compare(Lake(platform.settings.lake_root), slug, table, writer, repair=True)
            click.echo(f"{table.warehouse}: {found.rows_resent} rows sent again, {found.verdict}", err=True)
    finally:
        writer.close()


def _limit(pair: str) -> tuple[str, int]:
    table, _, days = pair.partition("=")
    if not days.isdigit():
        raise click.UsageError(f"{pair!r} is not TABLE=DAYS")
    return table, int(days)


def _each(tenants: list[str], work: Callable[[str], object]) -> None:
    """One tenant after another; a failing one is told and does not stop the others, but the exit code."""
    from synkro_resources.model.errors import SynkroError

    done: dict[str, object] = {}
    failed: list[SynkroError] = []
    for slug in tenants:
        try:
            done[slug] = work(slug)
        except SynkroError as error:
            failed.append(error)
            done[slug] = {"error": error.code, "what": error.what.en, "what_ru": error.what.ru}
    if failed and len(tenants) == 1:
        raise failed[0]
    _show(done)
    if failed:
        sys.exit(EXIT_FAILED)


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
def dagster_instance(settings: Settings, skip: bool) -> Generator[dg.DagsterInstance | None]:
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
def _warehouse(platform: Platform, slug: str, *, needed: bool, owner: bool) -> Generator[WarehouseEraser | None]:
    from pydantic import SecretStr

    from synkro_resources.erasure.warehouse import DirectEraser, eraser_for
    from synkro_resources.model.ids import IntegrationKind

    connection = platform.find_connection(slug, IntegrationKind.SUPABASE) if needed else None
    if connection is None:
        if needed:
            click.echo(f"{slug} has no Supabase connected", err=True)
        yield None
        return
    if owner:
        owners = SecretStr(read_secret("owner_connection"))
        eraser: WarehouseEraser = DirectEraser(owners, tenant=slug, schema=connection.text("schema", "public"))
    else:
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


TENANT_COMMANDS = (erase_tenant, retain_days, export)
"""Added to the group `synkro tenant`."""
