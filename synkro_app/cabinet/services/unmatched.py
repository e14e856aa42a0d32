"""The worklist «Не сопоставлено»: dialogs without a contact of the CRM, and a person's word whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services.dialogs import check_length
from synkro_app.cabinet.services.rights import WHO_ASKS_FOR_REPORTS, actor_of, may_read_texts, require, require_contents
from synkro_resources.control.dialog_links import dialog_links
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import get_tenant
from synkro_resources.dialog_clients import clients_of
from synkro_resources.lake import Lake
from synkro_resources.linking import link_by_hand
from synkro_resources.model.period import Period
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.model.window import TenantWindow

COLUMNS = ("episode_key", "dialog_id", "contact_id", "channel", "last_at", "superseded_at", "source_updated_at")
AT_MOST = 50


@dataclass(frozen=True, slots=True)
class UnmatchedDialog:
    """A dialog whose client the CRM does not know; `client` is None for people who may not read personal data."""

    dialog_id: int
    episode_key: str
    channel: str
    last_at: datetime
    client: str | None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """The newest dialogs, `AT_MOST` of `total`."""

    dialogs: tuple[UnmatchedDialog, ...]
    total: int
    shows_clients: bool


def worklist(place: Installation, user: SessionUser, tenant: str, period: Period) -> Unmatched:
    """Dialogs with a message in the period's local days that no rule and nobody has linked, newest first.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `dialogs.period_too_long`.
    """
    require_contents(user, tenant, WHO_ASKS_FOR_REPORTS)
    check_length(period)
    lake = Lake(place.settings.lake_root)
    window = TenantWindow.of_period(tenant, get_tenant(place.control, tenant).zone, period)
    linked = {link.dialog_id for link in dialog_links(place.control, tenant)}  # their days are yet to be derived again
    newest = {number: row for number, row in _unlinked(lake, window).items() if number not in linked}
    listed = sorted(newest.values(), key=lambda row: row["last_at"], reverse=True)[:AT_MOST]
    shows = may_read_texts(user, tenant)
    clients = clients_of(lake, tenant, dict.fromkeys(int(row["dialog_id"]) for row in listed)) if shows else {}
    found = [
        UnmatchedDialog(
            dialog_id=row["dialog_id"],
            episode_key=row["episode_key"],
            channel=row["channel"],
            last_at=row["last_at"],
            client=client.whole_name if (client := clients.get(row["dialog_id"])) else None,
        )
        for row in listed
    ]
    return Unmatched(tuple(found), len(newest), shows)


def link(place: Installation, user: SessionUser, tenant: str, dialog_id: int, contact_id: int) -> int:
    """Say whom a dialog belongs to; how many loaded days will be derived again. Audited.

    Raises:
        RefusedError: `rights.not_found`. UserInputError: `dialog.unknown` or `contact.unknown`.
    """
    require(user, tenant, WHO_ASKS_FOR_REPORTS)
    return link_by_hand(
        place.control,
        Lake(place.settings.lake_root),
        tenant,
        dialog_id,
        contact_id,
        actor=actor_of(user, tenant),
        clock=place.clock,
    )


def _unlinked(lake: Lake, window: TenantWindow) -> dict[int, dict[str, Any]]:
    """By dialog its last episode of the window, if that has no contact as its newest day knows it."""
    stored = lake.read_days(EPISODE, window.tenant, window.days, columns=COLUMNS, missing_ok=True)
    rows = stored.filter(pc.field("last_at") >= pa.scalar(window.start)).sort_by("source_updated_at").to_pylist()
    newest = {str(row["episode_key"]): row for row in rows}  # later rows replace earlier ones
    last: dict[int, dict[str, Any]] = {}
    for row in sorted(newest.values(), key=lambda one: one["last_at"]):
        if row["superseded_at"] is None:
            last[int(row["dialog_id"])] = row
    return {number: row for number, row in last.items() if row["contact_id"] is None}
