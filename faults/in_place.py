"""Every switch of every invented vendor while that vendor's steps of a daily run go on, in one process.

The steps run undisturbed first: what they leave must be there in the end of every case. A case begins without the
vendor's rows, runs the steps with the fault, and where something is missing runs them once more without it, as the next
request would.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property

from faults import state, unlabelled
from faults.cases import ALL_THE_TIME, Case, cases
from faults.outcome import BY_ITSELF, NOTHING, ONE_MORE, Outcome, skipped
from faults.patience import QUICKER
from faults.place import HISTORY_START, REPORTED, TODAY, Place, Tenant
from synkro_assets.reports.delivery import sending
from synkro_resources.control.accounts import key_of
from synkro_resources.control.blocks import clear_block
from synkro_resources.control.destinations import add_destination, list_destinations
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.journal import StepRecord, steps_of_request
from synkro_resources.control.outbox import Delivery, deliveries
from synkro_resources.control.outcomes import accept_as_sent, send_again
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period, days_between
from synkro_resources.sandbox.credentials import report_chat_id

PATIENCE_S = sending.PATIENCE_S
SOURCES = ("amocrm", "radist")
VENDORS = ("amocrm", "radist", "supabase", "openai", "telegram")
ACTOR = "faults"
LIES = ("lie ", "lies_share", "obeys_injection")


class Track(ABC):
    """One vendor's part of a daily run, again and again from the same beginning."""

    vendor: str
    layer: str
    days = (REPORTED, TODAY)

    def __init__(self, place: Place, tenant: Tenant) -> None:
        self.place, self.tenant = place, tenant
        self.forget()
        self.run()
        self.expected = self.now()

    @abstractmethod
    def now(self) -> state.Rows:
        """What is there."""

    @abstractmethod
    def forget(self) -> None:
        """Back to the moment before the vendor's steps."""

    def run(self) -> list[StepRecord]:
        return self.place.steps(self.tenant.slug, self.layer, *self.days)

    def told(self, steps: Sequence[StepRecord]) -> str:
        """What the client reads of a disturbed run."""
        return told(steps)

    def unseen(self, saw: str) -> str:  # noqa: ARG002  # a track that shows more tells it
        """The same where no step failed and something was missing all the same."""
        return "ничего: чего поставщик не показал, показано позже"

    def case(self, case: Case) -> Outcome:
        began = time.monotonic()
        self.forget()
        self.tenant.switch(self.vendor, case.switches)
        disturbed = self.run()
        self.tenant.calm()
        saw = self.told(disturbed)
        lost, recovered = state.difference(self.expected, self.now()), BY_ITSELF
        failed = [step for step in disturbed if step.error is not None]
        if lost or failed:
            unblock(self.place, self.tenant)
            again = self.run()
            lost = state.difference(self.expected, self.now())
            by_hand = next((step.error for step in failed if step.error and not step.retryable), None)
            recovered = f"{by_hand.remedy.ru} Затем {ONE_MORE}" if by_hand else ONE_MORE
            if any(step.error is not None for step in again):
                lost = lost or f"следующий запрос тоже не выполнен: {told(again)}"
            if not failed:
                saw = self.unseen(saw)
        return Outcome(self.vendor, case.name, saw, lost or NOTHING, recovered, round(time.monotonic() - began, 1))


class SourceTrack(Track):
    """amoCRM or Radist: the raw tables of the lake."""

    def __init__(self, place: Place, tenant: Tenant, vendor: str) -> None:
        self.vendor = self.layer = vendor
        super().__init__(place, tenant)

    def now(self) -> state.Rows:
        return state.lake_rows(self.place.lake, self.tenant.slug, self.layer)

    def forget(self) -> None:
        state.erase_lake(self.place.lake, self.tenant.slug, self.layer)


class SupabaseTrack(Track):
    """The client's own database, written by REST."""

    vendor = layer = "supabase"

    def now(self) -> state.Rows:
        return state.project_rows(self.tenant.project)

    def forget(self) -> None:
        state.empty_project(self.tenant.project)


