"""`synkro rubric`: the tenant's checklist – look, edit, try on stored dialogs, apply."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from synkro_app.cli_commands.inputs import control

if TYPE_CHECKING:
    from synkro_resources.control.database import Database
    from synkro_resources.control.rubrics import Price, RubricVersion
    from synkro_resources.control.run_requests import RunRequest
    from synkro_resources.model.rubric_edit import Fields

ACTOR = "cli"
TENANT = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
YES = click.option("--yes", is_flag=True, help="The price is known; do not ask.")
IN_PLACE = click.option("--in-place", is_flag=True, help="Work in an own process instead of the running daemon.")


@click.group()
def rubric() -> None:
    """The tenant's checklist and its versions."""


@rubric.command()
@TENANT
@click.option("--version", help="Version to print; default: the active one.")
@click.option("--list", "is_list", is_flag=True, help="The versions instead of the items of one.")
def show(slug: str, version: str | None, is_list: bool) -> None:
    """Print a version as the file that `edit` reads, or list the versions with what their trials showed."""
    from synkro_resources.control.rubrics import active_rubric, get_rubric, rubric_versions

    with control() as (_, db):
        active = active_rubric(db, slug).version
        if is_list:
            for item in rubric_versions(db, slug):
                click.echo(_line(item, active))
            return
        chosen = get_rubric(db, slug, version or active)
    click.echo(f"# {chosen.rubric.version}{' (active)' if chosen.rubric.version == active else ''}")
    click.echo(as_toml(chosen))


@rubric.command()
@TENANT
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--base", help="Version to start from; default: the active one.")
def edit(slug: str, path: Path, base: str | None) -> None:
    """Make a new version, not applied yet, from a TOML file with tables CK01 … CK12; what it leaves out stays."""
    from synkro_resources.control.rubrics import edit_rubric, price_of_trial

    changes = _read(path)
    with control() as (settings, db):
        made = edit_rubric(db, slug, changes, actor=ACTOR, clock=settings.present, base=base)
        price = price_of_trial(db, slug)
    click.echo(f"{slug}: version {made.version}")
    click.echo(f"Try it: synkro rubric dry-run --tenant {slug} ({_told(price)})")


@rubric.command("dry-run")
@TENANT
@YES
@IN_PLACE
def dry_run(slug: str, yes: bool, in_place: bool) -> None:
    """Ask about at most 30 stored dialogs with the newest version that was never applied; no figure changes."""
    from synkro_resources.control.rubrics import get_rubric, price_of_trial, request_trial, untried_version

    with control() as (settings, db):
        price = price_of_trial(db, slug)
        click.echo(f"A dry run: {_told(price)}")
        if not yes:
            click.confirm("Go on?", abort=True)
        request = request_trial(db, slug, requested_by=ACTOR, clock=settings.present)
        tried = untried_version(db, slug)
        _follow(db, slug, request, in_place=in_place)
        if tried is not None:
            for line in trial_lines(get_rubric(db, slug, tried.rubric.version)):
                click.echo(line)


@rubric.command()
@TENANT
@click.option("--version", required=True, help="Version to ask with from now on.")
@click.option("--new-only", is_flag=True, help="Only dialogs that are asked about from now on, not the history.")
@YES
@IN_PLACE
def apply(slug: str, version: str, new_only: bool, yes: bool, in_place: bool) -> None:
    """Ask with a version from now on, and about what was scored again, newest first; old labels serve until then."""
    from synkro_resources.control.rubrics import (
        apply_rubric,
        get_rubric,
        price_of_history,
        request_history,
        scored_days,
    )

    with control() as (settings, db):
        get_rubric(db, slug, version)
        has_history = not new_only and scored_days(db, slug) is not None
        if has_history:
            click.echo(f"The history: {_told(price_of_history(db, slug))}")
        if not yes:
            click.confirm(f"Apply {version}?", abort=True)
        apply_rubric(db, slug, version, actor=ACTOR, clock=settings.present)
        click.echo(f"{slug}: {version} is active")
        if has_history:
            request = request_history(db, slug, requested_by=ACTOR, clock=settings.present)
            if in_place:
                _follow(db, slug, request, in_place=True)
            else:
                click.echo(f"Request {request.id}: in the background")


def as_toml(version: RubricVersion) -> str:
    """A version as `edit` reads it; strings of JSON are strings of TOML."""
    from synkro_resources.model.rubric_edit import fields_of

    tables = [
        "\n".join(
            [
                f"[{item.code}]",
                *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields_of(item).items()),
            ]
        )
        for item in version.rubric.items
    ]
    return "\n\n".join(tables)


def trial_lines(version: RubricVersion) -> list[str]:
    """What a trial showed, an item per line."""
    found = version.trial
    if found is None:
        return ["nothing was tried"]
    items = cast("Mapping[str, Mapping[str, object]]", found["items"])
    lines = [
        f"{version.rubric.version}: {found['answered']} of {found['episodes']} dialogs, {found['calls']} calls, "
        f"{found['cost']} {found['currency']}; mean {found['mean_before']} -> {found['mean_after']}"
    ]
    lines += [
        f"  {code}  changed {item['changed']}  before {_counts(item['before'])}  after {_counts(item['after'])}"
        for code, item in items.items()
    ]
    return lines


def _counts(counts: object) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(cast("Mapping[str, int]", counts).items())) or "–"


def _line(item: RubricVersion, active: str) -> str:
    was_active = item.active_from is not None or item.created_at is None
    state = "active" if item.rubric.version == active else "applied before" if was_active else "not applied"
    tried = "" if item.trial is None else f", tried on {item.trial['answered']} dialogs"
    made = "" if item.created_at is None else f", {item.created_at:%Y-%m-%d %H:%M} UTC by {item.author}"
    return f"{item.rubric.version}  {state}{made}{tried}"


def _read(path: Path) -> Mapping[str, Fields]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is no TOML: {error}") from None
    if not all(isinstance(value, dict) for value in read.values()):
        raise click.UsageError(f"{path} needs tables like [CK04] with the item's fields")
    return read


def _told(price: Price) -> str:
    if price.calls is None:
        return f"{price.episodes} dialogs, price unknown"
    money = "price unknown" if price.cost is None else f"about {price.cost:.2f} {price.currency}"
    return f"{price.episodes} dialogs, about {price.calls} calls, {money}"


def _follow(db: Database, slug: str, request: RunRequest, *, in_place: bool) -> None:
    from synkro_app.cli_commands.following import start_worker
    from synkro_app.cli_commands.run import WORKER_END_S, conclude, follow

    click.echo(f"Request {request.id}: {request.kind} {request.period.report_id} of {slug}")
    worker = start_worker(slug, request.id) if in_place else None
    ended = follow(db, slug, request.id)
    if worker is not None:
        worker.wait(timeout=WORKER_END_S)
    conclude(ended)
