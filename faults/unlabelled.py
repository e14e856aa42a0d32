"""Dialogs that a provider left without labels: what the client reads, that all figures are there, and the way out.

A refusal and an answer that fails its checks are kept by design: the same words would get the same again, and nobody
pays for that. They are asked about by another model or, if they are scored, by another version of the checklist
(docs/analysis.md, «Keys»).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib.resources import files

from sqlalchemy import text

from faults.place import REPORTED, Place, Tenant
from synkro_assets.reports.package.changes import LABELLED
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration, set_integration
from synkro_resources.control.packages import latest_package
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import Period
from synkro_resources.sandbox.credentials import AI_MODEL
from synkro_resources.sandbox.openai.app import DEFAULT_MODELS

KEPT: Mapping[str, str] = {
    "refusal": "refused",
    "content_filter": "refused",
    "length": "invalid",
    "not_json": "invalid",
    "schema_ignored": "invalid",
}
"""What becomes of a dialog whose question gets this answer however it is asked."""
OTHER_MODEL = next(name for name in DEFAULT_MODELS if name != AI_MODEL)
WAY_OUT = "другая модель или новая версия чек-листа: спрошено заново"
WITH_LABELS = LABELLED | {9, 23}
"""Figures that labels make, and how much was labelled."""

Figures = dict[tuple[int, str, str, str], float | None]


def statuses(control: Database, slug: str) -> Counter[str]:
    """How the answers ended on which the tenant's days stand."""
    with control.tenant(slug) as connection:
        found = connection.execute(
            text("select a.status from episode_analysis_day d join episode_analysis a using (tenant, analysis_key)")
        )
        return Counter(found.scalars())


def told(control: Database, slug: str) -> str:
    """What «Диалоги» says of the dialogs without labels; empty if there are none."""
    page = tomllib.loads(files("synkro_app.cabinet").joinpath("texts/ru/dialogs.toml").read_text(encoding="utf-8"))
    words: Mapping[str, str] = page["dialog_status"]
    found = statuses(control, slug)
    return "; ".join(f"«{words[status]}»: {count}" for status, count in sorted(found.items()) if status != "ok")


def unlike(control: Database, slug: str, status: str) -> str:
    """Dialogs that ended neither with labels nor as they have to; empty if there are none."""
    found = statuses(control, slug)
    others = {name: count for name, count in found.items() if name not in ("ok", status)}
    return f"вместо «{status}»: {others}" if others else ""


def paid_twice(control: Database, slug: str, run: Callable[[], object]) -> str:
    """Calls that the next run of the same days makes; empty if it makes none."""
    before = _calls(control, slug)
    run()
    more = _calls(control, slug) - before
    return f"о том же спрошено ещё {more} раз" if more else ""


def report_of(place: Place, tenant: Tenant) -> Figures:
    """The figures of the day's report, made now."""
    asked = place.ask(tenant.slug, Period.day(REPORTED))
    if asked.status != "done":
        raise RuntimeError(f"the report ended as {asked.status}: {asked.what_en}")
    found = latest_package(place.control, tenant.slug, Period.day(REPORTED).report_id)
    if found is None:
        raise RuntimeError("the report has no package")
    return {(one.metric_no, one.code, one.scope, one.scope_id): one.value for one in found[2].metrics}


def figures_lost(expected: Figures, found: Figures) -> str:
    """Which figures that no label makes the report lacks or has otherwise; empty if it is whole.

    Of labels it says that there are none, and has no rows by code then.
    """
    plain = {key: value for key, value in expected.items() if key[0] not in WITH_LABELS}
    missing = plain.keys() - found.keys()
    other = [key for key, value in plain.items() if key in found and found[key] != value]
    told_of = [f"в отчёте нет цифр: {sorted(missing)[:3]}"] if missing else []
    told_of += [f"другие цифры без меток: {sorted(other)[:3]}"] if other else []
    return "; ".join(told_of)


@contextmanager
def another_model(place: Place, tenant: Tenant) -> Generator[None]:
    """The company works with another model, and in the end with its own again."""
    _choose(place, tenant, OTHER_MODEL)
    try:
        yield
    finally:
        _choose(place, tenant, AI_MODEL)


def _choose(place: Place, tenant: Tenant, model: str) -> None:
    found = get_integration(place.control, tenant.slug, IntegrationKind.AI)
    if found is None:
        raise RuntimeError("no AI provider is connected")
    set_integration(
        place.control, place.keyring, tenant.slug, IntegrationKind.AI, {**found.public, "model": model}, {}, "faults"
    )


def _calls(control: Database, slug: str) -> int:
    with control.tenant(slug) as connection:
        return connection.execute(text("select count(*) from ai_call where analysis_key is not null")).scalar_one()
