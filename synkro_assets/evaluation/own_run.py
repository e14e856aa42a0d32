"""The tenant's own provider on the tenant's own gold set: within its budget, and without storing an answer.

What is stored with the present versions is taken as it is and costs nothing; only the rest is asked about. `again` asks
about everything, which shows how often a second answer differs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal

from synkro_assets.analysis.analyst import KEPT_STATUSES, Analyst, Question
from synkro_assets.analysis.provider import BudgetSpent, Caps, NoAnswer, Provider
from synkro_assets.analysis.rows import copied_findings, stored_finding
from synkro_assets.evaluation.flips import flips
from synkro_assets.evaluation.laboratory import Labelled, Row
from synkro_assets.evaluation.measured import Measured, compared
from synkro_assets.evaluation.own_gold import OwnGold
from synkro_resources.ai.resource import AiClients
from synkro_resources.control.ai_ledger import AiLedger
from synkro_resources.control.analyses import KnownAnswer, read_analysis, same_question
from synkro_resources.control.rubrics import Price, active_rubric, price_of_episodes
from synkro_resources.control.tenants import get_tenant, tenant_settings
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform, not_connected

NOTE = (
    "The gold set is what people said of a model's own findings in this company's dialogs ({labels} labels; {drafts} "
    "more wait for a second word or a decision, {gone} dialogs are not there any more as they were judged). It shows "
    "how often what was said is right, and not what was overlooked."
)


@dataclass
class Examiner(Analyst):
    """Answers like an analyst and keeps the answers to itself. `again`: a word that keeps its calls apart from others'.

    Calls of the present versions lie in the ledger under the key that a load would ask under, and serve it for 30 days.
    """

    again: str = ""
    rows: dict[str, Sequence[Row]] = field(default_factory=dict[str, Sequence[Row]])
    answers: dict[str, Row] = field(default_factory=dict[str, Row])

    async def _answer(self, question: Question, known: dict[str, KnownAnswer]) -> None:  # noqa: ARG002
        content = question.content
        versions = self.versions(question.variant)
        self.tally.episodes += 1
        if not self.again and await asyncio.to_thread(self.take_stored, question):
            self.tally.cache_hits += 1
            return
        base = versions.key_of(content.content_hash)
        key = f"{self.again}|{base}" if self.again else base
        try:
            outcome = await self._ask(question, key)
        except BudgetSpent:
            self._keep(question, "budget", ())
            return
        except NoAnswer:
            self._keep(question, "provider_error", ())
            return
        # The band says how far readers may trust a finding; here people have said it.
        found = [stored_finding(key, one, content, "", None) for one in outcome.findings]
        self._keep(question, outcome.status, [asdict(one) for one in found])
        self.tally.note(outcome.status, findings=len(found), drops=[drop.reason for _, drop in outcome.drops])

    def take_stored(self, question: Question) -> bool:
        """Take the answer that is stored about the same words with the present versions; False if there is none."""
        content, versions = question.content, self.versions(question.variant).stored
        for answer in same_question(self.db, self.tenant, content.content_hash, versions):
            found = read_analysis(self.db, self.tenant, answer.analysis_key) if answer.status in KEPT_STATUSES else None
            copies = None if found is None else copied_findings(answer.analysis_key, found[1], content)
            if found is not None and copies is not None:
                self._keep(question, answer.status, [asdict(one) for one in copies])
                drops = [drop.drop_code for drop in found[2]]
                self.tally.note(answer.status, findings=len(copies), drops=drops)
                return True
        return False

    def _keep(self, question: Question, status: str, rows: Sequence[Row]) -> None:
        key = question.content.episode_key
        self.answers[key] = {"status": status, "versions": self.versions(question.variant).stored}
        self.rows[key] = rows
        if status not in KEPT_STATUSES:
            self.tally.statuses[status] += 1

    def labelled(self, questions: Sequence[Question]) -> Labelled:
        stopped = self.provider.stopped
        return Labelled(
            contents={one.content.episode_key: one.content for one in questions},
            answers=self.answers,
            findings=self.rows,
            calls=(),
            tally=self.tally,
            spending=self.provider.spending,
            stopped=None if stopped is None else f"{stopped.what.en} {stopped.remedy.en}",
        )


class OwnEvaluation:
    """One evaluation of one tenant: `price` first, which asks nothing of the provider, then `measured`.

    Raises:
        IntegrationError: `ai.not_connected`.
    """

    def __init__(self, platform: Platform, tenant: str, gold: OwnGold, *, again: bool = False) -> None:
        self._platform, self._tenant, self._gold, self._again = platform, tenant, gold, again
        self._clients = clients = AiClients(platform)
        client = clients.analyst_of(tenant, probes=False)
        if client is None:
            raise not_connected(tenant, "ai")
        settings = tenant_settings(platform.control, tenant)
        today = _today(platform, tenant)
        ledger = AiLedger(platform.control, tenant, platform.clock, settings.ai_monthly_cap)
        self.provider = Provider(
            client,
            ledger,
            clients.price_of(tenant),
            month_of=today,
            caps=Caps(settings.ai_run_cap, settings.ai_episode_cap),
            characters_per_token=ledger.characters_per_token(client.model),
        )
        self._questions = [Question(today, one.variant, one.content()) for one in gold.episodes]
        self._word = f"evaluation {today}" if again else ""
        self.cap: Decimal | None = settings.ai_monthly_cap

    @property
    def model(self) -> str:
        return self.provider.client.model

    def price(self) -> Price:
        """What asking about those without a stored answer, or about all, would take."""
        stored = self._examiner("")
        asked = sum(self._again or not stored.take_stored(question) for question in self._questions)
        return price_of_episodes(self._platform.control, self._tenant, asked)

    def left(self) -> Decimal | None:
        """Money that the month still has; None without a limit."""
        return (
            None if self.cap is None else max(Decimal(0), self.cap - self.provider.ledger.spent(self.provider.month_of))
        )

    def measured(self) -> Measured:
        """Ask what has to be asked and compare it with what people decided."""
        self.provider.client = self._clients.analyst_of(self._tenant) or self.provider.client
        examiner = self._examiner(self._word)
        questions = self._questions
        examiner.run((lambda one=one: one for one in questions), [one.content.episode_key for one in questions])
        labelled = examiner.labelled(questions)
        episodes = self._gold.episodes
        found = compared(
            episodes,
            labelled,
            gold_name=f"own, {self._tenant}",
            model=self.model,
            base_url=self.provider.client.base_url,
            price=self.provider.price,
        )
        before = self._before()
        return replace(
            found,
            flips=[] if before is None else [flips("rerun", before, labelled)],
            complete=False,
            note=NOTE.format(labels=self._gold.labels, drafts=self._gold.drafts, gone=self._gold.gone),
        )

    def _before(self) -> Labelled | None:
        """The stored answers, to see what a second one changes; None where nothing is asked again."""
        if not self._again:
            return None
        stored = self._examiner("")
        kept = [question for question in self._questions if stored.take_stored(question)]
        return stored.labelled(kept) if kept else None

    def _examiner(self, again: str) -> Examiner:
        control = self._platform.control
        rubric = active_rubric(control, self._tenant)
        return Examiner(self.provider, control, self._tenant, self._platform.clock, rubric, again=again)


def spent(evaluation: OwnEvaluation, found: Measured) -> dict[str, object]:
    """For the audit: what was evaluated and what it took, without a word of any dialog."""
    spending = evaluation.provider.spending
    return {
        "model": found.model,
        "dialogs": found.episodes,
        "statuses": dict(found.statuses),
        "calls": spending.calls,
        "cost": str(spending.cost),
        "currency": evaluation.provider.currency,
    }


def _today(platform: Platform, tenant: str) -> date:
    zone, now = get_tenant(platform.control, tenant).zone, platform.clock.now()
    return TenantWindow(tenant, zone, now.date(), now.date()).day_of(now)
