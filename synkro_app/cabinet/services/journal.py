"""What the page of the record asks: who did what in the company, page by page, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import orjson

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.journal_words import (
    action_words,
    actor_name,
    detail_words,
    reason_words,
    target_words,
)
from synkro_app.cabinet.services.rights import WHO_LEADS_PEOPLE, actor_of, require, require_state
from synkro_app.cabinet.texts import translate
from synkro_resources.control.audit import AuditEvent, Mark, Wanted, actors_and_actions, find_events, record
from synkro_resources.control.destinations import list_destinations
from synkro_resources.control.invitations import invitations
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.support import visitor_names
from synkro_resources.control.users import tenant_users
from synkro_resources.erasure.export import safe_cell
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow

PAGE_LENGTH = 50
LONGEST_DAYS = 366
EXPORT_ROWS = 20_000
"""Some megabytes and a second of work; whoever needs more asks for a shorter period."""
COLUMNS = ("at", "who", "what", "target", "reason", "details", "code", "actor", "target_code", "details_code")
"""Words for people first, then what they were made of, for whoever investigates."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Local days of the tenant, both included; None stands for all people, or all deeds."""

    first_day: date
    last_day: date
    actor: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Some events, newest first; `names` by id of people, invitations and chats; `next`: where older ones are."""

    events: tuple[AuditEvent, ...]
    names: Mapping[str, str]
    next: Mark | None


def page(
    place: Installation,
    user: SessionUser,
    tenant: str,
    filters: Filters,
    *,
    before: Mark | None = None,
    names: Mapping[str, str] | None = None,
) -> JournalPage:
    """The newest events, or those before a place. `names`: those that `choices` has given, else they are read.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `journal.bad_period`.
    """
    require_state(user, tenant, WHO_LEADS_PEOPLE)
    wanted = _wanted(place, tenant, filters)
    found = find_events(place.control, tenant, wanted, PAGE_LENGTH + 1, before=before)
    shown = found[:PAGE_LENGTH]
    is_more = len(found) > PAGE_LENGTH
    return JournalPage(
        tuple(shown),
        _names(place, tenant) if names is None else names,
        (shown[-1].at, shown[-1].event_id) if is_more else None,
    )


def choices(
    place: Installation, user: SessionUser, tenant: str, filters: Filters
) -> tuple[list[str], list[str], Mapping[str, str]]:
    """The actors and actions of the period, and the names of people.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `journal.bad_period`.
    """
    require_state(user, tenant, WHO_LEADS_PEOPLE)
    actors, actions = actors_and_actions(place.control, tenant, _wanted(place, tenant, filters))
    return actors, actions, _names(place, tenant)


def export(place: Installation, user: SessionUser, tenant: str, filters: Filters) -> bytes:
    """All wanted events as CSV that a Russian Excel opens and runs no formula of; the export itself is recorded.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `journal.bad_period` or `journal.too_many`.
    """
    require(user, tenant, WHO_LEADS_PEOPLE)
    found = find_events(place.control, tenant, _wanted(place, tenant, filters), EXPORT_ROWS + 1)
    if len(found) > EXPORT_ROWS:
        raise UserInputError(
            "journal.too_many",
            Sentence(f"В файл входит не больше {EXPORT_ROWS} записей.", f"A file holds at most {EXPORT_ROWS} events."),
            Sentence("Выберите период короче.", "Choose a shorter period."),
            tenant=tenant,
        )
    names, zone = _names(place, tenant), ZoneInfo(frame_of(place, tenant).company.zone)
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=";")
    lines.writerow([translate(user.language, f"journal.column_{name}") for name in COLUMNS])
    for event in found:
        cells = (
            event.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
            actor_name(event.actor, names, user.language),
            action_words(event.action, user.language),
            target_words(event, names, user.language) or event.target,
            reason_words(event.reason, user.language),
            detail_words(event, names, zone.key, user.language),
            event.action,
            event.actor,
            event.target,
            orjson.dumps(event.details, option=orjson.OPT_SORT_KEYS).decode() if event.details else "",
        )
        lines.writerow([safe_cell(cell) for cell in cells])
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=place.clock.now(),
            actor=actor_of(user, tenant),
            action="journal.exported",
            tenant=tenant,
            details={"rows": len(found), "first_day": str(filters.first_day), "last_day": str(filters.last_day)},
        )
    return text.getvalue().encode("utf-8-sig")


def _names(place: Installation, tenant: str) -> dict[str, str]:
    """By id: people of the company, operators who have worked in it, invitations, chats and addresses."""
    people = {user.user_id: user.name or user.email for user, _ in tenant_users(place.control, tenant)}
    return {
        **visitor_names(place.control, tenant),
        **people,
        **{item.invitation_id: item.email for item in invitations(place.control, tenant)},
        **{item.destination_id: item.title for item in list_destinations(place.control, tenant)},
    }


def _wanted(place: Installation, tenant: str, filters: Filters) -> Wanted:
    if not timedelta(0) <= filters.last_day - filters.first_day < timedelta(days=LONGEST_DAYS):
        raise UserInputError(
            "journal.bad_period",
            Sentence("Период задан неверно.", "The period is not valid."),
            Sentence(f"Выберите не больше {LONGEST_DAYS} дней.", f"Choose at most {LONGEST_DAYS} days."),
            tenant=tenant,
        )
    zone = frame_of(place, tenant).company.zone
    window = TenantWindow.of_period(tenant, zone, Period.custom(filters.first_day, filters.last_day))
    return Wanted(window.start, window.end, filters.actor, filters.action)