class AiTrack(Track):
    """The labels of one day's dialogs."""

    vendor, layer = "openai", "analysis"
    days = (REPORTED, REPORTED)

    def now(self) -> state.Rows:
        return state.labels(self.place.control, self.tenant.slug)

    def forget(self) -> None:
        state.forget_labels(self.place, self.tenant.slug)

    def told(self, steps: Sequence[StepRecord]) -> str:
        return unlabelled.told(self.place.control, self.tenant.slug) or super().told(steps)

    def unseen(self, saw: str) -> str:
        return saw

    def case(self, case: Case) -> Outcome:
        if case.name.startswith(LIES):
            return self._lied_to(case)
        kept = unlabelled.KEPT.get(case.name.partition(",")[0])
        return super().case(case) if kept is None else self._kept(case, kept)

    def _kept(self, case: Case, status: str) -> Outcome:
        """An answer that is no labels and is kept: nobody pays for the same question twice, and a way out is there."""
        began = time.monotonic()
        figures = self.figures if ALL_THE_TIME in case.name else None
        self.forget()
        self.tenant.switch(self.vendor, case.switches)
        disturbed = self.run()
        self.tenant.calm()
        saw, recovered = self.told(disturbed), BY_ITSELF
        lost = unlabelled.unlike(self.place.control, self.tenant.slug, status)
        if unlabelled.statuses(self.place.control, self.tenant.slug).keys() <= {"ok"}:
            lost = lost or state.difference(self.expected, self.now())
        else:
            lost = lost or unlabelled.paid_twice(self.place.control, self.tenant.slug, self.run)
            if figures is not None:
                lost = lost or unlabelled.figures_lost(figures, unlabelled.report_of(self.place, self.tenant))
            with unlabelled.another_model(self.place, self.tenant):
                self.run()
            lost = lost or state.difference(self.expected, self.now())
            self.run()  # the own model is probed again: here, or the next case's fault would meet the probe
            recovered = unlabelled.WAY_OUT
        return Outcome(self.vendor, case.name, saw, lost or NOTHING, recovered, round(time.monotonic() - began, 1))

    @cached_property
    def figures(self) -> unlabelled.Figures:
        """Those of the day's report without a fault."""
        self.forget()
        self.run()
        return unlabelled.report_of(self.place, self.tenant)

    def _lied_to(self, case: Case) -> Outcome:
        """A model that lies loses findings; what matters is that no false one is stored."""
        began = time.monotonic()
        self.forget()
        self.tenant.switch(self.vendor, case.switches)
        disturbed = self.run()
        self.tenant.calm()
        found, expected = self.now()["claims"], self.expected["claims"]
        untrue = found - expected
        saw = f"{told(disturbed)}; выводов {found.total()} из {expected.total()}"
        lost = f"неправды сохранено: {untrue.total()}" if untrue else NOTHING
        return Outcome(self.vendor, case.name, saw, lost, BY_ITSELF, round(time.monotonic() - began, 1))


