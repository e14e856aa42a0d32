"""The analysis as an asset: what a model says of each day's dialogs, checked against their messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

import pyarrow as pa

from synkro_assets.analysis.allowance import PLAN, Allowance
from synkro_assets.analysis.analyst import Analyst, Question, Tally
from synkro_assets.analysis.bands import Precision, precisions
from synkro_assets.analysis.conversations import Conversations, Episode
from synkro_assets.analysis.provider import STOPPING, Caps, Provider
from synkro_assets.analysis.reading import conversations_of, episodes_of
from synkro_assets.analysis.stored import analyses, findings
from synkro_assets.tenant_asset import TenantAsset, tenant_asset
from synkro_assets.tenant_run import TenantRun
from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.caps import cap_without_price
from synkro_resources.control.agreement import present_agreement
from synkro_resources.control.ai_ledger import AiLedger
from synkro_resources.control.integrations import get_integration, mark_broken, mark_integration
from synkro_resources.control.pii_tokens import (
    StoredTokens,
    TokenValue,
    save_tokens,
    tenant_masking_key,
    values_in,
)
from synkro_resources.control.reviews import draw_week, last_full_week
from synkro_resources.control.rubrics import active_rubric, scored_episodes
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.errors import IntegrationError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables.analysis import EPISODE_ANALYSIS, FINDING
from synkro_resources.model.tables.crm import CALL, CONTACT, DEAL, DEAL_CONTACT, MANAGER
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE, MESSAGE, TURN
from synkro_resources.rules.masking.tokens import Tokens

LABELS = "analysis/labels"
PROGRESS_EVERY = 25
BUDGET = "ai.budget_"
SHORT_LOAD_DAYS, SAMPLED_DAYS, SAMPLE = 14, 31, 200
"""A longer load is a history: until its price is confirmed, so many episodes of its last days are labelled."""

WARNED_AT = Decimal("0.8")
"""Share of the month's budget at which the tenant's admins hear of it."""


@tenant_asset(
    LABELS,
    after=[EPISODE, TURN, MESSAGE, DIALOG, DEAL, DEAL_CONTACT, CONTACT, MANAGER, CALL],
    resources=("ai",),
    kinds=("postgres", "openai"),
    description="Labels of each day's dialogs with verified quotes, in the control database.",
)
def labels(run: TenantRun) -> None:
    """What the tenant's model says of the episodes of these days; a provider that fails holds back no figure."""
    client: AsyncAiClient | None = run.context.resources.ai.analyst_of(run.tenant)
    if client is None:
        run.notes.extra["skipped"] = "no AI provider is connected"
        return
    episodes = scored_before(run, episodes_of(run)) if run.asks_again else affordable(run, episodes_of(run))
    run.notes.rows_in = len(episodes)
    allowance = Allowance(run.platform.control, get_tenant(run.platform.control, run.tenant))
    beyond = allowance.beyond(episodes)
    provider = provider_of(run, client)
    platform = run.platform
    conversations = masked_conversations(run, provider, episodes)
    analyst = Analyst(
        provider,
        platform.control,
        run.tenant,
        run.clock,
        active_rubric(platform.control, run.tenant),
        relinks=not run.asks_again,
        on_progress=_teller(run, len(episodes)),
        keep_tokens=keeper(run),
        gold=_confirmed(run, client.model),
    )
    tally = analyst.run(questions_of(episodes, conversations, beyond), [episode.episode_key for episode in episodes])
    provider.ledger.forget_texts()
    week = last_full_week(run.window.day_of(run.clock.now()))
    run.notes.extra["drawn_for_review"] = draw_week(platform.control, run.tenant, week, run.clock)
    allowance.note(episodes, run.window.first_day, run.window.last_day)
    _tell(run, provider, tally, allowance)


