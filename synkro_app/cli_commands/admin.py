"""`synkro migrate`, `tenant`, `user` and `integration`: what an operator does without the cabinet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.amocrm import consent, unblock
from synkro_app.cli_commands.columns import deal_columns
from synkro_app.cli_commands.erase import TENANT_COMMANDS
from synkro_app.cli_commands.files import attached
from synkro_app.cli_commands.inputs import control, parse_settings, read_secret
from synkro_app.cli_commands.people import PEOPLE_COMMANDS, known_person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synkro_resources.control.integrations import Integration, StoredCheck
    from synkro_resources.model.ids import IntegrationKind


ACTOR = "cli"
EXIT_BROKEN = 1
ROLES = ("owner", "admin", "analyst", "viewer")
MARKS = {"ok": "✓", "warning": "!", "broken": "✗"}
KINDS = ("amocrm", "radist", "supabase", "ai", "telegram", "email")
SLUG = click.argument("slug")
TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
KIND = click.option("--kind", "kind_name", required=True, type=click.Choice(KINDS))
EMAIL = click.option("--email", required=True)


@click.command()
def migrate() -> None:
    """Bring the control database to this version's schema; safe to repeat and to run from several processes."""
    from synkro_resources.control.migrate import migrate as upgrade
    from synkro_resources.settings import Settings

    applied = upgrade(Settings.load().control_url)
    click.echo(f"Applied: {', '.join(applied)}" if applied else "The schema is up to date.")


@click.group()
def tenant() -> None:
    """Add, list, suspend or resume tenants."""


@tenant.command("add")
@SLUG
@click.option("--name", required=True, help="Name of the company.")
@click.option("--zone", required=True, help="IANA time zone, for example Asia/Yekaterinburg.")
@click.option("--account", help="Name of the paying account; made if new. Default: the company's name.")
@click.option("--plan", default="base", show_default=True)
@click.option("--cell", help="Cell that serves the tenant. Default: SYNKRO_CELL.")
@click.option("--trial", is_flag=True, help="For as long as the plan lets a company try; default: it pays at once.")
def tenant_add(slug: str, name: str, zone: str, account: str | None, plan: str, cell: str | None, trial: bool) -> None:
    """Add a tenant with its first settings and subscription."""
    from synkro_resources.control.tenants import add_tenant

    with control() as (settings, db):
        added = add_tenant(
            db,
            slug=slug,
            name=name,
            zone=zone,
            account=account or name,
            cell=cell or settings.cell,
            plan=plan,
            clock=settings.present,
            actor=ACTOR,
            on_trial=trial,
        )
    click.echo(f"Added {added.slug} ({added.zone}, cell {added.cell})")


@tenant.command("list")
def tenant_list() -> None:
    """List the tenants of all cells."""
    from synkro_resources.control.tenant_life import lives
    from synkro_resources.control.tenants import list_all_tenants

    with control() as (_, db):
        tenants, known = list_all_tenants(db, actor=ACTOR), lives(db, actor=ACTOR)
    for item in tenants:
        life = known[item.slug]
        until = "" if life.trial_ends_at is None else f" (trial until {life.trial_ends_at:%Y-%m-%d %H:%M} UTC)"
        click.echo(f"{item.slug:<42}{life.stage:<11}{item.cell:<12}{item.zone:<22}{item.name}{until}")


@tenant.command("suspend")
@SLUG
@click.option("--reason", required=True, help="Kept in the audit record.")
def tenant_suspend(slug: str, reason: str) -> None:
    """Stop a tenant's requests and schedules; its data stay."""
    from synkro_resources.control.tenants import suspend_tenant

    with control() as (settings, db):
        suspend_tenant(db, slug, actor=ACTOR, reason=reason, clock=settings.present)
    click.echo(f"Suspended {slug}")


@tenant.command("resume")
@SLUG
@click.option("--reason", required=True, help="Kept in the audit record.")
def tenant_resume(slug: str, reason: str) -> None:
    """Undo `suspend`."""
    from synkro_resources.control.tenants import resume_tenant

    with control() as (settings, db):
        resume_tenant(db, slug, actor=ACTOR, reason=reason, clock=settings.present)
    click.echo(f"Resumed {slug}")


