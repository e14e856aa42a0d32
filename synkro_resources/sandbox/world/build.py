"""Building an invented world from a seed and an end instant.

All chance is seeded per (seed, day, story): a world with the same first day and a later end begins with everything the
shorter one holds, apart from state that moved on. Ids depend on day and place only, so worlds of different seeds share
them on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from synkro_resources.sandbox.world import directory, exhibits, fields, gallery, rare_talks, scenarios
from synkro_resources.sandbox.world.calendar import ZONE, WorkingTime
from synkro_resources.sandbox.world.model import AmocrmAccount, Json, RadistCompany, World
from synkro_resources.sandbox.world.stories import Draft
from synkro_resources.sandbox.world.texts import BOT_REPLY, BROADCASTS
from synkro_resources.sandbox.world.truth import Truth

WORLD_DAYS = 60
FIRST_BROADCAST_DAYS = 10
"""Enough dialogs have come to rest by then."""
BROADCAST_EVERY_DAYS = 14
LONGEST_STORY_DAYS = 180
"""No planned dialog goes on longer after the day it began."""
BROADCAST_HOUR, BROADCAST_WEEKDAY = 11, 4
"""Thursdays at 11:00 local time."""
GALLERY, EXHIBITS, FIRST_ORPHAN, RARE_TALK, GROUP = 40, 45, 50, 60, 90
"""Where a day's other stories stand among its story numbers, in hundredths; ordinary clients begin at 1."""
GROUP_EVERY_DAYS = 9
EXHIBITS_EVERY_DAYS = 2
FOUNDED_BEFORE_DAYS = 700


@dataclass(frozen=True, slots=True)
class Pace:
    """How many stories a day brings, as inclusive ranges."""

    ordinary_per_working_day: tuple[int, int] = (5, 9)
    ordinary_per_day_off: tuple[int, int] = (1, 3)
    orphans_per_working_day: tuple[int, int] = (1, 2)
    orphans_per_day_off: tuple[int, int] = (0, 1)
    stride: int = 100
    """Story numbers of a day."""


SMALL_PACE = Pace()


def build_world(
    seed: int,
    end: datetime,
    *,
    first_day: date | None = None,
    days: int = WORLD_DAYS,
    slug: str = "demo",
    pace: Pace = SMALL_PACE,
) -> World:
    """The invented company from `first_day` (default: `days` before `end`, local) up to `end`, an aware instant.

    Raises:
        ValueError: `end` has no zone.
    """
    if end.tzinfo is None:
        raise ValueError("the world's end needs a zone")
    working_time = WorkingTime()
    last_day = working_time.local_day(end)
    start = first_day or last_day - timedelta(days=days)
    founded = start - timedelta(days=FOUNDED_BEFORE_DAYS)
    broadcasts = _broadcasts(start, last_day, working_time)
    truth = Truth(end, working_time, {BOT_REPLY.lower(): "bot"})
    truth.autotext.update({words.lower(): "broadcast" for at, words in broadcasts if at < end})
    messages: dict[int, list[Json]] = {}
    draft = Draft(
        seed,
        start,
        founded,
        end,
        working_time,
        broadcasts,
        empty_account(slug, founded),
        empty_company(slug, messages),
        messages,
        truth,
        pace.stride,
    )
    for place in range(scenarios.OLD_DEALS):
        scenarios.old_deal(draft, place)
    for day_number in range((last_day - start).days + 1):
        _day(draft, day_number, pace)
    sort(draft)
    return World(slug, seed, start, end, ZONE, draft.amocrm, draft.radist, truth)


