"""A tenant's own gold episodes: what people decided about its dialogs, with their masked texts as they are today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from synkro_assets.analysis.content import CallLine, EpisodeContent, Line
from synkro_assets.analysis.reading import conversations_of, episodes_of
from synkro_assets.analysis.vocabulary import NO_VALUE, Applicability, FindingType, Variant
from synkro_assets.evaluation.gold import CALL, GoldEpisode, GoldLine, Label
from synkro_resources.control.ai_ledger import FIRST_RATIO, AiLedger
from synkro_resources.control.gold import GoldDialog, GoldItem, check_active, gather_gold, gold_dialogs
from synkro_resources.control.pii_tokens import StoredTokens, TokenValue, save_tokens, tenant_masking_key, values_in
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.lake import Lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform
from synkro_resources.rules.masking.tokens import Tokens

_OPEN = {item.value: item for item in (Applicability.NOT_APPLICABLE, Applicability.UNDETERMINED)}


@dataclass(frozen=True)
class OwnGold:
    """`drafts`: items that one person alone has said or that wait for a lead; `gone`: dialogs whose words are not
    there any more as they were judged (erased, edited, not loaded).
    """

    episodes: tuple[GoldEpisode, ...]
    drafts: int
    gone: int

    @property
    def labels(self) -> int:
        return sum(len(episode.labels) for episode in self.episodes)


@dataclass(frozen=True)
class _Days:
    """The days of the judged dialogs as `reading` takes them."""

    lake: Lake
    window: TenantWindow
    settings: TenantSettings

    @property
    def tenant(self) -> str:
        return self.window.tenant


def own_gold(platform: Platform, tenant: str) -> OwnGold:
    """What people have decided up to now; the items are gathered from their marks first.

    Raises:
        UserInputError: `tenant.unknown`. RefusedError: `tenant.suspended` or `tenant.trial_over`.
    """
    check_active(platform.control, tenant)
    drafts = sum(item.state == "draft" for item in gather_gold(platform.control, tenant))
    dialogs = gold_dialogs(platform.control, tenant)
    if not dialogs:
        return OwnGold((), drafts, 0)
    contents = _contents(platform, tenant, dialogs)
    found = [_episode(dialog, contents[dialog.episode_key]) for dialog in dialogs if dialog.episode_key in contents]
    kept = tuple(episode for episode in found if episode.labels)
    return OwnGold(kept, drafts, len(dialogs) - len(kept))


def _contents(platform: Platform, tenant: str, dialogs: Sequence[GoldDialog]) -> dict[str, EpisodeContent]:
    """The masked conversations with the words up to which they were judged; what tokens stand for is kept first."""
    settings = tenant_settings(platform.control, tenant)
    days = [dialog.day for dialog in dialogs]
    window = TenantWindow(tenant, settings.zone, min(days), max(days))
    stored = _Days(Lake(platform.settings.lake_root), window, settings)
    wanted = {(dialog.day, dialog.episode_key): dialog for dialog in dialogs}
    episodes = [one for one in episodes_of(stored) if (one.day, one.episode_key) in wanted]
    key = tenant_masking_key(platform.control, platform.keyring, tenant, platform.clock)
    tokens = Tokens(key, StoredTokens(platform.control, platform.keyring, tenant))
    characters = int(settings.episode_token_budget * _characters_per_token(platform, tenant))
    made = conversations_of(stored, episodes, tokens, characters)
    found: dict[str, EpisodeContent] = {}
    personal: set[TokenValue] = set()
    for episode in episodes:
        conversation = made.of(episode)
        if not conversation.content.messages:
            continue
        if conversation.content.content_until == wanted[episode.day, episode.episode_key].content_until:
            found[episode.episode_key] = conversation.content
            personal |= values_in(episode.dialog_id, conversation.masked)
    save_tokens(platform.control, platform.keyring, tenant, personal, platform.clock)
    return found


def _characters_per_token(platform: Platform, tenant: str) -> float:
    connection = platform.find_connection(tenant, IntegrationKind.AI)
    if connection is None:
        return FIRST_RATIO
    return AiLedger(platform.control, tenant, platform.clock).characters_per_token(connection.text("model"))


def _episode(dialog: GoldDialog, content: EpisodeContent) -> GoldEpisode:
    refs = {line.message_id: line.ref for line in content.messages}
    zone = ZoneInfo(content.zone)
    return GoldEpisode(
        key=content.episode_key,
        channel=content.channel,
        zone=content.zone,
        started_before_window=content.started_before_window,
        variant=Variant(dialog.variant),
        complete=False,
        dropped=content.dropped,
        lines=tuple(_line(line, zone) for line in content.lines),
        labels=tuple(_label(item, refs) for item in dialog.items if set(item.refs) <= refs.keys()),
    )


def _line(line: Line, zone: ZoneInfo) -> GoldLine:
    at = line.at.astimezone(zone).replace(tzinfo=None)
    if isinstance(line, CallLine):
        return GoldLine(ref=line.ref, who=CALL, at=at, outgoing=line.is_outgoing, seconds=line.seconds)
    return GoldLine(
        ref=line.ref,
        who=line.author.value,
        at=at,
        text=line.text.text,
        manager=line.manager,
        wordless=not line.has_text,
    )


def _label(item: GoldItem, refs: Mapping[str, str]) -> Label:
    applicability = _OPEN.get(item.value, Applicability.APPLICABLE)
    value = item.value if applicability is Applicability.APPLICABLE else NO_VALUE
    cited = tuple(refs[message] for message in item.refs)
    kind = FindingType(item.type)
    return Label(type=kind, code=item.code, value=value, applicability=applicability, refs=cited)