@tenant.command("move")
@SLUG
@click.option("--to", "cell", required=True, help="Cell that serves the tenant from now on.")
@click.option("--reason", required=True, help="Kept in the audit record.")
def tenant_move(slug: str, cell: str, reason: str) -> None:
    """Let another cell serve a tenant; its open requests go on there."""
    from synkro_resources.control.cells import move_tenant

    with control() as (settings, db):
        moved = move_tenant(db, slug, cell, actor=ACTOR, reason=reason, clock=settings.present)
    click.echo(f"Cell {moved.cell} serves {slug} from now on")


@tenant.command("trial")
@SLUG
@click.option("--days", type=click.IntRange(1, 366), required=True, help="From now on.")
@click.option("--reason", required=True, help="Kept in the audit record.")
def tenant_trial(slug: str, days: int, reason: str) -> None:
    """Let a tenant try for so many days from now; one whose trial was over goes on."""
    from synkro_resources.control.tenant_life import extend_trial

    with control() as (settings, db):
        ends_at = extend_trial(db, slug, days, actor=ACTOR, reason=reason, clock=settings.present)
    click.echo(f"{slug}: on trial until {ends_at:%Y-%m-%d %H:%M} UTC")


@tenant.command("activate")
@SLUG
@click.option("--reason", required=True, help="Kept in the audit record.")
def tenant_activate(slug: str, reason: str) -> None:
    """End a tenant's trial because it pays from now on."""
    from synkro_resources.control.tenant_life import activate

    with control() as (settings, db):
        activate(db, slug, actor=ACTOR, reason=reason, clock=settings.present)
    click.echo(f"{slug}: active")


for _command in (*TENANT_COMMANDS, deal_columns, attached):
    tenant.add_command(_command)


@click.group()
def user() -> None:
    """Add people, change roles and passwords."""


@user.command("add")
@EMAIL
@click.option("--name", required=True)
@click.option("--language", type=click.Choice(["ru", "en"]), default="ru", show_default=True)
@click.option("--operator", is_flag=True, help="Platform operator: all tenants' states, no texts.")
def user_add(email: str, name: str, language: str, operator: bool) -> None:
    """Add a person. The password comes from SYNKRO_SECRET_PASSWORD or standard input."""
    from synkro_resources.control.users import add_user

    password = read_secret("password")
    with control() as (settings, db):
        added = add_user(
            db,
            email=email,
            name=name,
            password=password,
            clock=settings.present,
            language=language,
            operator=operator,
            actor=ACTOR,
        )
    click.echo(f"Added {added.email}")


@user.command("role")
@EMAIL
@TENANT
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--manager-id", type=int, help="amoCRM user whose dialogs a viewer sees.")
@click.option("--texts/--no-texts", default=None, help="May read dialogs. Default: owners and analysts may.")
def user_role(email: str, slug: str, role: str, manager_id: int | None, texts: bool | None) -> None:
    """Give a person a role in a tenant, or change it."""
    from synkro_resources.control.users import set_membership
    from synkro_resources.model.ids import Role

    with control() as (settings, db):
        person = known_person(db, email)
        given = set_membership(
            db,
            person.user_id,
            slug,
            Role(role),
            clock=settings.present,
            manager_id=manager_id,
            can_read_texts=texts,
            actor=ACTOR,
        )
    click.echo(f"{person.email}: {given.role} in {slug}, {'reads' if given.can_read_texts else 'does not read'} texts")


@user.command("password")
@EMAIL
def user_password(email: str) -> None:
    """Set a new password (SYNKRO_SECRET_PASSWORD or standard input) and end the person's sessions."""
    from synkro_resources.control.new_passwords import set_password

    with control() as (settings, db):
        person = known_person(db, email)
        set_password(db, person.user_id, read_secret("password"), clock=settings.present, actor=ACTOR)
    click.echo(f"New password for {person.email}; all sessions are closed")


