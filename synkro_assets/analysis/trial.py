"""A new version of the checklist on some stored dialogs: what would change, before anything does.

Nothing is stored as an answer. The calls stay in the ledger, and if the version is applied within their thirty days,
their answers are read from there (docs/analysis.md, «The tenant's checklist»).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from synkro_assets.analysis.analyst import Analyst, Question
from synkro_assets.analysis.assets import keeper, masked_conversations, provider_of, questions_of, scored_before
from synkro_assets.analysis.conversations import Episode
from synkro_assets.analysis.provider import BudgetSpent, NoAnswer, Provider
from synkro_assets.analysis.reading import episodes_of
from synkro_assets.analysis.vocabulary import FindingType, Variant
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.control.analyses import KnownAnswer, analyses_of_days
from synkro_resources.control.rubrics import TRIED_EPISODES, active_rubric, save_trial, untried_version
from synkro_resources.model.rubric import Rubric
from synkro_resources.model.tables.crm import CALL, CONTACT, DEAL, DEAL_CONTACT, MANAGER
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE, MESSAGE, TURN

TRIAL = "analysis/rubric_trial"
Answers = dict[str, str]
"""Item → yes, no, not_applicable or undetermined."""


@dataclass
class Trial(Analyst):
    """Asks like an analyst and keeps the answers to itself."""

    answers: dict[str, Answers] = field(default_factory=dict[str, Answers])
    """By episode; those that could not be answered are missing."""

    async def _answer(self, question: Question, known: dict[str, KnownAnswer]) -> None:  # noqa: ARG002
        key = self.versions(question.variant).key_of(question.content.content_hash)
        self.tally.episodes += 1
        await asyncio.to_thread(self.keep_tokens, question.personal)
        try:
            outcome = await self._ask(question, key)
        except (BudgetSpent, NoAnswer):
            return
        if outcome.status == "ok":
            found = (
                (item.code, item.value, item.applicability)
                for item in outcome.findings
                if item.type is FindingType.CHECKLIST
            )
            self.answers[question.content.episode_key] = answers_of(found)


@tenant_asset(
    TRIAL,
    after=[EPISODE, TURN, MESSAGE, DIALOG, DEAL, DEAL_CONTACT, CONTACT, MANAGER, CALL],
    resources=("ai",),
    kinds=("postgres", "openai"),
    description="What the newest version of the tenant's checklist says of some stored dialogs; no figure changes.",
)
def rubric_trial(run: TenantRun) -> None:
    """Try the newest version that was never applied, and keep what it showed with the version."""
    client: AsyncAiClient | None = run.context.resources.ai.analyst_of(run.tenant)
    control = run.platform.control
    version = untried_version(control, run.tenant)
    if client is None or version is None:
        run.notes.extra["skipped"] = "no AI provider is connected" if client is None else "no version to try"
        return
    episodes = tried(scored_before(run, episodes_of(run)))
    run.notes.rows_in = len(episodes)
    provider = provider_of(run, client)
    trial = Trial(provider, control, run.tenant, run.clock, version.rubric, keep_tokens=keeper(run))
    trial.run(questions_of(episodes, masked_conversations(run, provider, episodes)), [])
    before = _stored_answers(run, episodes)
    found = {
        "at": run.clock.now().isoformat(),
        "episodes": len(episodes),
        **compared(before, trial.answers, active_rubric(control, run.tenant), version.rubric),
        **_spent(provider),
    }
    save_trial(control, run.tenant, version.rubric.version, found)
    run.notes.rows_out = len(trial.answers)
    run.notes.extra |= {"version": version.rubric.version, "answered": len(trial.answers), **_spent(provider)}


def tried(episodes: Iterable[Episode]) -> list[Episode]:
    """At most thirty, each at its newest day, as a hash of the episode picks them."""
    newest: dict[str, Episode] = {}
    for episode in episodes:
        known = newest.get(episode.episode_key)
        if episode.variant is Variant.FULL and (known is None or known.day < episode.day):
            newest[episode.episode_key] = episode
    return sorted(newest.values(), key=lambda one: sha256(one.episode_key.encode()).digest())[:TRIED_EPISODES]


def compared(
    before: Mapping[str, Answers], after: Mapping[str, Answers], old: Rubric, new: Rubric
) -> dict[str, object]:
    """Per item how often each answer was given before and now and how many changed, over what was answered twice."""
    both = sorted(before.keys() & after.keys())
    items: dict[str, object] = {}
    for item in new.items:
        pairs = [(before[key].get(item.code, ""), after[key].get(item.code, "")) for key in both]
        items[item.code] = {
            "before": dict(Counter(first for first, _ in pairs if first)),
            "after": dict(Counter(second for _, second in pairs if second)),
            "changed": sum(first != second for first, second in pairs),
        }
    means = {
        name: _mean([answers[key] for key in both], rubric)
        for name, answers, rubric in (("mean_before", before, old), ("mean_after", after, new))
    }
    return {"answered": len(both), "items": items, **means}


def answers_of(findings: Iterable[tuple[str, str, str]]) -> Answers:
    """Code, value and applicability of the items of one episode as one word each."""
    return {code: value if applicability == "applicable" else applicability for code, value, applicability in findings}


def _stored_answers(run: TenantRun, episodes: Sequence[Episode]) -> dict[str, Answers]:
    day_of = {episode.episode_key: episode.day for episode in episodes}
    _, findings = analyses_of_days(run.platform.control, run.tenant, sorted(set(day_of.values())))
    rows: dict[str, list[tuple[str, str, str]]] = {}
    for row in findings:
        key = str(row["episode_key"])
        if row["type"] == "checklist" and day_of.get(key) == row["day"] and key == row["asked_episode_key"]:
            rows.setdefault(key, []).append((str(row["code"]), str(row["value"]), str(row["applicability"])))
    return {key: answers_of(items) for key, items in rows.items()}


def _mean(episodes: Sequence[Answers], rubric: Rubric) -> float | None:
    scores: list[float] = []
    for answers in episodes:
        yes = sum(item.weight for item in rubric.items if answers.get(item.code) == "yes")
        asked = sum(item.weight for item in rubric.items if answers.get(item.code) in ("yes", "no"))
        if asked:
            scores.append(100 * yes / asked)
    return round(sum(scores) / len(scores), 1) if scores else None


def _spent(provider: Provider) -> dict[str, int | float | str]:
    spending = provider.spending
    return {
        "calls": spending.calls,
        "read_again": spending.read_again,
        "cost": float(spending.cost),
        "currency": provider.currency,
    }


TRIAL_ASSETS: tuple[TenantAsset, ...] = (rubric_trial,)
