"""One deal being written down: its moves and owners as amoCRM's events, its present state, and the fact about it."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from synkro_resources.sandbox.world.crm import CrmScribe, Json, unix
from synkro_resources.sandbox.world.directory import LOSS_REASONS, lead_source, tag
from synkro_resources.sandbox.world.facts import LOST, Handover, Move, PlantedDeal, PlantedEpisode, Stage
from synkro_resources.sandbox.world.known_links import LINK_TAIL, RECENTLY_CLOSED


class DealScript:
    """Plants one deal. What would happen after the world's end leaves no trace, but uses its ids."""

    def __init__(
        self,
        scribe: CrmScribe,
        *,
        created_at: datetime,
        stage: Stage,
        responsible: int,
        price: int,
        contact_ids: tuple[int, ...],
        name: str,
        company_id: int | None = None,
        custom_fields: list[Json] | None = None,
        tags: tuple[str, ...] = (),
        source_id: int | None = None,
        created_by: int = 0,
        steady: bool = False,
    ) -> None:
        self._scribe = scribe
        self._name = name
        self._company_id = company_id
        self._custom_fields = custom_fields
        self._tags = tags
        self._source_id = source_id
        self._created_by = self._updated_by = created_by
        self._updated_at = created_at
        self._closed_at: datetime | None = None
        self.steady = steady
        """Whether the deal stays open for ever."""
        self.fact = PlantedDeal(scribe.ids.lead(), created_at, price, stage, responsible, contact_ids)
        scribe.event(created_at, "lead_added", "lead", self.lead_id, created_by, after=scribe.note_value())

    @property
    def lead_id(self) -> int:
        return self.fact.lead_id

    @property
    def responsible(self) -> int:
        """Whoever is responsible after everything planted so far."""
        return self.fact.handovers[-1].after if self.fact.handovers else self.fact.first_responsible

    def move(self, at: datetime, stage: Stage, *, reason: int | None = None) -> None:
        """Change the status. A lost deal gets its reason, which stays when it is reopened."""
        before = self.fact.moves[-1].after if self.fact.moves else self.fact.first_stage
        by = self.responsible
        self._scribe.event(
            at,
            "lead_status_changed",
            "lead",
            self.lead_id,
            by,
            before=_status_value(before),
            after=_status_value(stage),
        )
        if at >= self._scribe.end:
            return
        self.fact.moves.append(Move(at, before, stage))
        self._closed_at = None if stage.is_open else at
        if stage.status_id == LOST:
            self.fact.loss_reason_id = reason
        self._touch(at, by)

    def hand_over(self, at: datetime, user_id: int) -> None:
        """Change the responsible user."""
        before = self.responsible
        self._scribe.event(
            at,
            "entity_responsible_changed",
            "lead",
            self.lead_id,
            before,
            before=[{"responsible_user": {"id": before}}],
            after=[{"responsible_user": {"id": user_id}}],
        )
        if at < self._scribe.end:
            self.fact.handovers.append(Handover(at, before, user_id))
            self._touch(at, before)

    def delete(self, at: datetime) -> None:
        """Throw the deal away; nothing but its return may be planted for it afterwards."""
        self._scribe.event(at, "lead_deleted", "lead", self.lead_id, self.responsible)
        if at < self._scribe.end:
            self.fact.deleted_at = at
            self._touch(at, self.responsible)

    def restore(self, at: datetime) -> None:
        """Take the deal out of the trash again, with its id and its past."""
        self._scribe.event(at, "lead_restored", "lead", self.lead_id, self.responsible)
        if at < self._scribe.end:
            self.fact.restored_at = at
            self._touch(at, self.responsible)

    def merge_into(self, at: datetime, winner: DealScript, *, names_winner: bool) -> None:
        """Make one deal of two. The event does not say who won, and nobody knows whose id it carries."""
        named = winner if names_winner else self
        self._scribe.event(at, "entity_merged", "lead", named.lead_id, self.responsible)
        if at < self._scribe.end:
            self.fact.merged_at, self.fact.merged_into = at, winner.lead_id
            winner._touch(at, self.responsible)

    def mark(
        self, at: datetime, kind: str, *, before: list[Json] | None = None, after: list[Json] | None = None, by: int = 0
    ) -> None:
        """Any other event of the deal that moves its `updated_at`."""
        self._scribe.event(at, kind, "lead", self.lead_id, by, before=before, after=after)
        if at < self._scribe.end:
            self._touch(at, by)

    def finish(self) -> None:
        """Leave the deal's present state in the account; a merged one is simply gone."""
        if self.fact.created_at >= self._scribe.end or self.fact.merged_at is not None:
            return
        account = self._scribe.account
        if self.fact.deleted_at is not None and self.fact.restored_at is None:
            account.deleted_leads[self.lead_id] = self._trash()
        else:
            account.leads[self.lead_id] = self._present()

    def _present(self) -> Json:
        fact, scribe = self.fact, self._scribe
        stage = fact.moves[-1].after if fact.moves else fact.first_stage
        reason = fact.loss_reason_id
        return {
            "id": fact.lead_id,
            "name": self._name,
            "price": fact.price,
            "responsible_user_id": self.responsible,
            "group_id": 0,
            "status_id": stage.status_id,
            "pipeline_id": stage.pipeline_id,
            "loss_reason_id": reason,
            "source_id": self._source_id,
            "created_by": self._created_by,
            "updated_by": self._updated_by,
            "created_at": unix(fact.created_at),
            "updated_at": unix(self._updated_at),
            # Seen in real accounts: 0 instead of null on some deals that were never closed.
            "closed_at": unix(self._closed_at) if self._closed_at else (0 if fact.lead_id % 7 == 0 else None),
            "closest_task_at": None,
            "is_deleted": False,
            "custom_fields_values": self._custom_fields,
            "score": None,
            "account_id": scribe.account_id,
            "labor_cost": None,
            "is_price_computed": False,
            "is_price_modified_by_robot": False,
            "_embedded": {
                "tags": [tag("leads", name) for name in self._tags],
                "companies": [{"id": self._company_id}] if self._company_id else [],
                "contacts": [
                    {"id": contact_id, "is_main": number == 0} for number, contact_id in enumerate(fact.contact_ids)
                ],
                "loss_reason": [scribe.loss_reason(reason)] if reason in LOSS_REASONS else [],
                "catalog_elements": [],
                "source": lead_source(self._source_id) if self._source_id else None,
            },
        }

    def _trash(self) -> Json:
        """A deleted lead shows nearly nothing."""
        shown = {
            "id": self.lead_id,
            "updated_by": self._updated_by,
            "updated_at": unix(self._updated_at),
            "is_deleted": True,
            "account_id": self._scribe.account_id,
        }
        return {key: shown.get(key) for key in self._present() if key != "_embedded"}

    def _touch(self, at: datetime, by: int) -> None:
        self._updated_at, self._updated_by = max(self._updated_at, at), by


