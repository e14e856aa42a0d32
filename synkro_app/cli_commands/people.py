"""`synkro user invite|reset-link|reset-factor`: one-time links and help for people who are locked out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from synkro_resources.control.database import Database
    from synkro_resources.control.users import User

ACTOR = "cli"
ROLES = ("owner", "admin", "analyst", "viewer")
EMAIL = click.option("--email", required=True)


@click.command("invite")
@EMAIL
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--manager-id", type=int, help="amoCRM user whose dialogs a viewer sees.")
@click.option("--texts/--no-texts", default=None, help="May read dialogs. Default: owners and analysts may.")
def invite(email: str, slug: str, role: str, manager_id: int | None, texts: bool | None) -> None:
    """Print a one-time link with which a person joins a tenant; older links to the address end."""
    from synkro_resources.control import invitations
    from synkro_resources.control.tenants import get_tenant
    from synkro_resources.model.ids import Role

    with control() as (settings, db):
        get_tenant(db, slug)
        made, token = invitations.invite(
            db,
            slug,
            email,
            Role(role),
            clock=settings.present,
            actor=ACTOR,
            manager_id=manager_id,
            can_read_texts=texts,
        )
    click.echo(f"{settings.cabinet_url}/invite/{token}")
    click.echo(f"For {made.email}, works once until {made.expires_at:%Y-%m-%d %H:%M} UTC", err=True)


@click.command("reset-link")
@EMAIL
def reset_link(email: str) -> None:
    """Print a one-time link for a new password; works for an hour and leaves the second factor on."""
    from synkro_resources.control.new_passwords import LINK_LIFETIME, make_reset

    with control() as (settings, db):
        person = known_person(db, email)
        token = make_reset(db, person.user_id, clock=settings.present, actor=ACTOR)
    click.echo(f"{settings.cabinet_url}/reset/{token}")
    until = settings.present.now() + LINK_LIFETIME
    click.echo(f"For {person.email}, works once until {until:%Y-%m-%d %H:%M} UTC", err=True)


@click.command("reset-factor")
@EMAIL
def reset_factor(email: str) -> None:
    """Take a lost second factor away: the person signs in by the password alone until it is set up anew."""
    from synkro_resources.control.second_factors import remove_factor

    with control() as (settings, db):
        person = known_person(db, email)
        was_on = remove_factor(db, person.user_id, clock=settings.present, actor=ACTOR)
    click.echo(f"{person.email}: {'the second factor is gone' if was_on else 'there was no second factor'}")


def known_person(db: Database, email: str) -> User:
    """The person with this e-mail.

    Raises:
        UserInputError: `user.unknown`.
    """
    from synkro_resources.control.users import find_user
    from synkro_resources.model.errors import Sentence, UserInputError

    person = find_user(db, email)
    if person is None:
        raise UserInputError(
            "user.unknown",
            Sentence(f"Пользователь {email} не найден.", f"There is no user {email}."),
            Sentence("Добавьте его: `synkro user add`.", "Add the user: `synkro user add`."),
        )
    return person


PEOPLE_COMMANDS = (invite, reset_link, reset_factor)
