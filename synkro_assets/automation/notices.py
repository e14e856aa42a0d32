"""Telling a tenant's admins of failures and of their end: once each, not at night, and not too often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from html import escape
from time import sleep

import dagster as dg

from synkro_assets.automation.incidents import incidents_of
from synkro_assets.reports.delivery import deliver
from synkro_resources.control.destinations import Destination, list_destinations
from synkro_resources.control.notices import Notice, follow_incidents, mark_told, told_since, untold
from synkro_resources.control.outbox import NewPart, enqueue, waiting_for
from synkro_resources.control.tenants import Tenant, list_tenants, tenant_settings
from synkro_resources.model.errors import SynkroError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.platform import Platform
from synkro_resources.rules.quiet_hours import is_quiet, local_day_began
from synkro_resources.telegram.channel import Channel
from synkro_resources.telegram.deep_links import open_channel

TICK_S = 60
NOTICE = "notice"
TEXTS = {
    "ru": {
        "over": "✓ Снова работает: {what}",
        "now": "⚠ {what}",
        "do": "Что делать: {remedy}",
        "open": "Открыть кабинет",
    },
    "en": {
        "over": "✓ Works again: {what}",
        "now": "⚠ {what}",
        "do": "What to do: {remedy}",
        "open": "Open the cabinet",
    },
}


@dg.sensor(
    name="notices",
    minimum_interval_seconds=TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    required_resource_keys={"platform"},
    description="Tells the admins of tenants what failed and what to do, once per incident, and when it is over.",
)
def notices_sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.SkipReason]:
    platform: Platform = context.resources.platform
    told = 0
    for tenant in list_tenants(platform.control, platform.settings.cell):
        if tenant.status != "active":
            continue
        try:
            told += tell(platform, tenant)
        except SynkroError as error:  # one tenant's trouble must not silence the others
            context.log.warning("%s: notices: %s", tenant.slug, error.code)
    yield dg.SkipReason(f"notices told: {told}")


def tell(platform: Platform, tenant: Tenant, *, pause: Callable[[float], None] = sleep) -> int:
    """Look at the tenant's incidents and send what may be sent now; returns how many messages were written.

    A message that was written is sent by this tick or by a later one, after quiet hours at the latest.
    """
    now = platform.clock.now()
    follow_incidents(platform.control, tenant.slug, incidents_of(platform, tenant, now), now)
    settings = tenant_settings(platform.control, tenant.slug)
    chats = [chat for chat in list_destinations(platform.control, tenant.slug, enabled_only=True) if chat.for_admins]
    if not chats or is_quiet(now, settings.zone, settings.quiet_from, settings.quiet_to):
        return 0
    room = settings.notices_per_day - told_since(platform.control, tenant.slug, local_day_began(now, settings.zone))
    written = untold(platform.control, tenant.slug)[: max(0, room)]
    for notice in written:
        _write(platform, tenant.slug, notice, chats, settings)
    _send(platform, tenant.slug, chats, pause)
    return len(written)


def _write(
    platform: Platform, tenant: str, notice: Notice, chats: Sequence[Destination], settings: TenantSettings
) -> None:
    """Into the outbox, whose key makes a part unique for ever; then say that it was told."""
    html, plain = text_of(notice, settings.language)
    page = f"{platform.settings.cabinet_url}/{notice.incident.page}"
    payload = {"html": html, "plain": plain, "buttons": [[TEXTS[settings.language]["open"], page]]}
    parts = [NewPart(chat.destination_id, chat.channel, 1, 1, payload) for chat in chats]
    enqueue(
        platform.control,
        tenant,
        report_id=f"{NOTICE}:{notice.notice_id}",
        package_id="",
        revision=2 if notice.is_over else 1,
        parts=parts,
        clock=platform.clock,
    )
    mark_told(platform.control, tenant, notice, platform.clock.now())


def text_of(notice: Notice, language: str) -> tuple[str, str]:
    """Step, cause and remedy, or that it is over; as HTML and plain."""
    texts, incident = TEXTS[language], notice.incident
    what = incident.what.in_language(language)
    if notice.is_over:
        lines = [texts["over"].format(what=what)]
    else:
        lines = [texts["now"].format(what=what), texts["do"].format(remedy=incident.remedy.in_language(language))]
    plain = "\n".join(lines)
    return escape(plain), plain


def _send(platform: Platform, tenant: str, chats: Sequence[Destination], pause: Callable[[float], None]) -> None:
    """Carry out what waits in these chats' outboxes, if it is notices alone: a report is sent by its own run."""
    ready = [chat for chat in chats if waiting_for(platform.control, tenant, chat.destination_id) == {NOTICE}]
    connection = platform.find_connection(tenant, IntegrationKind.TELEGRAM) if ready else None
    if connection is None:
        return
    with closing(open_channel(connection)) as channel:
        for chat in ready:
            _deliver(platform, tenant, chat, channel, pause)


def _deliver(
    platform: Platform, tenant: str, chat: Destination, channel: Channel, pause: Callable[[float], None]
) -> None:
    deliver(platform.control, tenant, chat.destination_id, channel, clock=platform.clock, pause=pause)
