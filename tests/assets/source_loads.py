"""Loads of the sources without Dagster: the assets' own readers in their order, over real sockets, into a lake."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from synkro_assets.crm import extract as crm
from synkro_assets.crm.deletions import Happened, known_kinship, read_deleted
from synkro_assets.crm.normalize import CONTACT_PHONES, DEAL_CONTACTS
from synkro_assets.crm.sweep import SweepState, compare_lists, found_rows, gone_entities, known_entities, nothing_swept
from synkro_assets.crm.talks import read_talks, talks_to_read
from synkro_assets.dialogs import extract as dialogs
from synkro_assets.extraction import Extraction
from synkro_assets.normalization import normalized
from synkro_resources.amocrm import AmocrmClient
from synkro_resources.amocrm.rules import FORBIDDEN
from synkro_resources.lake import Lake
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.tables.raw import (
    AMOCRM_ACCOUNT,
    AMOCRM_COMPANIES,
    AMOCRM_CONTACTS,
    AMOCRM_CUSTOM_FIELDS,
    AMOCRM_DELETED,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_LOSS_REASONS,
    AMOCRM_NOTES,
    AMOCRM_PIPELINES,
    AMOCRM_SWEEP,
    AMOCRM_TAGS,
    AMOCRM_TALKS,
    AMOCRM_TASKS,
    AMOCRM_UNSORTED,
    AMOCRM_USERS,
    RADIST_CHATS,
    RADIST_CONNECTIONS,
    RADIST_MESSAGES,
    RADIST_SOURCES,
)
from synkro_resources.model.tables.schema import Layout, Table
from synkro_resources.model.window import TenantWindow
from synkro_resources.radist import RadistClient

TENANT = "demo"
HOST = re.compile(r"https?://[^/\"]+")
"""Rows keep the vendor's own links, and one oddity is that these name another host."""
CRM_TABLES = (
    AMOCRM_ACCOUNT,
    AMOCRM_USERS,
    AMOCRM_PIPELINES,
    AMOCRM_LOSS_REASONS,
    AMOCRM_CUSTOM_FIELDS,
    AMOCRM_TAGS,
    AMOCRM_UNSORTED,
    AMOCRM_EVENTS,
    AMOCRM_LEADS,
    AMOCRM_CONTACTS,
    AMOCRM_COMPANIES,
    AMOCRM_DELETED,
    AMOCRM_TASKS,
    AMOCRM_NOTES,
    AMOCRM_TALKS,
)
RADIST_TABLES = (RADIST_SOURCES, RADIST_CHATS, RADIST_CONNECTIONS, RADIST_MESSAGES)


@dataclass(frozen=True)
class LakeCopy:
    """A lake of one tenant that a case may spoil."""

    lake: Lake
    root: Path

    @classmethod
    def new(cls, root: Path) -> LakeCopy:
        return cls(Lake(str(root)), root)

    def copy(self, root: Path) -> LakeCopy:
        shutil.copytree(self.root, root)
        return LakeCopy.new(root)

    def store(self, extraction: Extraction, window: TenantWindow) -> None:
        table = extraction.spool.table
        self.lake.write_days(table, TENANT, window.days, extraction.spool)
        if table.layout is Layout.ENTITY:
            self.lake.write_empty_baseline(table, TENANT)

    def rows(self, table: Table) -> dict[tuple[object, ...], str]:
        """Every stored row by key and day, baseline included; a key that is twice in one file fails."""
        found: dict[tuple[object, ...], str] = {}
        files = [
            self.lake.read_baseline(table, TENANT),
            self.lake.read_days(table, TENANT, self.lake.days(table, TENANT)),
        ]
        for row in (row for file in files for row in file.to_pylist()):
            key = (*(row[name] for name in table.key), row["_day"])
            assert key not in found, (table.name, key)
            found[key] = HOST.sub("https://host", str(sorted(row.items(), key=str)))
        return found

    def everything(self, tables: Iterable[Table]) -> dict[str, dict[tuple[object, ...], str]]:
        return {table.name: self.rows(table) for table in tables}


def load_amocrm(
    client: AmocrmClient, place: LakeCopy, window: TenantWindow, *, sweep_at: datetime | None = None
) -> None:
    """What the assets `amocrm/*` do in one run; users are left out where the rights are missing, as there.

    Raises:
        SynkroError: as the client does; what was stored by then stays.
    """
    lake = place.lake
    first_load = not lake.has_baseline(AMOCRM_LEADS, TENANT)
    place.store(crm.read_account(client, window), window)
    try:
        place.store(crm.read_users(client, window), window)
    except IntegrationError as error:
        if error.code != FORBIDDEN:
            raise
    for read in (
        crm.read_pipelines,
        crm.read_loss_reasons,
        crm.read_custom_fields,
        crm.read_tags,
        crm.read_unsorted,
        crm.read_events,
    ):
        place.store(read(client, window), window)
    if sweep_at is None:
        place.store(nothing_swept(window), window)
    else:
        before = SweepState.of(lake.read_current(AMOCRM_SWEEP, TENANT))
        place.store(compare_lists(client, known_entities(lake, TENANT), before, window, sweep_at)[0], window)
    swept = lake.read_days(AMOCRM_SWEEP, TENANT, window.days)
    events = [lake.read_days(AMOCRM_EVENTS, TENANT, [day]) for day in window.days]
    happened = Happened.of(events)
    kinship = known_kinship(lake, TENANT, happened)
    for kind in crm.ENTITY_TYPES:
        again, found = happened.to_read_again(kind, kinship), found_rows(swept, kind)
        place.store(crm.read_entities(client, kind, window, first_load=first_load, again=again, found=found), window)
    gone = gone_entities(swept)
    place.store(read_deleted(client, happened, gone, kinship, window, first_load=first_load), window)
    place.store(crm.read_tasks(client, window, first_load=first_load), window)
    place.store(crm.read_call_notes(client, window, first_load=first_load), window)
    for raw, reading in ((AMOCRM_LEADS, DEAL_CONTACTS), (AMOCRM_CONTACTS, CONTACT_PHONES)):
        # The next load's merges find their kin in these.
        rows = normalized(lake.scan(raw, TENANT, window.days, baseline=first_load), reading).table
        lake.write_days(reading.target, TENANT, window.days, rows)
    named = talks_to_read(events, lake.read_current(AMOCRM_TALKS, TENANT), "all")
    place.store(read_talks(client, window, named), window)


def load_radist(client: RadistClient, place: LakeCopy, window: TenantWindow, now: datetime) -> None:
    """What the assets `radist/*` do in one run, files apart.

    Raises:
        SynkroError: as the client does; what was stored by then stays.
    """
    lake = place.lake
    place.store(dialogs.read_sources(client, window), window)
    first_load = not lake.has_baseline(RADIST_CHATS, TENANT)
    place.store(dialogs.read_chats(client, window, first_load=first_load), window)
    sources = lake.read_days(RADIST_SOURCES, TENANT, window.days)
    known = lake.read_current(RADIST_CONNECTIONS, TENANT)
    place.store(dialogs.read_connections(client, sources, known, window, now).extraction, window)
    chats = lake.read_current(RADIST_CHATS, TENANT)
    place.store(dialogs.read_messages(client, chats, window, now=now).extraction, window)


def seconds(row: dict[str, object], name: str = "updated_at") -> datetime:
    return datetime.fromtimestamp(int(str(row[name])), UTC)
