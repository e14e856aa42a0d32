"""What the dialogs page asks: the episodes of a period with what the analysis says of them, or why it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synkro_app.cabinet.context import Installation, frame_of
from synkro_app.cabinet.services.rights import EVERYBODY, may_read_texts, own_manager, require_contents
from synkro_resources.control.episode_managers import managers_of_episodes
from synkro_resources.control.integrations import list_integrations
from synkro_resources.control.labels import StoredAnswer, StoredFinding, stored_labels
from synkro_resources.control.rubrics import rubrics_of
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.standings import NOTHING_SAID, Said
from synkro_resources.dialog_clients import Client, Stage, clients_of, stages_of
from synkro_resources.lake import Lake
from synkro_resources.model.errors import Sentence, UserInputError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import Period
from synkro_resources.model.rubric import Rubric
from synkro_resources.model.tables.crm import MANAGER
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.model.window import TenantWindow

LONGEST_DAYS = 62  # two months: more rows than anybody reads through, and a second of reading
LABELLED = "ok"
COLUMNS = (
    "episode_key",
    "dialog_id",
    "start_at",
    "first_visible_at",
    "last_at",
    "labelable",
    "skip_reason",
    "channel",
    "deal_id",
    "contact_id",
    "superseded_at",
    "source_updated_at",
)


@dataclass(frozen=True, slots=True)
class ListedEpisode:
    """An episode as the list shows it; instants are UTC.

    `status`: `ok`, how the last attempt failed (`budget`, `plan`, `refused`, `invalid`, `provider_error`), or why
    there was none (`skipped`, `no_llm`, `not_analysed`). `skip_reason`: why it is not labelled, or not scored by the
    checklist.
    """

    episode_key: str
    dialog_id: int
    deal_id: int | None
    channel: str
    start_at: datetime
    first_visible_at: datetime
    last_at: datetime
    manager_id: int | None
    status: str
    skip_reason: str | None
    client: Client | None = None
    """None for people who may not read what clients wrote."""
    stage: Stage | None = None
    answer: StoredAnswer | None = None
    findings: tuple[StoredFinding, ...] = ()
    said: Mapping[str, Said] = field(default_factory=dict[str, Said])
    items: Mapping[str, Sentence] | None = None
    """The questions of the checklist's version that scored it; None: the product's."""

    @property
    def is_flagged(self) -> bool:
        """Whether its client gave orders to the analyst."""
        return self.answer is not None and self.answer.injection_flag

    @property
    def is_disputed(self) -> bool:
        return any(item.standing.is_disputed for item in self.said.values())

    @property
    def counted(self) -> tuple[StoredFinding, ...]:
        """The labels that apply and that no lead has called wrong."""
        return tuple(
            item
            for item in self.findings
            if item.applicability == "applicable"
            and not self.said.get(item.finding_id, NOTHING_SAID).standing.is_removed
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """The episodes of a period, newest first, and the names of amoCRM's users."""

    episodes: tuple[ListedEpisode, ...]
    managers: Mapping[int, str]
    shows_clients: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person looks for; None and False look for anything. `code` belongs to `kind`."""

    manager_id: int | None = None
    status: str | None = None
    kind: str | None = None
    code: str | None = None
    band: str | None = None
    flagged: bool = False
    disputed: bool = False
    channel: str | None = None
    stage: Stage | None = None
    words: str = ""
    """Of a client's name or phone, or the number of a deal."""

    def pick(self, episodes: Iterable[ListedEpisode]) -> list[ListedEpisode]:
        """Those that fit; type, code and band must meet in one label."""
        return [episode for episode in episodes if self._fits(episode)]

    def _fits(self, episode: ListedEpisode) -> bool:
        if self.manager_id is not None and episode.manager_id != self.manager_id:
            return False
        if self.status is not None and episode.status != self.status:
            return False
        if (self.flagged and not episode.is_flagged) or (self.disputed and not episode.is_disputed):
            return False
        if self.channel not in (None, episode.channel) or self.stage not in (None, episode.stage):
            return False
        if not self._speaks_of(episode):
            return False
        if self.kind is None and self.band is None:
            return True
        return any(
            self.kind in (None, item.type) and self.code in (None, item.code) and self.band in (None, item.band)
            for item in episode.counted
        )

    def _speaks_of(self, episode: ListedEpisode) -> bool:
        asked = self.words.strip()
        is_deal = episode.deal_id is not None and asked.lstrip("№# ") == str(episode.deal_id)
        return not asked or is_deal or (episode.client is not None and episode.client.answers_to(asked))