def affordable(run: TenantRun, episodes: Sequence[Episode]) -> Sequence[Episode]:
    """All of them; of a history whose price nobody has confirmed yet, a sample of its newest days.

    The sample: clients who wait first, then what a hash of the episode picks, so that the same load picks the same.
    """
    if run.settings.label_history == "all" or len(run.window.days) <= SHORT_LOAD_DAYS:
        return episodes
    since = run.window.day_of(run.clock.now()) - timedelta(days=SAMPLED_DAYS)
    recent = [episode for episode in episodes if episode.day > since]
    by_chance = sorted(recent, key=lambda one: (not one.waits, sha256(one.episode_key.encode()).digest(), one.day))
    chosen = {id(episode) for episode in by_chance[:SAMPLE]}
    run.notes.extra["left_unlabelled"] = len(episodes) - len(chosen)
    return [episode for episode in episodes if id(episode) in chosen]


def scored_before(run: TenantRun, episodes: Sequence[Episode]) -> list[Episode]:
    """Those that the checklist has scored on these days, whatever version it had."""
    scored = scored_episodes(run.platform.control, run.tenant, run.window.first_day, run.window.last_day)
    return [episode for episode in episodes if (episode.day, episode.episode_key) in scored]


def masked_conversations(run: TenantRun, provider: Provider, episodes: Sequence[Episode]) -> Conversations:
    """The conversations of these episodes as the provider may see them."""
    platform = run.platform
    key = tenant_masking_key(platform.control, platform.keyring, run.tenant, run.clock)
    tokens = Tokens(key, StoredTokens(platform.control, platform.keyring, run.tenant))
    characters = int(run.settings.episode_token_budget * provider.characters_per_token)
    return conversations_of(run, episodes, tokens, characters)


def provider_of(run: TenantRun, client: AsyncAiClient) -> Provider:
    settings = run.settings
    ledger = AiLedger(run.platform.control, run.tenant, run.clock, settings.ai_monthly_cap)
    return Provider(
        client,
        ledger,
        run.context.resources.ai.price_of(run.tenant),
        month_of=run.window.day_of(run.clock.now()),
        caps=Caps(settings.ai_run_cap, settings.ai_episode_cap),
        characters_per_token=ledger.characters_per_token(client.model),
    )


def questions_of(
    episodes: Sequence[Episode], conversations: Conversations, beyond: Collection[tuple[date, str]] = ()
) -> Iterator[Callable[[], Question]]:
    """Each is made when its turn comes: masking a month of dialogs takes longer than the first answer.

    `beyond`: day and key of those that the plan has no room for.
    """

    def make(episode: Episode) -> Callable[[], Question]:
        def question() -> Question:
            conversation = conversations.of(episode)
            personal = frozenset(values_in(episode.dialog_id, conversation.masked))
            return Question(
                episode.day,
                episode.variant,
                conversation.content,
                personal,
                contact_id=episode.contact_id,
                may_ask=(episode.day, episode.episode_key) not in beyond,
            )

        return question

    return map(make, episodes)


def keeper(run: TenantRun) -> Callable[[frozenset[TokenValue]], None]:
    kept: set[TokenValue] = set()

    def keep(values: frozenset[TokenValue]) -> None:
        if new := values - kept:
            save_tokens(run.platform.control, run.platform.keyring, run.tenant, new, run.clock)
            kept.update(new)

    return keep


def _confirmed(run: TenantRun, model: str) -> dict[str, Precision]:
    """By leads alone: the person whom a label is about must not be able to take it out of the figures."""
    return precisions(present_agreement(run.platform.control, run.tenant, run.clock.now(), model=model, of_leads=True))


def _teller(run: TenantRun, total: int) -> Callable[[Tally], None]:
    def tell(tally: Tally) -> None:
        if tally.episodes % PROGRESS_EVERY == 0 or tally.episodes == total:
            run.context.log.info("episodes analysed: %s of %s", tally.episodes, total)

    return tell


