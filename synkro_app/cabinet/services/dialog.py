"""What the page of one dialog asks: its messages with the quoted words, its labels, and what people say of them.

Original texts go only to people who may read them; everybody else gets quotes in their masked form, with labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import dialogs
from synkro_app.cabinet.services.dialogs import ListedEpisode
from synkro_app.cabinet.services.rights import (
    EVERYBODY,
    actor_of,
    may_read_texts,
    own_manager,
    require,
    require_contents,
)
from synkro_resources.control import feedback
from synkro_resources.control.audit import record
from synkro_resources.control.feedback import Dispute, Feedback
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.labels import StoredFinding
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.standings import NOTHING_SAID, Said
from synkro_resources.control.tenants import get_tenant
from synkro_resources.lake import Lake
from synkro_resources.model.feedback import LEADS, Reason, Verdict
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.model.period import Period, days_between
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.model.window import TenantWindow
from synkro_resources.rules.masking.tokens import Language, with_labels

COLUMNS = ("message_id", "dialog_id", "sent_at", "author_kind", "type", "text", "text_version", "is_counted")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
"""A host name and nothing else: the link goes into a person's browser."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a message; `is_quoted`: a label stands on it."""

    text: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message; `type` says what it was where it has no text. Without the right to texts `pieces` are quotes only."""

    message_id: str
    at: datetime
    author_kind: str
    type: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A label with its quote, as this person may read it, and what people say of it."""

    finding: StoredFinding
    quote: str | None
    said: Said
    own_mark: Feedback | None


@dataclass(frozen=True, slots=True)
class OpenedEpisode:
    """One episode with all that belongs to it. `deal_url`: its deal in the client's amoCRM."""

    episode: ListedEpisode
    manager: str | None
    messages: tuple[ShownMessage, ...]
    findings: tuple[ShownFinding, ...]
    shows_texts: bool
    deal_url: str | None
    may_dispute: bool
    may_decide: bool


def opened(
    place: Installation, user: SessionUser, tenant: str, episode_key: str, period: Period
) -> OpenedEpisode | None:
    """The episode as the list of `period` holds it; None for one that is not there, or is not for this person.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `dialogs.period_too_long`.
    """
    found = dialogs.listing(place, user, tenant, period, only=episode_key)
    episode = next(iter(found.episodes), None)
    if episode is None:
        return None
    shows_texts = may_read_texts(user, tenant)
    language: Language = "en" if user.language == "en" else "ru"
    rows = _messages(place, tenant, episode)
    texts = {str(row["message_id"]): row for row in rows}
    messages = [_shown(row, episode.findings, shows_texts, language) for row in rows]
    findings = [
        ShownFinding(
            item,
            _quote(item, texts.get(item.quote_message_id or ""), shows_texts, language),
            said := episode.said.get(item.finding_id, NOTHING_SAID),
            said.mark_of(user.user_id),
        )
        for item in episode.findings
    ]
    role = _role(user, tenant)
    return OpenedEpisode(
        episode=episode,
        manager=None if episode.manager_id is None else found.managers.get(episode.manager_id),
        messages=tuple(messages),
        findings=tuple(findings),
        shows_texts=shows_texts,
        deal_url=_deal_url(place, tenant, episode.deal_id),
        may_dispute=role in LEADS or own_manager(user, tenant) is not None,
        may_decide=role in LEADS,
    )


def note_reading(place: Installation, user: SessionUser, tenant: str, episode_key: str) -> None:
    """Record that a person opened the texts of an episode; nothing for people who see none."""
    require_contents(user, tenant, EVERYBODY)
    if not may_read_texts(user, tenant):
        return
    with place.control.tenant(tenant) as connection:
        record(
            connection,
            at=place.clock.now(),
            actor=actor_of(user, tenant),
            action="dialog.read",
            tenant=tenant,
            target=episode_key,
        )


def mark(
    place: Installation,
    user: SessionUser,
    tenant: str,
    finding_id: str,
    verdict: Verdict,
    reason: Reason = Reason.NONE,
    comment: str = "",
    *,
    from_review: bool = False,
) -> Feedback:
    """Say what this person thinks of a finding; `from_review`: the person came from the list «На проверку».

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `feedback.too_long`.
    """
    require(user, tenant, EVERYBODY)
    return feedback.mark(
        place.control,
        tenant,
        finding_id,
        verdict,
        reason=reason,
        comment=comment.strip(),
        user_id=user.user_id,
        clock=place.clock,
        from_review=from_review,
    )


def dispute(place: Installation, user: SessionUser, tenant: str, finding_id: str, text: str) -> Dispute:
    """Dispute a finding.

    Raises:
        RefusedError: `rights.not_found` or `dispute.exists`. UserInputError: `feedback.too_long` or `dispute.no_text`.
    """
    require(user, tenant, EVERYBODY)
    return feedback.open_dispute(
        place.control, tenant, finding_id, text.strip(), user_id=user.user_id, clock=place.clock
    )


