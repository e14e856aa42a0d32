"""What the planted meanings of an episode's lines come to: who the client is, what he wants, what was done about it.

Written from the definitions of docs/analysis.md and the rubric, over planted meanings only: no text is read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from synkro_resources.sandbox.world.facts import PlantedLine
from synkro_resources.sandbox.world.meanings import ClientSays, ManagerSays

Verdict = Literal["yes", "no", "not_applicable", "undetermined"]
Outcome = Literal["accepted", "declined", "open"]

PURCHASE = frozenset({"price_specific", "availability", "choice", "invoice", "payment", "visit", "order"})
AFTER_SALE = frozenset({"order_status", "service_question", "complaint", "return"})
SALE_TOPICS = frozenset(
    {
        "price",
        "availability",
        "delivery",
        "payment",
        "installment",
        "discount",
        "choice",
        "specs",
        "booking",
        "warranty",
    }
)
MOST_CODES = 3
MOOD_TEXTS = 3
QUESTIONS_FOR_A_REVIEW = 2
PRICE_QUESTIONS = {
    "price": frozenset({"price"}),
    "price_list": frozenset({"price"}),
    "estimate": frozenset({"price"}),
    "delivery_price": frozenset({"delivery_price"}),
}
"""What names the price that was asked for; a price list that lies by names none."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One per code. `reply`: an argument or alternative after it; `decision`: where the client ended it."""

    code: str
    raised: PlantedLine
    reply: PlantedLine | None
    decision: PlantedLine | None
    outcome: Outcome

    @property
    def handled(self) -> bool:
        return self.reply is not None