class TelegramTrack:
    """Reports of ever other periods over the same loaded days: each may lie in the chat once."""

    vendor = "telegram"

    def __init__(self, place: Place, tenant: Tenant) -> None:
        self.place, self.tenant = place, tenant
        sending.PATIENCE_S = PATIENCE_S / QUICKER  # it counts real seconds, and pauses are that much shorter
        days = list(days_between(HISTORY_START + timedelta(days=1), REPORTED))
        some = [Period.custom(first, last) for first in days for last in days if first < last]
        self._periods = iter([*some, *map(Period.day, days)])
        self._chat = report_chat_id(tenant.slug)

    def case(self, case: Case) -> Outcome:
        began = time.monotonic()
        period = next(self._periods)
        before = len(self.tenant.messages())
        switches = dict(case.switches)
        if "chat_trouble" in switches:
            switches = {"chat_trouble": {self._chat: switches["chat_trouble"]}}
        self.tenant.switch(self.vendor, switches)
        request = self.place.ask(self.tenant.slug, period)
        self.tenant.calm()
        parts = self._parts(period)
        said = [f"{part.state}: {part.last_error_code}" for part in parts if part.state != "sent"]
        saw = request.what_ru or told(steps_of_request(self.place.control, self.tenant.slug, request.id))
        if said:
            saw = f"{saw} [{', '.join(dict.fromkeys(said))}]"
        recovered = BY_ITSELF
        if not self._is_whole(parts):
            recovered = self._recover(period, parts, request.remedy_ru, before)
            parts = self._parts(period)
        lost = state.chat_difference(parts, self.tenant.messages()[before:])
        return Outcome(self.vendor, case.name, saw, lost or NOTHING, recovered, round(time.monotonic() - began, 1))

    def _recover(self, period: Period, parts: Sequence[Delivery], remedy: str, before: int) -> str:
        """One more request; before it whatever a person has to do."""
        deeds = list[str]()
        control, slug = self.place.control, self.tenant.slug
        for part in parts:
            if part.state == "uncertain":
                deeds.append("человек посмотрел в чат и отметил")
                if self._arrived(part, before):
                    accept_as_sent(control, slug, part.delivery_id, actor=ACTOR, clock=self.place.clock)
                else:
                    send_again(control, slug, part.delivery_id, actor=ACTOR, clock=self.place.clock)
            elif part.state in ("failed", "cancelled"):
                deeds.append("человек нажал «отправить снова»")
                send_again(control, slug, part.delivery_id, actor=ACTOR, clock=self.place.clock)
        if not list_destinations(control, slug, enabled_only=True):
            deeds.append("человек подключил чат заново")
        add_destination(control, slug, channel="telegram", chat_id=str(self._chat), title="Отчёты", actor=ACTOR)
        self.place.ask(slug, period)
        return ", ".join(dict.fromkeys([*([remedy] if remedy and not deeds else []), *deeds, ONE_MORE]))

    def _parts(self, period: Period) -> list[Delivery]:
        return deliveries(self.place.control, self.tenant.slug, period.report_id)

    def _arrived(self, part: Delivery, before: int) -> bool:
        """Whether the part is among what the chat got since; reports of other periods begin with the same words."""
        words = str(part.payload.get("plain") or part.payload.get("text") or "")[:20]
        return any(words and words in str(message.get("text", "")) for message in self.tenant.messages()[before:])

    def _is_whole(self, parts: Sequence[Delivery]) -> bool:
        return bool(parts) and all(part.state == "sent" for part in parts)


def unblock(place: Place, tenant: Tenant) -> None:
    """What an operator does after the vendor has lifted its block: `synkro integration unblock`."""
    found = get_integration(place.control, tenant.slug, IntegrationKind.AMOCRM)
    if found is not None:
        key = key_of(IntegrationKind.AMOCRM, found.public)
        clear_block(place.control, tenant.slug, key, kind="amocrm", actor=ACTOR, reason="faults")


def told(steps: Sequence[StepRecord]) -> str:
    """The words of the journal: the first failed step's, and how many others failed."""
    failed = [step for step in steps if step.error is not None]
    if not failed:
        return "ничего: повторено внутри шага"
    first = failed[0]
    more = f" (и ещё шагов: {len(failed) - 1})" if len(failed) > 1 else ""
    return f"{first.error.code if first.error else ''}: {first.error.what.ru if first.error else ''}{more}"


def in_place(place: Place, wanted: Callable[[Case], bool], vendors: Sequence[str] = VENDORS) -> Iterator[Outcome]:
    """All wanted cases of these vendors: of each source on a tenant of its own, of the others on one that is loaded."""
    chosen = {vendor: [case for case in cases(vendor) if wanted(case)] for vendor in VENDORS if vendor in vendors}
    for vendor in SOURCES:
        if chosen.get(vendor):
            with place.tenant(f"with-{vendor}", [IntegrationKind(vendor)]) as tenant:
                track = SourceTrack(place, tenant, vendor)
                yield from (track.case(case) for case in chosen[vendor])
    others = [vendor for vendor in VENDORS if vendor not in SOURCES and chosen.get(vendor)]
    if others:
        with place.tenant("with-all") as tenant:
            loaded = place.ask(tenant.slug, Period.custom(HISTORY_START, TODAY), RequestKind.DATA)
            if loaded.status != "done":
                raise RuntimeError(f"the undisturbed load ended as {loaded.status}: {loaded.what_en}")
            for vendor in others:
                if vendor == "supabase" and place.rest_missing:
                    yield from (skipped(vendor, case.name, place.rest_missing) for case in chosen[vendor])
                else:
                    track = OTHERS[vendor](place, tenant)
                    yield from (track.case(case) for case in chosen[vendor])


OTHERS: Mapping[str, Callable[[Place, Tenant], SupabaseTrack | AiTrack | TelegramTrack]] = {
    "supabase": SupabaseTrack,
    "openai": AiTrack,
    "telegram": TelegramTrack,
}
