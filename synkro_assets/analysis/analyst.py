"""From an episode to stored findings: one question, at most one repair and one confirmation, and nothing twice.

Every answer is stored as soon as it is there: a run that is killed after 700 of 1,000 episodes asks 300 the next time.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from synkro_assets.analysis import injection
from synkro_assets.analysis.answer import EpisodeAnswer, read_answer
from synkro_assets.analysis.bands import Trust, agrees, needs_confirmation
from synkro_assets.analysis.content import EpisodeContent, within_budget
from synkro_assets.analysis.evidence import check, merged
from synkro_assets.analysis.findings import Checked, Drop, Finding
from synkro_assets.analysis.keys import Versions
from synkro_assets.analysis.prompt import prompt_version, repair_message, system_prompt
from synkro_assets.analysis.provider import BudgetSpent, NoAnswer, Provider, Spending
from synkro_assets.analysis.rendering import new_nonce, render
from synkro_assets.analysis.verdicts import completed
from synkro_assets.analysis.vocabulary import SCHEMA_VERSION, Author, Variant
from synkro_resources.control.analyses import (
    Analysis,
    DayLink,
    DroppedFinding,
    InjectionEvent,
    link_days,
    save_analysis,
    stored_statuses,
)
from synkro_resources.control.analyses import Finding as StoredFinding
from synkro_resources.control.database import Database
from synkro_resources.control.pii_tokens import TokenValue
from synkro_resources.model.clock import Clock
from synkro_resources.model.rubric import Rubric
from synkro_resources.model.taxonomy import TAXONOMY_VERSION
from synkro_resources.rules.masking import MASKER_VERSION

MAX_OUTPUT = {Variant.FULL: 2500, Variant.LABELS: 900}
KEPT_STATUSES = frozenset({"ok", "refused", "invalid"})
"""Asking the same again would give the same: only an unreachable provider and an empty budget are tried anew."""


@dataclass(frozen=True, slots=True)
class Question:
    """An episode as known at the end of a local day."""

    day: date
    variant: Variant
    content: EpisodeContent
    personal: frozenset[TokenValue] = frozenset()
    """What the tokens of the conversation stand for."""


@dataclass(slots=True)
class Tally:
    """What a run of the analysis did, for metadata and tests."""

    episodes: int = 0
    cache_hits: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    primary: int = 0
    repairs: int = 0
    confirmations: int = 0
    findings: int = 0
    drops: Counter[str] = field(default_factory=Counter[str])
    flagged: int = 0

    def note(self, status: str, *, findings: int, drops: Sequence[str]) -> None:
        self.statuses[status] += 1
        self.findings += findings
        self.drops.update(drops)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back about `content`, which may be less than was asked about."""

    content: EpisodeContent
    answer: EpisodeAnswer | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`drops`: each with the attempt that it was made in. `second`: findings of the confirming run."""

    status: str
    content: EpisodeContent
    answer: EpisodeAnswer | None = None
    findings: tuple[Finding, ...] = ()
    drops: tuple[tuple[int, Drop], ...] = ()
    flagged: tuple[InjectionEvent, ...] = ()
    second: tuple[Finding, ...] | None = None


@dataclass
class Analyst:
    """Labels the episodes of one tenant with one provider, rubric and set of versions."""

    provider: Provider
    db: Database
    tenant: str
    clock: Clock
    rubric: Rubric
    on_progress: Callable[[Tally], None] = lambda _: None
    keep_tokens: Callable[[frozenset[TokenValue]], None] = lambda _: None
    """Called before a question leaves: what its tokens stand for must be known by then."""

    def __post_init__(self) -> None:
        self.tally = Tally()
        self._systems = {variant: system_prompt(self.rubric, variant) for variant in Variant}
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def versions(self, variant: Variant) -> Versions:
        client = self.provider.client
        return Versions(
            masker=MASKER_VERSION,
            model=client.model,
            params=client.profile.params,
            prompt=prompt_version(variant),
            rubric=self.rubric.version,
            schema=SCHEMA_VERSION,
        )

    def run(self, questions: Iterable[Callable[[], Question]], episode_keys: list[str]) -> Tally:
        """Answer all questions. `questions`: each made only when its turn comes, because masking takes time.

        `episode_keys`: whose earlier answers may be used again.
        """
        known = stored_statuses(self.db, self.tenant, episode_keys)
        asyncio.run(self._run(iter(questions), known))
        return self.tally

    async def _run(self, questions: Iterator[Callable[[], Question]], known: dict[str, str]) -> None:
        async def work() -> None:
            for make in questions:  # one iterator for all workers: each question is taken once
                await self._answer(make(), known)
                self.on_progress(self.tally)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers(self.provider.client.profile.most_at_once)):
                    group.create_task(work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            await self.provider.client.close()

    async def _answer(self, question: Question, known: dict[str, str]) -> None:
        key = self.versions(question.variant).key_of(question.content.content_hash)
        self.tally.episodes += 1
        hit = known.get(key) in KEPT_STATUSES
        if hit:
            self.tally.cache_hits += 1
        elif (twin := self._under_way.get(key)) is not None:
            await twin
        else:
            task = self._under_way[key] = asyncio.create_task(self._label(question, key))
            await task
        link = DayLink(question.day, question.content.episode_key, key, cache_hit=hit)
        await asyncio.to_thread(link_days, self.db, self.tenant, [link])

    async def _label(self, question: Question, key: str) -> None:
        await asyncio.to_thread(self.keep_tokens, question.personal)
        try:
            outcome = await self._ask(question, key)
        except BudgetSpent:
            outcome = _Outcome("budget", question.content)
        except NoAnswer:
            outcome = _Outcome("provider_error", question.content)
        await asyncio.to_thread(self._store, question, key, outcome)

    async def _ask(self, question: Question, key: str) -> _Outcome:
        """The first question, and what the contract allows after it: one repair, one confirmation."""
        self.tally.primary += 1
        reply = await self._reply(question, key)
        if reply.refused:
            return _Outcome("refused", reply.content)
        if reply.answer is None:
            self.tally.repairs += 1
            reply = await self._reply(question, key)
            if reply.answer is None and not reply.refused and self.provider.client.step_down():
                reply = await self._reply(question, key)
        if reply.answer is None:
            return _Outcome("refused" if reply.refused else "invalid", reply.content)
        checked, drops = await self._checked(question, key, reply)
        flagged = self._flagged(reply)
        findings, more = completed(checked, reply.content, is_flagged=bool(flagged))
        dropped = (*drops, *((1, drop) for drop in more if drop not in checked.drops))
        second = await self._second_run(question, key, findings)
        return _Outcome("ok", reply.content, reply.answer, findings, dropped, flagged, second)

    async def _checked(
        self, question: Question, key: str, reply: _Reply
    ) -> tuple[Checked, tuple[tuple[int, Drop], ...]]:
        """What holds of the answer, after one repair of what every answer must hold and this one does not."""
        first = check(reply.answer, reply.content, question.variant)
        drops = tuple((1, drop) for drop in first.drops)
        if not first.lacking:
            return first, drops
        self.tally.repairs += 1
        try:
            repaired = await self._reply(question, key, content=reply.content, failed=first.to_repair)
        except (BudgetSpent, NoAnswer):
            return first, drops  # the first answer is paid for and holds for what it holds
        if repaired.answer is None:
            return first, drops
        second = check(repaired.answer, reply.content, question.variant, known=first.findings)
        whole = merged(first, second, question.variant)
        asked = {(drop.type, drop.code) for drop in first.to_repair}
        return whole, (*drops, *((2, drop) for drop in second.drops if (drop.type, drop.code) in asked))

    async def _second_run(
        self, question: Question, key: str, findings: Sequence[Finding]
    ) -> tuple[Finding, ...] | None:
        """What a second, independent answer says; None where none was needed or came."""
        if not needs_confirmation(findings, self.rubric, key):
            return None
        self.tally.confirmations += 1
        try:
            reply = await self._reply(question, key)
        except (BudgetSpent, NoAnswer):
            return None  # the first answer stands, only not confirmed
        return None if reply.answer is None else check(reply.answer, reply.content, question.variant).findings

    async def _reply(
        self,
        question: Question,
        key: str,
        *,
        content: EpisodeContent | None = None,
        failed: Sequence[Drop] = (),
    ) -> _Reply:
        """One answer; an answer that is cut gets twice the room once, then half of the conversation."""
        shown = content or question.content
        room = MAX_OUTPUT[question.variant]
        for room_, part in ((room, shown), (2 * room, shown), (2 * room, _half(shown))):
            episode = render(part, new_nonce(part))
            user = repair_message(episode, failed) if failed else episode
            got = await self.provider.ask(self._systems[question.variant], user, room_, analysis_key=key)
            if got.reason in ("refused", "content_filter"):
                return _Reply(part, refused=True)
            answer = read_answer(got.text)
            if answer is not None or got.reason != "length":
                return _Reply(part, answer)
        return _Reply(shown)

    def _flagged(self, reply: _Reply) -> tuple[InjectionEvent, ...]:
        """Client messages that give orders, found by the patterns or named by the model itself."""
        found = {line.message_id: injection.DETECTOR for line in injection.flagged(reply.content.messages)}
        for ref in reply.answer.instruction_like if reply.answer else ():
            line = reply.content.message(ref)
            if line is not None and line.author is Author.CLIENT:
                found.setdefault(line.message_id, "model")
        return tuple(InjectionEvent(message_id, detector) for message_id, detector in found.items())

    def _store(self, question: Question, key: str, outcome: _Outcome) -> None:
        spent = self.provider.by_key.pop(key, Spending())
        versions = self.versions(question.variant)
        analysis = Analysis(
            analysis_key=key,
            episode_key=question.content.episode_key,
            content_hash=question.content.content_hash,
            content_until=question.content.content_until,
            variant=question.variant,
            versions=versions.stored | {"taxonomy": TAXONOMY_VERSION},
            status=outcome.status,
            created_at=self.clock.now(),
            answer=outcome.answer.model_dump() if outcome.answer else None,
            truncated=outcome.content.truncated,
            injection_flag=bool(outcome.flagged),
            attempts=spent.calls,
            tokens_in=spent.tokens_in,
            tokens_cached=spent.tokens_cached,
            tokens_out=spent.tokens_out,
            cost=spent.cost,
            currency=self.provider.currency,
        )
        trust = Trust(outcome.content, self.rubric, bool(outcome.flagged))
        findings = [self._row(key, finding, trust, outcome) for finding in outcome.findings]
        drops = [DroppedFinding(attempt, drop.type, drop.code, drop.reason) for attempt, drop in outcome.drops]
        save_analysis(self.db, self.tenant, analysis, findings, drops=drops, injections=outcome.flagged)
        self.tally.note(outcome.status, findings=len(findings), drops=[drop.drop_code for drop in drops])
        self.tally.flagged += bool(outcome.flagged)

    def _row(self, key: str, finding: Finding, trust: Trust, outcome: _Outcome) -> StoredFinding:
        agreed = None if outcome.second is None else agrees(finding, outcome.second)
        quote = finding.quote
        start, end = quote.original if quote else (None, None)
        messages = [outcome.content.message(ref) for ref in finding.refs]
        return StoredFinding(
            finding_id=_finding_id(key, finding, start),
            type=finding.type,
            code=finding.code,
            value=finding.value,
            applicability=finding.applicability,
            message_ids=[line.message_id for line in messages if line is not None],
            band=trust.band(finding, agreed),
            quote_message_id=quote.line.message_id if quote else None,
            text_version=quote.line.text_version if quote else None,
            start=start,
            end=end,
            quote_masked=quote.masked if quote else None,
            detail_masked=finding.detail,
            run_agreement=None if agreed is None else "agreed" if agreed else "disagreed",
        )


def workers(calls_at_once: int) -> int:
    """A quarter more than calls: while some episodes are masked, checked or stored, others keep the provider busy."""
    return calls_at_once + math.ceil(calls_at_once / 4)


def _half(content: EpisodeContent) -> EpisodeContent:
    return within_budget(content, content.characters // 2)


def _finding_id(key: str, finding: Finding, start: int | None) -> str:
    parts = (key, finding.type, finding.code, finding.refs[0] if finding.refs else "", str(start))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