@dataclass
class Heard:
    """Lines of one episode that reached their reader, in their order, and the calls between them."""

    lines: tuple[PlantedLine, ...]
    calls: tuple[datetime, ...]
    _client: list[tuple[int, PlantedLine, ClientSays]] = field(
        default_factory=list[tuple[int, PlantedLine, ClientSays]]
    )
    _manager: list[tuple[int, PlantedLine, ManagerSays]] = field(
        default_factory=list[tuple[int, PlantedLine, ManagerSays]]
    )

    @classmethod
    def of(cls, seen: Sequence[PlantedLine], calls: Sequence[datetime]) -> Heard:
        """A call after the last line is not known yet to whoever reads the lines."""
        heard = cls(
            tuple(line for line in seen if line.delivered),
            tuple(call for call in calls if call <= seen[-1].at),
        )
        for place, line in enumerate(heard.lines):
            if line.words and line.writer == "client":
                says = line.says if isinstance(line.says, ClientSays) else ClientSays()
                heard._client.append((place, line, says))
            elif line.words and line.writer == "manager":
                told = line.says if isinstance(line.says, ManagerSays) else ManagerSays()
                heard._manager.append((place, line, told))
        return heard

    @property
    def client_texts(self) -> list[PlantedLine]:
        return [line for _, line, _ in self._client]

    @property
    def injected(self) -> bool:
        """Holds orders to the analyst: listed, and left out of averages."""
        return any(says.orders for _, _, says in self._client)

    @property
    def telling(self) -> PlantedLine | None:
        """The line that shows who the client is."""
        special = next((line for _, line, says in self._client if says.kind), None)
        return special or next(iter(self.intent_lines.values()), None) or next(iter(self.topic_lines.values()), None)

    @property
    def client_type(self) -> str:
        for _, _, says in self._client:
            if says.kind:
                return says.kind
        if self.intents:
            return "customer" if self.intents[0] in AFTER_SALE else "buyer"
        return "buyer" if SALE_TOPICS & self.topic_lines.keys() else "unclear"

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(self.intent_lines)

    @cached_property
    def intent_lines(self) -> dict[str, PlantedLine]:
        """The first codes, each with the line in which it comes up."""
        return _first_lines((code, line) for _, line, says in self._client for code in says.intents.split())

    @cached_property
    def topic_lines(self) -> dict[str, PlantedLine]:
        return _first_lines((code, line) for _, line, says in self._client for code in says.topics.split())

    @property
    def sentiments(self) -> tuple[str | None, str | None]:
        """The first word of feeling tells how it began, the last one how it ended; None where nothing but orders is."""
        felt = [says for _, _, says in self._client]
        return _mood(felt[:MOOD_TEXTS]), _mood(felt[-MOOD_TEXTS:][::-1])

    @cached_property
    def objections(self) -> tuple[Objection, ...]:
        found: dict[str, Objection] = {}
        for place, line, says in self._client:
            for code in says.objections.split():
                if code not in found:
                    found[code] = self._followed(code, place, line)
        return tuple(found.values())

    def _followed(self, code: str, place: int, raised: PlantedLine) -> Objection:
        """What the client says before anybody spoke to his objection goes on with it and decides nothing."""
        later = self._manager_after(place)
        reply = next((line for _, line, says in later if says.argues), None)
        spoken = later[0][0] if later else len(self.lines)
        for at, line, says in self._client:
            if at > spoken and says.decides is not None:
                return Objection(code, raised, reply, line, says.decides)
        return Objection(code, raised, reply, None, "open")

    @property
    def lost_reason(self) -> tuple[str, PlantedLine] | None:
        """What a refusal gives as its reason; or the client is gone, as the manager says."""
        refusals = [(says.refuses, line) for _, line, says in self._client if says.refuses]
        if refusals:
            return refusals[-1]
        for place, line, says in self._manager:
            if says.gives_up:
                return None if self._client[-1][0] > place else ("no_response_client", line)
        return None

    @cached_property
    def needs_reply(self) -> bool:
        """Whether the client's last turn asks for an answer."""
        return self._last_turn[0]

    @cached_property
    def waits(self) -> bool:
        """Whether he has got none yet."""
        needs_reply, is_answered = self._last_turn
        return needs_reply and not is_answered

    @cached_property
    def _last_turn(self) -> tuple[bool, bool]:
        """Whether the client's last turn asks for an answer, and whether somebody wrote or called after it."""
        in_turn = asked = needs_reply = False
        for line in self._with_calls():
            if line is not None and line.writer == "client":
                if not in_turn:
                    in_turn, needs_reply = True, asked or not line.closing
                else:
                    needs_reply = needs_reply or not line.closing
            elif line is None or line.writer == "manager":
                if in_turn:
                    in_turn = asked = False
                asks = line is not None and isinstance(line.says, ManagerSays) and line.says.asks
                asked = asked or asks
        return needs_reply, not in_turn

    def _with_calls(self) -> Iterator[PlantedLine | None]:
        """The lines in their order, and None for a call."""
        calls = list(self.calls)
        for line in self.lines:
            while calls and calls[0] < line.at:
                calls.pop(0)
                yield None
            yield line
        yield from (None for _ in calls)

    def checklist(self) -> dict[str, Verdict]:
        """CK01 to CK12."""
        questions = [(place, line, says) for place, line, says in self._client if says.asks]
        wanted = next((place for place, _, says in self._client if PURCHASE & set(says.intents.split())), None)
        return {
            "CK01": self._greeted(),
            "CK02": self._answered(questions[:1]),
            "CK03": self._need_asked(wanted),
            "CK04": self._price_named(questions),
            "CK05": self._variant_offered(wanted),
            "CK06": self._benefit_named(),
            "CK07": self._objection_answered(),
            "CK08": self._answered([item for item in questions if item[2].asks == "time"][:1]),
            "CK09": self._next_step(wanted),
            "CK10": self._never(any(says.rude for _, _, says in self._manager)),
            "CK11": self._never(any(says.wants_card for _, _, says in self._manager)),
            "CK12": self._all_answered([item for item in questions if not item[2].is_need]),
        }

    def _greeted(self) -> Verdict:
        first = next((line for line in self.lines if line.writer == "manager"), None)
        if first is None:
            return "not_applicable"
        if not isinstance(first.says, ManagerSays):
            return "undetermined"  # what stands on a picture or in a template is not told
        return "yes" if first.says.greets else "no"

    def _answered(
        self, asked: Sequence[tuple[int, PlantedLine, ClientSays]], named: frozenset[str] | None = None
    ) -> Verdict:
        """Of the first of `asked`: whether anything later answers it; open where it may have been a call."""
        if not asked:
            return "not_applicable"
        place, line, says = asked[0]
        wanted = named or {says.asks}
        if any(wanted & set(told.answers.split()) for _, _, told in self._manager_after(place)):
            return "yes"
        return "undetermined" if self._called_after(line) else "no"

    def _need_asked(self, wanted: int | None) -> Verdict:
        if wanted is None:
            return "not_applicable"
        if any(told.needs for _, _, told in self._manager_after(wanted)):
            return "yes"
        described = next(says.described for place, _, says in self._client if place == wanted)
        return "not_applicable" if described else "no"

    def _price_named(self, questions: Sequence[tuple[int, PlantedLine, ClientSays]]) -> Verdict:
        asked = [item for item in questions if item[2].asks in PRICE_QUESTIONS][:1]
        return self._answered(asked, PRICE_QUESTIONS[asked[0][2].asks] if asked else None)

    def _variant_offered(self, wanted: int | None) -> Verdict:
        if wanted is None:
            return "not_applicable"
        need = next((place for place, _, says in self._client if place >= wanted and says.described), None)
        if need is None:
            return "not_applicable"
        return "yes" if any(told.variant for _, _, told in self._manager_after(need)) else "no"

    def _benefit_named(self) -> Verdict:
        if not any(told.offers for _, _, told in self._manager):
            return "not_applicable"
        return "yes" if any(told.benefit for _, _, told in self._manager) else "no"

    def _objection_answered(self) -> Verdict:
        """One objection left alone is enough for «no»."""
        if not self.objections:
            return "not_applicable"
        return "yes" if all(item.handled for item in self.objections) else "no"

    def _next_step(self, wanted: int | None) -> Verdict:
        """Of a talk about a purchase that is neither refused nor made, and whose client does not wait."""
        bought = any(says.bought for _, _, says in self._client) or any(told.paid for _, _, told in self._manager)
        refused = any(says.refuses for _, _, says in self._client)
        if wanted is None or bought or refused or self.waits or not self._manager:
            return "not_applicable"
        return "yes" if any(told.step for _, _, told in self._manager) else "no"

    def _never(self, happened: bool) -> Verdict:
        if not self._manager:
            return "not_applicable"
        return "no" if happened else "yes"

    def _all_answered(self, questions: Sequence[tuple[int, PlantedLine, ClientSays]]) -> Verdict:
        if len(questions) < QUESTIONS_FOR_A_REVIEW or self.waits:
            return "not_applicable"
        verdicts = {self._answered([item]) for item in questions}
        return "no" if "no" in verdicts else "undetermined" if "undetermined" in verdicts else "yes"

    def _manager_after(self, place: int) -> list[tuple[int, PlantedLine, ManagerSays]]:
        return [item for item in self._manager if item[0] > place]

    def _called_after(self, line: PlantedLine) -> bool:
        return any(call >= line.at for call in self.calls)


def _first_lines(codes: Iterator[tuple[str, PlantedLine]]) -> dict[str, PlantedLine]:
    found: dict[str, PlantedLine] = {}
    for code, line in codes:
        found.setdefault(code, line)
    return dict(list(found.items())[:MOST_CODES])


def _mood(window: Sequence[ClientSays]) -> str | None:
    spoken = [says for says in window if not says.orders]
    if not spoken:
        return None
    return next((says.mood for says in spoken if says.mood), "neutral")
