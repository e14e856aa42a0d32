"""Versions of a tenant's checklist: edited, tried on stored dialogs, and applied. A version never changes again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from sqlalchemy import Connection, Row, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from synkro_resources.control.audit import record
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.plans import extended_analytics
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.control.tables.analysis import ai_call, episode_analysis, episode_analysis_day
from synkro_resources.control.tables.analysis import rubric as table
from synkro_resources.control.tables.runs import OPEN_STATUSES, run_request
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import RefusedError, Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.model.rubric import R1, RUBRICS, Rubric
from synkro_resources.model.rubric_edit import Fields, content_of, edited, rubric_of

TRIED_EPISODES = 30
LONGEST_TRIAL_DAYS = 31
"""Of the last days that were scored; a run reads the messages of its days."""


@dataclass(frozen=True, slots=True)
class RubricVersion:
    """One version. `active_from`: since when it is asked with, None: never applied; `trial`: what trying it showed."""

    rubric: Rubric
    author: str
    created_at: datetime | None
    active_from: datetime | None = None
    trial: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What so many episodes would take; None where nothing was asked yet. `cost` is money in `currency`."""

    episodes: int
    calls: int | None
    cost: Decimal | None
    currency: str


def rubric_versions(db: Database, tenant: str) -> list[RubricVersion]:
    """The product's version and the tenant's own, newest first."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(select(table).order_by(table.c.created_at.desc(), table.c.version.desc())).all()
    own = [_version(row) for row in rows]
    known = {item.rubric.version for item in own}
    return [*own, *(RubricVersion(item, "synkro", None) for item in RUBRICS.values() if item.version not in known)]


def rubrics_of(db: Database, tenant: str) -> dict[str, Rubric]:
    """Every version by which a dialog of the tenant may have been scored."""
    return {item.rubric.version: item.rubric for item in rubric_versions(db, tenant)}


def active_rubric(db: Database, tenant: str) -> Rubric:
    """The version that dialogs are asked with: what was applied last, the product's without any."""
    with db.tenant(tenant) as connection:
        return _active(connection)


def asks_as_now(db: Database, tenant: str) -> Callable[[str, str], bool]:
    """Whether an item of a version of the checklist asks what it asks now; what was said of another question is void.

    A version that nobody knows is taken for the present one.
    """
    now, known = active_rubric(db, tenant), rubrics_of(db, tenant)

    def is_asked_so(version: str, item: str) -> bool:
        asked, asks = (rubric.by_code.get(item) for rubric in (known.get(version, now), now))
        return asked is not None and asks is not None and asked.question == asks.question

    return is_asked_so


def get_rubric(db: Database, tenant: str, version: str) -> RubricVersion:
    """One version.

    Raises:
        UserInputError: `rubric.unknown_version`.
    """
    found = next((item for item in rubric_versions(db, tenant) if item.rubric.version == version), None)
    if found is None:
        raise _unknown(tenant, version)
    return found


def edit_rubric(
    db: Database, tenant: str, changes: Mapping[str, Fields], *, actor: str, clock: Clock, base: str | None = None
) -> Rubric:
    """Store a new version: `base` (default: the active one) with these fields of items replaced. It is not applied.

    Raises:
        UserInputError: `rubric.unknown_version`, or what `model.rubric_edit.edited` refuses.
    """
    origin = None if base is None else get_rubric(db, tenant, base).rubric
    with db.tenant(tenant) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"rubric:{tenant}"})
        number = 1 + (connection.scalar(select(func.count()).where(table.c.version.startswith(f"{R1.version}."))) or 0)
        made = edited(origin or _active(connection), changes, f"{R1.version}.{number}")
        now = clock.now()
        connection.execute(
            insert(table).values(
                tenant=tenant, version=made.version, content=content_of(made), author=actor, created_at=now
            )
        )
        record(connection, at=now, actor=actor, action="rubric.edited", tenant=tenant, target=made.version)
    return made