def linked_deal(deals: list[PlantedDeal], episode: PlantedEpisode) -> PlantedDeal | None:
    """The deal an episode is about: open at some moment of it or a day after, else just closed before it."""
    start, end = episode.start_at, episode.last_at + LINK_TAIL
    open_deals = [deal for deal in deals if any(a <= end and b > start for a, b in _open_spans(deal))]
    if open_deals:
        return max(open_deals, key=lambda deal: (deal.created_at, deal.lead_id))
    recent = [
        (closed_at, deal)
        for deal in deals
        for _, closed_at in _open_spans(deal)
        if start - RECENTLY_CLOSED <= closed_at <= start
    ]
    return max(recent, key=lambda pair: pair[0])[1] if recent else None


def _open_spans(deal: PlantedDeal) -> list[tuple[datetime, datetime]]:
    """When the deal was open, as pairs of instants; the last one never ends for an open deal."""
    spans: list[tuple[datetime, datetime]] = []
    opened: datetime | None = deal.created_at if deal.first_stage.is_open else None
    for move in deal.moves:
        if opened is not None and not move.after.is_open:
            spans.append((opened, move.at))
            opened = None
        elif opened is None and move.after.is_open:
            opened = move.at
    if opened is not None:
        spans.append((opened, datetime.max.replace(tzinfo=deal.created_at.tzinfo)))
    return spans


@cache
def _status_value(stage: Stage) -> list[Json]:
    return [{"lead_status": {"id": stage.status_id, "pipeline_id": stage.pipeline_id}}]