def listing(place: Installation, user: SessionUser, tenant: str, period: Period, *, only: str | None = None) -> Listing:
    """The episodes with a message in the period's local days, as known at its end, like in the period's report.

    A viewer who is bound to a manager finds only that manager's. `only`: at most the episode of this key.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `dialogs.period_too_long`.
    """
    require_contents(user, tenant, EVERYBODY)
    check_length(period)
    lake = Lake(place.settings.lake_root)
    window = TenantWindow.of_period(tenant, frame_of(place, tenant).company.zone, period)
    rows = _rows(lake, window, only)
    keys = [str(row["episode_key"]) for row in rows]
    with place.control.tenant(tenant) as connection:
        managers = managers_of_episodes(connection, keys)
    own = own_manager(user, tenant)
    if own is not None:
        rows = [row for row in rows if managers.get(str(row["episode_key"])) == own]
        keys = [str(row["episode_key"]) for row in rows]
    answers, findings, said = stored_labels(place.control, tenant, until=window.end, episode_keys=keys)
    rubrics = rubrics_of(place.control, tenant)
    by_episode: dict[str, list[StoredFinding]] = {}
    for item in findings:
        by_episode.setdefault(item.episode_key, []).append(item)
    unasked = "not_analysed" if _has_provider(place, tenant) else "no_llm"
    episodes = [
        _listed(row, managers, answers.get(key), by_episode.get(key, ()), said, unasked, rubrics)
        for key, row in zip(keys, rows, strict=True)
    ]
    shows = may_read_texts(user, tenant)
    contacts: dict[int, int | None] = {}
    for row in rows:  # of several episodes of a dialog only the newer ones may have found the contact
        contacts[int(row["dialog_id"])] = row["contact_id"] or contacts.get(int(row["dialog_id"]))
    clients = clients_of(lake, tenant, contacts) if shows else {}
    stages = stages_of(lake, tenant, {item.deal_id for item in episodes if item.deal_id is not None})
    placed = [
        replace(item, client=clients.get(item.dialog_id), stage=stages.get(item.deal_id or 0)) for item in episodes
    ]
    newest_first = sorted(placed, key=lambda item: item.last_at, reverse=True)
    return Listing(tuple(newest_first), _names(lake, tenant), shows)


def check_length(period: Period) -> None:
    """Refuse more days than are read for one page.

    Raises:
        UserInputError: `dialogs.period_too_long`.
    """
    if len(period.days) > LONGEST_DAYS:
        raise UserInputError(
            "dialogs.period_too_long",
            Sentence(
                f"Показать можно не больше {LONGEST_DAYS} дней сразу.",
                f"At most {LONGEST_DAYS} days can be shown at once.",
            ),
            Sentence("Выберите период короче.", "Choose a shorter period."),
        )


def _rows(lake: Lake, window: TenantWindow, only: str | None) -> list[dict[str, Any]]:
    """Per episode its newest row of the window; those that late messages have dissolved are left out."""
    stored = lake.read_days(EPISODE, window.tenant, window.days, columns=COLUMNS, missing_ok=True)
    wanted = pc.field("last_at") >= pa.scalar(window.start)
    if only is not None:
        wanted &= pc.field("episode_key") == pa.scalar(only)
    found = stored.filter(wanted).sort_by("source_updated_at")
    is_older = found.column("episode_key").to_pandas().duplicated(keep="last")
    newest = found.filter(pa.array(~is_older.to_numpy()))
    return newest.filter(pc.field("superseded_at").is_null()).to_pylist()


def _listed(
    row: Mapping[str, object],
    managers: Mapping[str, int],
    answer: StoredAnswer | None,
    findings: Sequence[StoredFinding],
    said: Mapping[str, Said],
    unasked: str,
    rubrics: Mapping[str, Rubric],
) -> ListedEpisode:
    values = {name: row[name] for name in ("episode_key", "dialog_id", "deal_id", "channel", "skip_reason")}
    instants = {name: row[name] for name in ("start_at", "first_visible_at", "last_at")}
    status = answer.status if answer is not None else unasked if row["labelable"] else "skipped"
    return ListedEpisode(
        **values,  # pyright: ignore[reportArgumentType]  # the columns' types are the table's
        **instants,  # pyright: ignore[reportArgumentType]
        manager_id=managers.get(str(row["episode_key"])),
        status=status,
        answer=answer,
        findings=tuple(findings),
        said={item.finding_id: said[item.finding_id] for item in findings if item.finding_id in said},
        items=questions_of(rubrics, None if answer is None else answer.rubric),
    )


def questions_of(rubrics: Mapping[str, Rubric], version: str | None) -> dict[str, Sentence] | None:
    """The items of a version as their questions; None for a version that nobody knows."""
    found = rubrics.get(version or "")
    return None if found is None else {code: item.question for code, item in found.by_code.items()}


def _names(lake: Lake, tenant: str) -> dict[int, str]:
    rows = lake.read_current(MANAGER, tenant, columns=["manager_id", "name"]).to_pylist()
    return {int(row["manager_id"]): str(row["name"]) for row in rows if row["name"]}


def _has_provider(place: Installation, tenant: str) -> bool:
    return any(item.kind is IntegrationKind.AI for item in list_integrations(place.control, tenant))
