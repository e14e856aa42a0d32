"""From an episode to stored findings: one question, at most one repair and one confirmation, and nothing twice.

Every answer is stored as soon as it is there: a run that is killed after 700 of 1,000 episodes asks 300 the next time.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from synkro_assets.analysis import injection
from synkro_assets.analysis.answer import EpisodeAnswer, read_answer
from synkro_assets.analysis.bands import Precision, Trust, agrees, needs_confirmation
from synkro_assets.analysis.content import EpisodeContent, within_budget
from synkro_assets.analysis.evidence import check, merged
from synkro_assets.analysis.findings import Checked, Drop, Finding
from synkro_assets.analysis.keys import Versions, copy_key
from synkro_assets.analysis.prompt import prompt_version, repair_message, system_prompt
from synkro_assets.analysis.provider import BudgetSpent, NoAnswer, Provider, Spending
from synkro_assets.analysis.rendering import new_nonce, render
from synkro_assets.analysis.rows import copied_analysis, copied_findings, stored_finding
from synkro_assets.analysis.verdicts import completed
from synkro_assets.analysis.vocabulary import SCHEMA_VERSION, Author, Variant
from synkro_resources.ai.rungs import Rung
from synkro_resources.control.analyses import (
    Analysis,
    DayLink,
    DroppedFinding,
    InjectionEvent,
    KnownAnswer,
    known_answers,
    link_days,
    read_analysis,
    same_question,
    save_analysis,
)
from synkro_resources.control.analyses import Finding as StoredFinding
from synkro_resources.control.database import Database
from synkro_resources.control.pii_tokens import TokenValue
from synkro_resources.model.clock import Clock
from synkro_resources.model.rubric import R1, Rubric
from synkro_resources.model.taxonomy import TAXONOMY_VERSION
from synkro_resources.rules.masking import MASKER_VERSION

MAX_OUTPUT = {Variant.FULL: 2500, Variant.LABELS: 900}
KEPT_STATUSES = frozenset({"ok", "refused", "invalid"})
"""Asking the same again would give the same: only a provider out of reach and a spent budget or plan are asked anew."""


@dataclass(frozen=True, slots=True)
class Question:
    """An episode as known at the end of a local day."""

    day: date
    variant: Variant
    content: EpisodeContent
    personal: frozenset[TokenValue] = frozenset()
    """What the tokens of the conversation stand for."""
    contact_id: int | None = None
    """The CRM's contact whose dialog it is: clients are counted by it."""
    may_ask: bool = True
    """False beyond the plan's dialogs: only an answer that is there already serves."""


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
    empty: bool = False
    """The provider said nothing at all, which says nothing about the text."""
    rung: Rung = Rung.TEXT
    """How it was asked."""


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
    relinks: bool = True
    """Whether a day also stands on an answer that failed; else it keeps the one that it has."""
    on_progress: Callable[[Tally], None] = lambda _: None
    keep_tokens: Callable[[frozenset[TokenValue]], None] = lambda _: None
    """Called before a question leaves: what its tokens stand for must be known by then."""
    gold: Mapping[str, Precision] = field(default_factory=dict[str, Precision])
    """What people confirmed of this model's earlier findings, by «type» or «type/code»."""

    def __post_init__(self) -> None:
        self.tally = Tally()
        self._systems = {variant: system_prompt(self.rubric, variant) for variant in Variant}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Episodes with the same words are answered one after the other."""
        self._failed: dict[str, str] = {}
        """What this run could not have answered, by the contract's key: an equal question gets the same status."""

    def versions(self, variant: Variant) -> Versions:
        """The checklist is no part of what is asked of an episode that is only labelled: a tenant's own is none."""
        client = self.provider.client
        return Versions(
            masker=MASKER_VERSION,
            model=client.model,
            params=client.profile.params,
            prompt=prompt_version(variant),
            rubric=self.rubric.version if variant is Variant.FULL else R1.version,
            schema=SCHEMA_VERSION,
        )

    def run(self, questions: Iterable[Callable[[], Question]], episode_keys: list[str]) -> Tally:
        """Answer all questions. `questions`: each made only when its turn comes, because masking takes time.

        `episode_keys`: whose earlier answers may be used again.
        """
        known = known_answers(self.db, self.tenant, episode_keys)
        self.provider.paid = self.provider.ledger.unread_answers(KEPT_STATUSES)
        asyncio.run(self._run(iter(questions), known))
        return self.tally

    async def _run(self, questions: Iterator[Callable[[], Question]], known: dict[str, KnownAnswer]) -> None:
        async def work() -> None:
            for make in questions:  # one iterator for all workers: each question is taken once
                await self._answer(make(), known)
                self.on_progress(self.tally)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers(self.provider.client.profile.most_at_once)):
                    group.create_task(work())
        except BaseExceptionGroup as failures:
            # A stop of the process comes wrapped, too: taken for a failure, it would use up one of the few attempts.
            stops = [one for one in failures.exceptions if not isinstance(one, Exception)]
            raise (stops or failures.exceptions)[0] from None
        finally:
            await self.provider.client.close()

    async def _answer(self, question: Question, known: dict[str, KnownAnswer]) -> None:
        """Answer one question, and say which answer its day stands on."""
        content = question.content
        base = self.versions(question.variant).key_of(content.content_hash)
        self.tally.episodes += 1
        key = next((key for key in (base, copy_key(base, content.episode_key)) if _is_own(known.get(key), content)), "")
        hit = bool(key)
        if not hit:
            async with self._turns[base]:
                key, hit = await self._settled(question, base)
        self.tally.cache_hits += hit
        if base in self._failed and not self.relinks:
            return
        link = DayLink(question.day, content.episode_key, key, cache_hit=hit, contact_id=question.contact_id)
        await asyncio.to_thread(link_days, self.db, self.tenant, [link])

    async def _settled(self, question: Question, base: str) -> tuple[str, bool]:
        """The key of the episode's own answer, and whether it cost no call.

        Episodes with the same words share the question and not the answer: each keeps a copy, under a key of its own
        where the contract's is another episode's, so that what is said or erased of one touches no other.
        """
        content, versions = question.content, self.versions(question.variant).stored
        stored = await asyncio.to_thread(same_question, self.db, self.tenant, content.content_hash, versions)
        own = next((answer for answer in stored if answer.episode_key == content.episode_key), None)
        if own is not None and own.status in KEPT_STATUSES:
            return own.analysis_key, True
        is_taken = any(answer.analysis_key == base for answer in stored)
        key = own.analysis_key if own else copy_key(base, content.episode_key) if is_taken else base
        if not question.may_ask:
            await asyncio.to_thread(self._store, question, key, _Outcome("plan", content))
            return key, False
        await asyncio.to_thread(self.keep_tokens, question.personal)
        if base in self._failed:
            await asyncio.to_thread(self._store, question, key, _Outcome(self._failed[base], content))
            return key, False
        for twin in stored:
            if twin.status in KEPT_STATUSES and await asyncio.to_thread(self._copy, question, twin.analysis_key, key):
                return key, True
        status = await self._label(question, key)
        if status not in KEPT_STATUSES:
            self._failed[base] = status
        return key, False

    async def _label(self, question: Question, key: str) -> str:
        try:
            outcome = await self._ask(question, key)
        except BudgetSpent:
            outcome = _Outcome("budget", question.content)
        except NoAnswer:
            outcome = _Outcome("provider_error", question.content)
        await asyncio.to_thread(self._store, question, key, outcome)
        return outcome.status

    def _copy(self, question: Question, source: str, key: str) -> bool:
        """Store what was answered about the same words for this episode, too; False if that cannot be told."""
        found = read_analysis(self.db, self.tenant, source)
        if found is None:
            return False
        analysis, findings, drops = found
        copies = copied_findings(key, findings, question.content)
        if copies is None:
            return False
        answer = None if analysis.answer is None else EpisodeAnswer.model_validate(analysis.answer)
        flagged = self._flagged(_Reply(question.content, answer)) if analysis.injection_flag else ()
        copy = copied_analysis(analysis, key, question.content, self.clock.now())
        save_analysis(self.db, self.tenant, copy, copies, drops=drops, injections=flagged)
        return True

    async def _ask(self, question: Question, key: str) -> _Outcome:
        """The first question, and what the contract allows after it: one repair, one confirmation."""
        self.tally.primary += 1
        reply = await self._reply(question, key)
        if reply.refused:
            return _Outcome("refused", reply.content)
        if reply.answer is None:
            self.tally.repairs += 1
            reply = await self._reply(question, key)
            if reply.answer is None and not reply.refused and self.provider.client.step_down(reply.rung):
                reply = await self._reply(question, key)
        if reply.answer is None:
            status = "refused" if reply.refused else "provider_error" if reply.empty else "invalid"
            return _Outcome(status, reply.content)
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
        room, rung = MAX_OUTPUT[question.variant], self.provider.client.rung
        for room_, part in ((room, shown), (2 * room, shown), (2 * room, _half(shown))):
            episode = render(part, new_nonce(part))
            user = repair_message(episode, failed) if failed else episode
            got = await self.provider.ask(
                self._systems[question.variant], user, room_, analysis_key=key, episode_key=shown.episode_key
            )
            rung = got.rung
            if got.reason in ("refused", "content_filter"):
                return _Reply(part, refused=True)
            answer = read_answer(got.text)
            if answer is not None or got.reason != "length":
                return _Reply(part, answer, empty=not got.text.strip(), rung=rung)
        return _Reply(shown, rung=rung)

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
        trust = Trust(outcome.content, self.rubric, bool(outcome.flagged), self.gold)
        findings = [_row(key, finding, trust, outcome) for finding in outcome.findings]
        drops = [DroppedFinding(attempt, drop.type, drop.code, drop.reason) for attempt, drop in outcome.drops]
        save_analysis(self.db, self.tenant, analysis, findings, drops=drops, injections=outcome.flagged)
        self.tally.note(outcome.status, findings=len(findings), drops=[drop.drop_code for drop in drops])
        self.tally.flagged += bool(outcome.flagged)


def _row(key: str, finding: Finding, trust: Trust, outcome: _Outcome) -> StoredFinding:
    agreed = None if outcome.second is None else agrees(finding, outcome.second)
    run_agreement = None if agreed is None else "agreed" if agreed else "disagreed"
    return stored_finding(key, finding, outcome.content, trust.band(finding, agreed), run_agreement)


def workers(calls_at_once: int) -> int:
    """A quarter more than calls: while some episodes are masked, checked or stored, others keep the provider busy."""
    return calls_at_once + math.ceil(calls_at_once / 4)


def _is_own(answer: KnownAnswer | None, content: EpisodeContent) -> bool:
    return answer is not None and answer.episode_key == content.episode_key and answer.status in KEPT_STATUSES


def _half(content: EpisodeContent) -> EpisodeContent:
    return within_budget(content, content.characters // 2)