for _command in PEOPLE_COMMANDS:
    user.add_command(_command)


@click.group()
def integration() -> None:
    """Set, show or check a tenant's integrations."""


integration.add_command(consent)
integration.add_command(unblock)


@integration.command("set")
@TENANT
@KIND
@click.option("--public", "pairs", multiple=True, metavar="NAME=VALUE", help="Setting; NAME:=JSON for numbers, true.")
@click.option(
    "--secret", "fields", multiple=True, metavar="FIELD", help="Field read from SYNKRO_SECRET_FIELD or stdin."
)
def integration_set(slug: str, kind_name: str, pairs: tuple[str, ...], fields: tuple[str, ...]) -> None:
    """Connect a service or change its settings. Given settings are merged into the stored ones."""
    from synkro_resources.control.integrations import get_integration, set_integration
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.model.ids import IntegrationKind

    kind, given = IntegrationKind(kind_name), parse_settings(pairs)
    secrets = {field: read_secret(field) for field in fields}
    with control() as (settings, db):
        before = get_integration(db, slug, kind)
        public = given if before is None else {**before.public, **given}
        _show(set_integration(db, Keyring.from_settings(settings), slug, kind, public, secrets, ACTOR))


@integration.command("show")
@TENANT
def integration_show(slug: str) -> None:
    """Show what is connected; of secrets only their last characters."""
    from synkro_resources.control.integrations import list_integrations

    with control() as (_, db):
        for item in list_integrations(db, slug):
            _show(item)


@integration.command("check")
@TENANT
@click.option("--kind", "kind_name", type=click.Choice(KINDS), help="Default: all connected services.")
@click.option("--send-test", is_flag=True, help="Send one real message to every active chat or address.")
def integration_check(slug: str, kind_name: str | None, send_test: bool) -> None:
    """Check connections at the services themselves and keep the results; exit code 1 if one is broken."""
    from synkro_resources.checks import run_check
    from synkro_resources.control.integrations import list_integrations
    from synkro_resources.control.keyring import Keyring
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.model.ids import IntegrationKind

    with control() as (settings, db):
        get_tenant(db, slug)
        keyring = Keyring.from_settings(settings)
        kinds: Sequence[IntegrationKind] = (
            [IntegrationKind(kind_name)] if kind_name else [item.kind for item in list_integrations(db, slug)]
        )
        statuses: set[str] = set()
        for kind in kinds:
            check = run_check(
                db,
                keyring,
                slug,
                kind,
                clock=settings.present,
                allow_sandbox=settings.allow_sandbox,
                send_test=send_test,
                amocrm_rate=settings.amocrm_rate,
                radist_rate=settings.radist_rate,
            )
            _show_check(kind, check)
            statuses.add(check.status)
    if not kinds:
        click.echo("Nothing is connected yet: synkro integration set")
    if "broken" in statuses:
        sys.exit(EXIT_BROKEN)


def _show_check(kind: IntegrationKind, check: StoredCheck) -> None:
    for finding in check.findings:
        click.echo(f"{MARKS[finding.status]} {finding.name}: {finding.what.ru} {finding.remedy.ru}".rstrip())
        click.echo(f"  {finding.what.en} {finding.remedy.en}".rstrip())
    click.echo(f"{kind}: {check.status}, {check.checked_at:%Y-%m-%d %H:%M} UTC, {check.duration_ms / 1000:.1f} s")


def _show(item: Integration) -> None:
    public = ", ".join(f"{name}={value}" for name, value in sorted(item.public.items()))
    tails = ", ".join(f"{name}=…{tail}" for name, tail in sorted(item.secret_tails.items()))
    click.echo(f"{item.kind:<10}{item.status:<9}{public} [{tails}]")
    if item.problem is not None:
        click.echo(f"          {item.problem.what.en} {item.problem.remedy.en}")
        click.echo(f"          {item.problem.what.ru} {item.problem.remedy.ru}")