def _tell(run: TenantRun, provider: Provider, tally: Tally, allowance: Allowance) -> None:
    """What happened, for operators; and for the tenant's admins where they have to act."""
    spending = provider.spending
    run.notes.rows_out = tally.findings
    run.notes.extra |= {
        "episodes": tally.episodes,
        "cache_hits": tally.cache_hits,
        "calls": spending.calls,
        "primary_calls": tally.primary,
        "repair_calls": tally.repairs,
        "confirming_calls": tally.confirmations,
        "answers_read_again": spending.read_again,
        "calls_without_answer": spending.unsure_calls,
        "tokens_in": spending.tokens_in,
        "tokens_cached": spending.tokens_cached,
        "tokens_out": spending.tokens_out,
        "cost": float(spending.cost),
        "currency": provider.currency,
        "flagged": tally.flagged,
        "rung": provider.client.rung.value,
        **{f"status_{status}": count for status, count in tally.statuses.items()},
        **{f"dropped_{code}": count for code, count in tally.drops.items()},
    }
    if provider.stopped is not None:
        if isinstance(provider.stopped, IntegrationError):
            mark_broken(run.platform.control, run.tenant, IntegrationKind.AI, provider.stopped)
        run.notes.extra["stopped"] = provider.stopped.code
        run.context.log.warning("%s %s", provider.stopped.what.en, provider.stopped.remedy.en)
    elif (warning := _budget_warning(run, provider, tally)) is not None:
        run.warn(IntegrationKind.AI, warning)
    elif (full := allowance.warning(provider.month_of, tally.statuses["plan"])) is not None:
        run.warn(IntegrationKind.AI, full)
    else:
        _note_recovery(run, answered=bool(tally.statuses["ok"]))


def _note_recovery(run: TenantRun, *, answered: bool) -> None:
    """What the analysis said of the provider no longer holds: it answers again, or the month has money left."""
    control, nothing = run.platform.control, Sentence("", "")
    integration = get_integration(control, run.tenant, IntegrationKind.AI)
    code = integration.problem.code if integration is not None and integration.problem is not None else ""
    if code.startswith((BUDGET, PLAN)) or (answered and code in STOPPING):
        mark_integration(control, run.tenant, IntegrationKind.AI, "ok", "", nothing, nothing)


def _budget_warning(run: TenantRun, provider: Provider, tally: Tally) -> IntegrationError | None:
    cap = provider.ledger.monthly_cap
    if cap is not None and provider.price is None:
        told = cap_without_price(run.tenant, provider.client.model)
        return IntegrationError("ai.budget_no_price", told.what, told.remedy, tenant=run.tenant, integration="ai")
    remedy = Sentence(
        "Увеличьте месячный лимит ИИ в настройках или дождитесь нового месяца; цифры отчётов считаются и без него.",
        "Raise the monthly AI limit in the settings or wait for the new month; the figures do not need it.",
    )
    if tally.statuses["budget"]:
        what = Sentence(
            f"Лимит ИИ исчерпан: {tally.statuses['budget']} обращений не размечены.",
            f"The AI limit is used up: {tally.statuses['budget']} episodes are not labelled.",
        )
        return IntegrationError("ai.budget_spent", what, remedy, tenant=run.tenant, integration="ai")
    if cap and provider.ledger.spent(provider.month_of) >= cap * WARNED_AT:
        what = Sentence("Истрачено 80 % месячного лимита ИИ.", "80 % of the monthly AI limit is used.")
        return IntegrationError("ai.budget_80", what, remedy, tenant=run.tenant, integration="ai")
    return None


@tenant_asset(EPISODE_ANALYSIS, after=[LABELS])
def episode_analysis(run: TenantRun) -> pa.Table:
    """The analysis that each episode of the days stands on; empty without an AI provider."""
    return analyses(run)


@tenant_asset(FINDING, after=[LABELS])
def finding(run: TenantRun) -> pa.Table:
    """What those analyses found, with masked quotes; empty without an AI provider."""
    return findings(run)


ANALYSIS_ASSETS: tuple[TenantAsset, ...] = (labels, episode_analysis, finding)
