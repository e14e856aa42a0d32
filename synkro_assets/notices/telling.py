"""One look at a tenant: what fails is noted, what is due goes into the outbox, and the outbox is carried out.

Each of the three may be killed at any line. Noting is idempotent; an incident is marked as told by the transaction
that writes its message; sending goes by the outbox's own rules (docs/report.md, «Delivery»).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from synkro_assets.notices import message
from synkro_assets.notices.message import Frame
from synkro_assets.reports.delivery.channel_delivery import deliver
from synkro_resources.channels import Channel
from synkro_resources.control import failures, notices
from synkro_resources.control.destinations import Destination, list_destinations
from synkro_resources.control.notices import Audience, Notice
from synkro_resources.control.outbox import NOTICES, NewPart, recover_stuck, write_parts
from synkro_resources.control.tenants import tenant_settings
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.platform import Platform
from synkro_resources.rules.quiet_hours import is_quiet, local_day_began
from synkro_resources.rules.working_time import Calendar

Pause = Callable[[float], None]


def tell(platform: Platform, tenant: str, channels: Mapping[str, Channel], *, pause: Pause = time.sleep) -> None:
    """Note, write and send; without any of the `channels` (by name) incidents are noted for the cabinet alone."""
    settings = tenant_settings(platform.control, tenant)
    note_failures(platform, tenant)
    if not channels or is_quiet(platform.clock.now(), settings.zone, settings.quiet_from, settings.quiet_to):
        return
    chats = _reachable(platform, tenant, channels)
    write_due(platform, tenant, settings, chats)
    for chat in chats:
        deliver(
            platform.control,
            tenant,
            chat.destination_id,
            channels[chat.channel],
            clock=platform.clock,
            pause=pause,
            only=NOTICES,
        )


def note_failures(platform: Platform, tenant: str) -> None:
    """Bring the tenant's incidents in line with what fails now."""
    recover_stuck(platform.control, tenant, platform.clock)
    now = platform.clock.now()

    def disputed_before() -> datetime:
        calendar = Calendar.of(tenant_settings(platform.control, tenant))
        return calendar.start_of_working_day_back(now, failures.DISPUTE_DAYS)

    with platform.control.tenant(tenant) as connection:
        found = failures.look(connection, now, disputed_before)
        notices.settle(connection, tenant, kinds=failures.DERIVED, failing=found.failing, works=found.works, now=now)


def write_due(platform: Platform, tenant: str, settings: TenantSettings, chats: Sequence[Destination]) -> None:
    """Put what is due into the outbox, at most `notices_per_day` incidents per audience and local day.

    What is over waits for the next day, as long as it lasts. The news that something works again is always told: who
    has heard of a failure would else go on looking for it.
    """
    now = platform.clock.now()
    frame = Frame(settings.language, settings.zone, platform.settings.cabinet_url)
    by_audience: dict[Audience, list[Destination]] = {
        "admins": [chat for chat in chats if chat.for_admins],
        "readers": [chat for chat in chats if not chat.for_admins],
    }
    with platform.control.tenant(tenant) as connection:
        notices.take_turns(connection, tenant)
        for audience, places in by_audience.items():
            _write_of(connection, tenant, audience, places, settings, frame, now)
        if by_audience["admins"]:
            for item in notices.due_recoveries(connection):
                payload = message.recovery(item, frame)
                _write(connection, tenant, f"recovery:{item.notice_id}", item, payload, by_audience["admins"], now)
                notices.mark_recovery_told(connection, item, now)


def _write_of(
    connection: Connection,
    tenant: str,
    audience: Audience,
    places: Sequence[Destination],
    settings: TenantSettings,
    frame: Frame,
    now: datetime,
) -> None:
    if not places:
        return
    told = notices.told_since(connection, audience, local_day_began(now, settings.zone))
    left = settings.notices_per_day - told
    for item in notices.due_notices(connection, audience, now)[: max(0, left)]:
        readers = audience == "readers"
        payload = message.for_readers(item, frame, now) if readers else message.for_admins(item, frame)
        _write(connection, tenant, f"notice:{item.notice_id}", item, payload, places, now)
        notices.mark_told(connection, item, now)


def _write(
    connection: Connection,
    tenant: str,
    report_id: str,
    item: Notice,
    payload: Mapping[str, object],
    places: Sequence[Destination],
    now: datetime,
) -> None:
    parts = [NewPart(chat.destination_id, chat.channel, 1, 1, payload) for chat in places]
    write_parts(
        connection, tenant, report_id=report_id, package_id="", revision=item.times_told + 1, parts=parts, now=now
    )


def _reachable(platform: Platform, tenant: str, channels: Mapping[str, Channel]) -> list[Destination]:
    enabled = list_destinations(platform.control, tenant, enabled_only=True)
    return [chat for chat in enabled if chat.channel in channels]
