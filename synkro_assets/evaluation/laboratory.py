"""Labels of given conversations, made on the road that real ones go: analyst, checks, ledger, control database.

Every question set has a tenant of its own, so that nothing is answered from what an earlier set has stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from synkro_assets.analysis.analyst import Analyst, Question, Tally
from synkro_assets.analysis.comparable import comparable_text
from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.provider import Provider, Spending
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.ai.profiles import profile_of
from synkro_resources.control.ai_ledger import AiLedger, calls_of
from synkro_resources.control.analyses import analyses_of_days
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import add_tenant
from synkro_resources.model.clock import Clock
from synkro_resources.model.rubric import R1, Rubric

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """The model under evaluation."""

    base_url: str
    name: str
    api_key: SecretStr
    price: ModelPrice | None = None
    at_once: int = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One conversation as a question."""

    content: EpisodeContent
    variant: Variant = Variant.FULL


@dataclass(frozen=True)
class Labelled:
    """What became of a question set. `answers`: stored analyses by episode; `findings`: stored findings likewise."""

    contents: Mapping[str, EpisodeContent]
    answers: Mapping[str, Row]
    findings: Mapping[str, Sequence[Row]]
    calls: Sequence[Row]
    tally: Tally
    spending: Spending
    stopped: str | None

    def verdicts(self, key: str) -> dict[tuple[str, str], str]:
        """(type, code) → value, or the applicability of what was not decided."""
        return {(str(row["type"]), str(row["code"])): verdict_of(row) for row in self.findings.get(key, ())}

    @property
    def rows(self) -> list[tuple[EpisodeContent, Row]]:
        return [(self.contents[key], row) for key, rows in self.findings.items() for row in rows]


def verdict_of(row: Row) -> str:
    return str(row["value"] if row["applicability"] == "applicable" else row["applicability"])


@dataclass
class Laboratory:
    """Asks `model`; `rubric` as tenants get it."""

    db: Database
    clock: Clock
    model: Model
    rubric: Rubric = R1
    spent: Spending = field(default_factory=Spending)
    """By all question sets together."""

    def label(self, asked: Iterable[Asked], what: str) -> Labelled:
        """`what` names the question set."""
        questions = list(asked)
        tenant = self._tenant(what)
        day = self.clock.now().date()
        model = self.model
        profile = profile_of(model.base_url, model.name, {"concurrency": model.at_once})
        client = AsyncAiClient(Endpoint(model.base_url, model.api_key, model.name, profile), tenant=tenant)
        provider = Provider(client, AiLedger(self.db, tenant, self.clock), model.price, day)
        analyst = Analyst(provider, self.db, tenant, self.clock, self.rubric)
        began = self.clock.now()
        tally = analyst.run((_maker(day, one) for one in questions), [one.content.episode_key for one in questions])
        answers, findings = analyses_of_days(self.db, tenant, [day])
        self._add(provider.spending)
        by_key: dict[str, list[Row]] = {}
        for row in findings:
            by_key.setdefault(str(row["episode_key"]), []).append(row)
        return Labelled(
            contents={one.content.episode_key: one.content for one in questions},
            answers={str(row["episode_key"]): row for row in answers},
            findings=by_key,
            calls=calls_of(self.db, tenant, began),
            tally=tally,
            spending=provider.spending,
            stopped=None if provider.stopped is None else f"{provider.stopped.what.en} {provider.stopped.remedy.en}",
        )

    def _tenant(self, what: str) -> str:
        slug = f"{what[:20]}-{secrets.token_hex(4)}"
        add_tenant(
            self.db,
            slug=slug,
            name=what,
            zone="Europe/Moscow",
            account=slug,
            cell="main",
            plan="base",
            clock=self.clock,
            actor="evaluation",
        )
        return slug

    def _add(self, spending: Spending) -> None:
        self.spent.calls += spending.calls
        self.spent.tokens_in += spending.tokens_in
        self.spent.tokens_cached += spending.tokens_cached
        self.spent.tokens_out += spending.tokens_out
        self.spent.cost += spending.cost


def quote_holds(content: EpisodeContent, row: Row) -> bool:
    """Whether the stored words stand in the message that the finding names, at the place that it names."""
    line = next((one for one in content.messages if one.message_id == row["quote_message_id"]), None)
    if line is None:
        return False
    # The conversations of an evaluation are masked already, so their text is the stored one but for line breaks.
    quote, text = comparable_text(str(row["quote_masked"])), comparable_text(line.text.text)
    first, last = row["start"], row["end"]
    return quote in text and line.text.source(0, len(line.text))[0] <= first < last <= line.text.ends[-1]


@dataclass(frozen=True, slots=True)
class Price:
    """Of 1,000 episodes; `cost` None where the model's price is unknown."""

    calls: float
    tokens_in: float
    tokens_cached: float
    tokens_out: float
    cost: Decimal | None
    currency: str


def price_per_thousand(labelled: Labelled, price: ModelPrice | None) -> Price:
    spending, episodes = labelled.spending, max(1, labelled.tally.episodes)
    return Price(
        calls=1000 * spending.calls / episodes,
        tokens_in=1000 * spending.tokens_in / episodes,
        tokens_cached=1000 * spending.tokens_cached / episodes,
        tokens_out=1000 * spending.tokens_out / episodes,
        cost=None if price is None else 1000 * spending.cost / episodes,
        currency="" if price is None else price.currency,
    )


def _maker(day: date, one: Asked) -> Callable[[], Question]:
    return lambda: Question(day, one.variant, one.content)