def apply_rubric(db: Database, tenant: str, version: str, *, actor: str, clock: Clock) -> RubricVersion:
    """Ask with this version from now on; an older one may come back. Labels stay until new ones take their place.

    Raises:
        UserInputError: `rubric.unknown_version`. RefusedError: `rubric.history_running` or `plan.analytics`.
    """
    chosen = get_rubric(db, tenant, version).rubric
    now = clock.now()
    with db.tenant(tenant) as connection:
        if _active(connection).version != version:
            if version not in RUBRICS:
                extended_analytics(connection, tenant)
            _refuse_while_history_runs(connection, tenant)
            connection.execute(
                postgresql.insert(table)
                .values(
                    tenant=tenant,
                    version=version,
                    content=content_of(chosen),
                    author=actor,
                    created_at=now,
                    active_from=now,
                )
                .on_conflict_do_update(index_elements=["tenant", "version"], set_={"active_from": now})
            )
            record(connection, at=now, actor=actor, action="rubric.applied", tenant=tenant, target=version)
    return get_rubric(db, tenant, version)


def save_trial(db: Database, tenant: str, version: str, found: Mapping[str, object]) -> None:
    """Keep what trying a version has shown."""
    with db.tenant(tenant) as connection:
        connection.execute(update(table).where(table.c.version == version).values(trial=dict(found)))


def untried_version(db: Database, tenant: str) -> RubricVersion | None:
    """The version that a trial is about: the newest that was never applied."""
    return next((item for item in rubric_versions(db, tenant) if item.created_at and item.active_from is None), None)


def request_trial(db: Database, tenant: str, *, requested_by: str, clock: Clock) -> RunRequest:
    """Ask for a trial of the newest version that was never applied.

    Raises:
        UserInputError: `rubric.nothing_to_try`, `rubric.no_provider` or `rubric.nothing_scored`.
    """
    if untried_version(db, tenant) is None:
        raise UserInputError(
            "rubric.nothing_to_try",
            Sentence("Нет новой версии чек-листа.", "There is no new version of the checklist."),
            Sentence("Сначала измените чек-лист.", "Edit the checklist first."),
            tenant=tenant,
        )
    return _request(db, tenant, RequestKind.TRIAL, LONGEST_TRIAL_DAYS, requested_by, clock)


def request_history(db: Database, tenant: str, *, requested_by: str, clock: Clock) -> RunRequest:
    """Ask for everything that was scored to be asked about with the active version, newest days first.

    Raises:
        UserInputError: `rubric.no_provider` or `rubric.nothing_scored`.
    """
    return _request(db, tenant, RequestKind.LABELS, None, requested_by, clock)


def _request(
    db: Database, tenant: str, kind: RequestKind, most_days: int | None, requested_by: str, clock: Clock
) -> RunRequest:
    if get_integration(db, tenant, IntegrationKind.AI) is None:
        raise UserInputError(
            "rubric.no_provider",
            Sentence("Провайдер ИИ не подключён.", "No AI provider is connected."),
            Sentence("Подключите его в настройках.", "Connect one in the settings."),
            tenant=tenant,
        )
    days = scored_days(db, tenant)
    if days is None:
        raise UserInputError(
            "rubric.nothing_scored",
            Sentence("По чек-листу ещё ничего не оценено.", "The checklist has scored nothing yet."),
            Sentence("Сначала загрузите данные за неделю.", "Load the data of a week first."),
            tenant=tenant,
        )
    first, last = days
    if most_days is not None:
        first = max(first, last - timedelta(days=most_days - 1))
    period = Period.custom(first, last)
    reason = f"rubric {active_rubric(db, tenant).version}"
    return create_request(
        db, tenant=tenant, kind=kind, period=period, requested_by=requested_by, reason=reason, clock=clock
    )


def scored_days(db: Database, tenant: str) -> tuple[date, date] | None:
    """First and last local day with an episode that the checklist has scored; None without any."""
    with db.tenant(tenant) as connection:
        first, last = connection.execute(
            select(func.min(episode_analysis_day.c.day), func.max(episode_analysis_day.c.day))
            .join(episode_analysis, episode_analysis.c.analysis_key == episode_analysis_day.c.analysis_key)
            .where(episode_analysis.c.variant == "full", episode_analysis.c.status == "ok")
        ).one()
    return None if first is None or last is None else (first, last)


