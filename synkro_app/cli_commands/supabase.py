"""`synkro supabase`: the SQL of the client's database, applying it, and comparing its tables with the lake."""

from __future__ import annotations

import sys

import click

from synkro_app.cli_commands.inputs import control, read_secret

TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")


@click.group()
def supabase() -> None:
    """The client's own database: its SQL, and whether it holds what we hold."""


@supabase.command("ddl")
@TENANT
@click.option("--schema", default="public", show_default=True)
def show_ddl(slug: str, schema: str) -> None:
    """Print the SQL to paste into the SQL editor; safe to run again and over older versions."""
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.supabase.ddl import ddl

    with control() as (_, db):
        click.echo(ddl(schema, zone=get_tenant(db, slug).zone))


@supabase.command("apply")
@TENANT
@click.option("--schema", default="public", show_default=True)
@click.option("--writer-password", is_flag=True, help="Also ask for a password that lets synkro_writer sign in.")
def apply(slug: str, schema: str, writer_password: bool) -> None:
    """Run the SQL through the owner's connection, which is asked for, used once and not stored."""
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.supabase.ddl import SCHEMA_VERSION, apply_ddl

    owner = read_secret("owner_connection")
    password = read_secret("writer_password") if writer_password else None
    with control() as (_, db):
        zone = get_tenant(db, slug).zone
    apply_ddl(owner, writer_password=password, schema=schema, zone=zone, tenant=slug)
    click.echo(f"schema version {SCHEMA_VERSION} is in place")


@supabase.command("verify")
@TENANT
@click.option("--repair", is_flag=True, help="Send again what differs.")
def verify(slug: str, repair: bool) -> None:
    """Compare every table with the lake by counts and checksums; exit code 1 if one differs."""
    from synkro_resources.lake import Lake
    from synkro_resources.model.ids import IntegrationKind
    from synkro_resources.model.tables import WAREHOUSE_TABLES
    from synkro_resources.platform import Platform
    from synkro_resources.supabase.comparisons import known_refused, store_comparison
    from synkro_resources.supabase.refusals import codes_of
    from synkro_resources.supabase.resource import writer_for
    from synkro_resources.supabase.verify import compare

    with control() as (settings, db):
        platform = Platform.open(settings)
        connection = platform.find_connection(slug, IntegrationKind.SUPABASE)
        if connection is None:
            raise click.UsageError(f"{slug} has not connected a Supabase")
        writer, failed = writer_for(connection, slug), False
        try:
            for table in WAREHOUSE_TABLES:
                # A repair tries refused rows again: the client may have lifted what refused them.
                known = [] if repair else known_refused(db, slug, table)
                found = compare(Lake(settings.lake_root), slug, table, writer, repair=repair, refused=known)
                store_comparison(db, slug, found, settings.present.now())
                failed = failed or found.verdict == "differs"
                again = f", {found.rows_resent} sent again" if found.rows_resent else ""
                counts = f"{found.rows_lake} rows here, {found.rows_client} there"
                beyond = f", {found.rows_beyond} only there" if found.rows_beyond else ""
                aside = f", {len(found.refused)} refused ({codes_of(found.refused)})" if found.refused else ""
                click.echo(f"{found.verdict:<9}{table.warehouse:<28}{counts}{beyond}{again}{aside}")
        finally:
            writer.close()
            platform.control.close()
    if failed:
        sys.exit(1)


@supabase.command("status")
@TENANT
def status(slug: str) -> None:
    """What the newest comparison of each table found, without asking the client's database; exit code 1 as verify."""
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.control.warehouse_checks import warehouse_checks

    with control() as (_, db):
        checks = warehouse_checks(db, get_tenant(db, slug).slug)
    if not checks:
        click.echo("no table has been compared yet")
    for found in checks:
        more = {"only there": found.rows_beyond, "sent again": found.rows_resent, "refused": found.rows_refused}
        told = "".join(f", {rows} {what}" for what, rows in more.items() if rows)
        counts = f"{found.rows_lake} rows here, {found.rows_client} there"
        click.echo(f"{found.status:<9}{found.table_name:<28}{counts}{told}, {found.checked_at:%Y-%m-%d %H:%M} UTC")
    if any(found.status == "differs" for found in checks):
        sys.exit(1)
