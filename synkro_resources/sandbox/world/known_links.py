"""Which deal and manager a planted episode belongs to, as known when its dialog was last active in a span."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

from synkro_resources.sandbox.world.facts import PlantedDeal, PlantedEpisode, PlantedFacts

LINK_TAIL = timedelta(hours=24)
"""So long after the last message a deal may still be opened for an episode."""
RECENTLY_CLOSED = timedelta(hours=72)


class KnownLinks:
    """What was known at the end of each dialog's newest active day up to `last_day`.

    A day's rows are written as known at its end, and only for dialogs that spoke, or rang, on it: a deal that is opened
    on a later day is not known to an episode whose dialog has been silent since.
    """

    def __init__(self, facts: PlantedFacts, last_day: date) -> None:
        self._facts = facts
        self._until = facts.working_time.bounds(last_day)[1]
        self._deals: dict[int, list[PlantedDeal]] = defaultdict(list)
        owners: dict[int, list[int]] = {}
        for deal in facts.deals:
            owners[deal.lead_id] = list(deal.contact_ids)
            for contact_id in deal.contact_ids:
                self._deals[contact_id].append(deal)
        self._active: dict[int, set[date]] = defaultdict(set)
        self._rung: dict[int, list[datetime]] = defaultdict(list)
        for call in facts.calls:
            if call.connected and call.at < self._until:
                contacts = owners.get(call.entity_id, []) if call.entity_type == "leads" else [call.entity_id]
                for contact_id in contacts:
                    self._rung[contact_id].append(call.at)
        for episode in facts.episodes:
            times = [line.at for line in episode.lines if line.at < self._until]
            if times and episode.contact_id is not None:
                times += [at for at in self._rung[episode.contact_id] if at > times[0]]
            self._active[episode.chat_id].update(map(facts.working_time.local_day, times))

    def deal(self, episode: PlantedEpisode) -> PlantedDeal | None:
        """Open at some moment from the start to a day after the last message; else closed shortly before it."""
        if episode.contact_id is None:
            return None
        known = self._known_until(episode)
        start = episode.start_at
        last = max(line.at for line in episode.lines if line.at < known)
        end = min(last + LINK_TAIL, known)
        deals = self._deals[episode.contact_id]
        open_deals = [deal for deal in deals if was_open(deal, start, end)]
        if open_deals:
            return max(open_deals, key=lambda deal: (_is_main(deal, episode), deal.created_at, deal.lead_id))
        closed = [(at, deal.lead_id, deal) for deal in deals if (at := _closed_before(deal, start)) is not None]
        return max(closed)[2] if closed else None

    def deals_of(self, episode: PlantedEpisode, as_of: datetime) -> list[PlantedDeal]:
        """All deals of the episode's contact that exist at `as_of`."""
        deals = self._deals[episode.contact_id] if episode.contact_id is not None else []
        return [deal for deal in deals if deal.exists(as_of)]

    def manager(self, episode: PlantedEpisode, at: datetime) -> int | None:
        """Who was responsible for the episode's deal at `at`."""
        deal = self.deal(episode)
        return deal.responsible(at) if deal else None

    def writing_manager(self, episode: PlantedEpisode, as_of: datetime) -> int | None:
        """Who wrote most of the managers' messages; of several the one who wrote last."""
        deal = self.deal(episode)
        if deal is None:
            return None
        lines = [line for line in episode.lines if line.writer == "manager" and line.at < as_of]
        writers = [deal.responsible(line.at) for line in lines]
        counts = Counter(writers)
        return max(counts, key=lambda writer: (counts[writer], _last_place(writers, writer)), default=None)

    def _known_until(self, episode: PlantedEpisode) -> datetime:
        """The end of the newest day whose rows hold the episode: later days of the dialog, as far as they read back."""
        return max(self._facts.working_time.bounds(day)[1] for day in self._active[episode.chat_id])


def _last_place(writers: list[int], writer: int) -> int:
    return max(place for place, name in enumerate(writers) if name == writer)


def _is_main(deal: PlantedDeal, episode: PlantedEpisode) -> bool:
    return deal.contact_ids[0] == episode.contact_id


def was_open(deal: PlantedDeal, start: datetime, end: datetime) -> bool:
    """Whether it was open at some moment of the span, both ends included."""
    moments = [start, deal.created_at, *(move.at for move in deal.moves)]
    return any(start <= at <= end and _is_open(deal, at) for at in moments)


def _is_open(deal: PlantedDeal, at: datetime) -> bool:
    """At `at` itself, what happens in that instant included."""
    just_after = at + timedelta(microseconds=1)
    return deal.exists(just_after) and deal.stage(just_after).is_open


def _closed_before(deal: PlantedDeal, start: datetime) -> datetime | None:
    """When it was closed, if it was closed at `start` and that was not long ago."""
    if _is_open(deal, start) or not deal.exists(start):
        return None
    closings = [move.at for move in deal.moves if move.at <= start and move.before.is_open and not move.after.is_open]
    return closings[-1] if closings and start - closings[-1] <= RECENTLY_CLOSED else None