def scored_episodes(db: Database, tenant: str, first: date, last: date) -> set[tuple[date, str]]:
    """Local day and episode of what the checklist has scored on these days: what a new version is asked about again."""
    with db.tenant(tenant) as connection:
        rows = connection.execute(
            select(episode_analysis_day.c.day, episode_analysis_day.c.episode_key)
            .join(episode_analysis, episode_analysis.c.analysis_key == episode_analysis_day.c.analysis_key)
            .where(
                episode_analysis.c.variant == "full",
                episode_analysis.c.status == "ok",
                episode_analysis_day.c.day >= first,
                episode_analysis_day.c.day <= last,
            )
        )
        return {(row.day, row.episode_key) for row in rows}


def price_of_trial(db: Database, tenant: str) -> Price:
    """What trying a version on at most 30 episodes would take."""
    days = scored_days(db, tenant)
    episodes = 0 if days is None else len({key for _, key in scored_episodes(db, tenant, *days)})
    return price_of_episodes(db, tenant, min(TRIED_EPISODES, episodes))


def price_of_history(db: Database, tenant: str) -> Price:
    """What asking about everything that was scored with a new version would take."""
    with db.tenant(tenant) as connection:
        answers = connection.scalar(
            select(func.count(episode_analysis.c.content_hash.distinct())).where(
                episode_analysis.c.variant == "full", episode_analysis.c.status == "ok"
            )
        )
    return price_of_episodes(db, tenant, answers or 0)


def price_of_episodes(db: Database, tenant: str, episodes: int) -> Price:
    """At what scored episodes have cost so far: their calls and money per answer."""
    scored = (
        select(ai_call.c.cost, ai_call.c.currency, ai_call.c.analysis_key)
        .join(episode_analysis, episode_analysis.c.analysis_key == ai_call.c.analysis_key)
        .where(episode_analysis.c.variant == "full")
        .subquery()
    )
    with db.tenant(tenant) as connection:
        calls, cost, currency, answers = connection.execute(
            select(
                func.count(),
                func.sum(scored.c.cost),
                func.max(scored.c.currency),
                func.count(scored.c.analysis_key.distinct()),
            )
        ).one()
    if not answers:
        return Price(episodes, None, None, "")
    money = Decimal(cost) / answers * episodes if currency else None
    return Price(episodes, round(calls / answers * episodes), money, currency or "")


def _refuse_while_history_runs(connection: Connection, tenant: str) -> None:
    """A request that runs asks with the version that is active: changed on its way, it would leave two in the past."""
    of_history = (run_request.c.kind == RequestKind.LABELS.value, run_request.c.status.in_(OPEN_STATUSES))
    if connection.scalar(select(func.count()).select_from(run_request).where(*of_history)):
        raise RefusedError(
            "rubric.history_running",
            Sentence("Прошлая версия ещё применяется к истории.", "The last version is still applied to the history."),
            Sentence(
                "Дождитесь конца или отмените запрос на странице «Запуски».",
                "Wait until it ends, or cancel the request on the page “Runs”.",
            ),
            tenant=tenant,
        )


def _active(connection: Connection) -> Rubric:
    row = connection.execute(
        select(table).where(table.c.active_from.is_not(None)).order_by(table.c.active_from.desc()).limit(1)
    ).one_or_none()
    return R1 if row is None else _version(row).rubric


def _version(row: Row[tuple[object, ...]]) -> RubricVersion:
    content = cast("Mapping[str, Fields]", row.content)
    rubric = rubric_of(row.version, {code: content[code] for code in sorted(content)})
    return RubricVersion(rubric, row.author, row.created_at, row.active_from, row.trial)


def _unknown(tenant: str, version: str) -> UserInputError:
    return UserInputError(
        "rubric.unknown_version",
        Sentence(f"Версии чек-листа «{version}» нет.", f"There is no version {version!r} of the checklist."),
        Sentence("Выберите из списка версий.", "Choose one of the list of versions."),
        tenant=tenant,
    )