def _day(draft: Draft, day_number: int, pace: Pace) -> None:
    day = draft.first_day + timedelta(days=day_number)
    rng = Random(f"{draft.seed}/day/{day_number}")
    works = draft.working_time.shift(day) is not None
    ordinary = rng.randint(*(pace.ordinary_per_working_day if works else pace.ordinary_per_day_off))
    orphans = rng.randint(*(pace.orphans_per_working_day if works else pace.orphans_per_day_off))
    base = day_number * pace.stride
    kinds = scenarios.SPECIALS
    scenarios.special(draft, base, day, kinds[day_number % len(kinds)])
    for place in range(1, ordinary + 1):
        scenarios.ordinary(draft, base + place, day)
    for place in range(orphans):
        kind = scenarios.ORPHANS[(day_number * 2 + place) % len(scenarios.ORPHANS)]
        scenarios.orphan(draft, base + draft.place(FIRST_ORPHAN) + place, day, kind)
    gallery.piece(draft, base + draft.place(GALLERY), day, gallery.PIECES[day_number % len(gallery.PIECES)])
    talk = rare_talks.KINDS[day_number % len(rare_talks.KINDS)]
    rare_talks.rare_talk(draft, base + draft.place(RARE_TALK), day, talk)
    turn, skipped = divmod(day_number, EXHIBITS_EVERY_DAYS)
    if not skipped:
        exhibits.exhibit(draft, base + draft.place(EXHIBITS), day, turn)
    if day_number % GROUP_EVERY_DAYS == 3:
        scenarios.group(draft, base + draft.place(GROUP), day)


def _broadcasts(first_day: date, last_day: date, working_time: WorkingTime) -> tuple[tuple[datetime, str], ...]:
    """Every second Thursday; also those after the end, which leave no trace but take their share of chance."""
    day = first_day + timedelta(days=FIRST_BROADCAST_DAYS)
    while day.isoweekday() != BROADCAST_WEEKDAY:
        day += timedelta(days=1)
    found: list[tuple[datetime, str]] = []
    while day <= last_day + timedelta(days=LONGEST_STORY_DAYS):
        words = BROADCASTS[len(found) % len(BROADCASTS)]
        found.append((working_time.instant(day, time(BROADCAST_HOUR)), words))
        day += timedelta(days=BROADCAST_EVERY_DAYS)
    return tuple(found)


def empty_account(slug: str, founded: date) -> AmocrmAccount:
    return AmocrmAccount(
        account=directory.account(slug, founded),
        users=directory.users(),
        pipelines=directory.pipelines(),
        loss_reasons=[directory.loss_reason(reason_id, founded) for reason_id in directory.LOSS_REASONS],
        custom_fields=fields.custom_fields(),
        leads={},
        deleted_leads={},
        contacts={},
        companies={},
        events=[],
        notes={"leads": [], "contacts": [], "companies": []},
        tasks=[],
        tags=directory.tags(),
    )


def empty_company(slug: str, messages: Mapping[int, list[Json]]) -> RadistCompany:
    return RadistCompany(
        companies=directory.radist_companies(),
        sources=directory.radist_sources(),
        connections=directory.radist_connections(slug),
        contacts=[],
        messages=messages,
    )


def sort(draft: Draft) -> None:
    """Everything into the order that the accounts promise."""
    account, company, truth = draft.amocrm, draft.radist, draft.truth
    account.events.sort(key=lambda event: (event["created_at"], event["id"]))
    for notes in account.notes.values():
        notes.sort(key=lambda note: (note["created_at"], note["id"]))
    account.tasks.sort(key=lambda task: (task["created_at"], task["id"]))
    account.unsorted.sort(key=lambda item: (item["created_at"], item["uid"]))
    # Newest activity first; whole seconds are told from fractions by comparing times, not texts.
    company.contacts.sort(key=lambda item: datetime.fromisoformat(item["last_chat_updated_at"]), reverse=True)
    truth.turns.sort(key=lambda turn: (turn.first_at, turn.chat_id))
    truth.episodes.sort(key=lambda episode: (episode.start_at, episode.chat_id))
    truth.deals.sort(key=lambda deal: (deal.created_at, deal.lead_id))
    truth.calls.sort(key=lambda call: (call.at, call.note_id))
    truth.undelivered.sort(key=lambda item: (item.at, item.chat_id))