def decide(
    place: Installation, user: SessionUser, tenant: str, dispute_id: str, *, accept: bool, text: str = ""
) -> Dispute:
    """Decide a dispute.

    Raises:
        RefusedError: `rights.not_found` or `dispute.not_open`. UserInputError: `feedback.too_long`.
    """
    require(user, tenant, LEADS)
    return feedback.decide_dispute(
        place.control, tenant, dispute_id, accept=accept, text=text.strip(), user_id=user.user_id, clock=place.clock
    )


def withdraw(place: Installation, user: SessionUser, tenant: str, dispute_id: str) -> Dispute:
    """Take back an own dispute.

    Raises:
        RefusedError: `rights.not_found` or `dispute.not_open`.
    """
    require(user, tenant, EVERYBODY)
    return feedback.withdraw_dispute(place.control, tenant, dispute_id, user_id=user.user_id, clock=place.clock)


def _role(user: SessionUser, tenant: str) -> Role | None:
    return next((item.role for item in user.memberships if item.tenant == tenant), None)


def _messages(place: Installation, tenant: str, episode: ListedEpisode) -> list[dict[str, object]]:
    """The counted messages of the episode, oldest first."""
    zone = get_tenant(place.control, tenant).zone
    around = TenantWindow(tenant, zone, episode.last_at.date(), episode.last_at.date())
    days = days_between(around.day_of(episode.first_visible_at), around.day_of(episode.last_at))
    rows = Lake(place.settings.lake_root).read_days(MESSAGE, tenant, days, columns=COLUMNS, missing_ok=True)
    sent = pc.field("sent_at")
    of_dialog = (pc.field("dialog_id") == pa.scalar(episode.dialog_id)) & pc.field("is_counted")
    within = (sent >= pa.scalar(episode.first_visible_at)) & (sent <= pa.scalar(episode.last_at))
    found = rows.filter(of_dialog & within)
    return found.sort_by([("sent_at", "ascending"), ("message_id", "ascending")]).to_pylist()


def _shown(
    row: Mapping[str, object], findings: Iterable[StoredFinding], shows_texts: bool, language: Language
) -> ShownMessage:
    cited = [
        item
        for item in findings
        if item.quote_message_id == row["message_id"] and item.applicability == "applicable" and item.quote
    ]
    if shows_texts:
        spans = [span for item in cited if (span := _place(item, row)) is not None]
        pieces = list(pieces_of(str(row["text"] or ""), spans))
    else:
        quotes = dict.fromkeys(_in_labels(item.quote or "", language) for item in cited)
        pieces = [
            Piece(quote, is_quoted=True)
            for quote in quotes
            if not any(quote in other and quote != other for other in quotes)
        ]
    return ShownMessage(
        message_id=str(row["message_id"]),
        at=row["sent_at"],  # pyright: ignore[reportArgumentType]  # the column's type is the table's
        author_kind=str(row["author_kind"]),
        type=str(row["type"]),
        pieces=tuple(pieces),
    )


def _quote(item: StoredFinding, row: Mapping[str, object] | None, shows_texts: bool, language: Language) -> str | None:
    """The client's own words where this person may read them and the message still says so; else the masked form."""
    if not item.quote:
        return None
    span = _place(item, row) if shows_texts and row is not None else None
    if span is None or row is None:
        return _in_labels(item.quote, language)
    return str(row["text"])[slice(*span)]


def _in_labels(masked: str, language: Language) -> str:
    """A masked quote for people: the analyst reads a message as one line with marks for its breaks."""
    return with_labels(masked, language).replace(" ⏎ ", "\n")


def _place(item: StoredFinding, row: Mapping[str, object]) -> tuple[int, int] | None:
    """Where the quote stands in the message; None once the message was edited."""
    if item.start is None or item.end is None or item.text_version != row["text_version"]:
        return None
    return item.start, item.end


def pieces_of(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    """The text in pieces, quoted and not, in order; quotes that touch or overlap become one."""
    at = 0
    for start, end in _joined(spans):
        if start > at:
            yield Piece(text[at:start])
        if text[start:end]:
            yield Piece(text[start:end], is_quoted=True)
        at = end
    if text[at:]:
        yield Piece(text[at:])


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _deal_url(place: Installation, tenant: str, deal_id: int | None) -> str | None:
    integration = get_integration(place.control, tenant, IntegrationKind.AMOCRM)
    domain = "" if integration is None else str(integration.public.get("domain", "")).lower()
    if deal_id is None or DOMAIN.fullmatch(domain) is None:
        return None
    return f"https://{domain}/leads/detail/{deal_id}"
