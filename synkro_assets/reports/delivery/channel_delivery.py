"""Carrying the outbox out: claim a part, send it once, store what is known, then the next (docs/report.md)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from synkro_assets.reports.delivery.attachments import ReadAttachment, attachment_of
from synkro_resources.channels import Attachment, Channel, Message, SendOutcome
from synkro_resources.control import outcomes
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, disable_destination
from synkro_resources.control.outbox import ClaimedPart, claim_next, recover_stuck
from synkro_resources.control.sent_files import remember_file_id
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import DataError
from synkro_resources.model.ids import IntegrationKind

PRIVATE_PAUSE_S = 1.1
"""Telegram takes one message per second in a chat."""
GROUP_PAUSE_S = 3.2
"""Telegram takes twenty messages per minute in a group."""

MAIL_PAUSE_S = 0.2
"""Servers count the connections of a minute."""
EMAIL = IntegrationKind.EMAIL.value


@dataclass(slots=True)
class DeliveryCounts:
    """What this worker did; `failures` are machine-readable codes."""

    sent: int = 0
    waiting: int = 0
    uncertain: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list[str])


def deliver(
    control: Database,
    tenant: str,
    destination_id: str,
    channel: Channel,
    *,
    clock: Clock,
    pause: Callable[[float], None] = time.sleep,
    only: Sequence[str] = (),
    read: ReadAttachment | None = None,
) -> DeliveryCounts:
    """Send what may be sent to one destination, in order, until nothing is left or a part must wait.

    `only`: how the report ids of the parts begin that this worker sends; none for all.

    A part that this process cannot account for any more (killed while sending) is made `uncertain` first and is never
    sent again by itself. `read` fetches the file of a part that carries one.
    """
    counts = DeliveryCounts()
    recover_stuck(control, tenant, clock)
    while True:
        claimed = claim_next(control, tenant, destination_id, clock, only=only)
        if claimed is None:
            return counts
        outcome, file = _send(channel, claimed, read)
        _store(control, tenant, claimed, outcome, clock, counts)
        if file is not None and outcome.file_id:
            remember_file_id(control, tenant, claimed.delivery.delivery_id, file.content, outcome.file_id)
        if outcome.kind not in ("sent", "migrated"):
            return counts
        pause(_pause_after(claimed.destination))


def _pause_after(destination: Destination) -> float:
    if destination.channel == EMAIL:
        return MAIL_PAUSE_S
    return GROUP_PAUSE_S if destination.chat_id.startswith("-") else PRIVATE_PAUSE_S


def _send(channel: Channel, claimed: ClaimedPart, read: ReadAttachment | None) -> tuple[SendOutcome, Attachment | None]:
    file, without = None, ()
    if (named := claimed.delivery.payload.get("file")) is not None:
        try:
            file = attachment_of(named, claimed.delivery, read)
        except DataError as error:  # nothing has left; a person makes the report again or opens it in the cabinet
            if claimed.destination.channel != EMAIL:
                return SendOutcome("failed", error.code), None
            without = (error.code,)  # a mail is the whole report: it goes without its paper, and somebody hears of it
    target = claimed.destination
    outcome = channel.send(target.chat_id, target.thread_id, message_of(claimed, file))
    return replace(outcome, alarms=(*outcome.alarms, *without)), file


def message_of(claimed: ClaimedPart, file: Attachment | None = None) -> Message:
    """The message as it was rendered when the outbox row was written."""
    payload = claimed.delivery.payload
    stored = payload.get("buttons", [])
    buttons = tuple((str(label), str(url)) for label, url in stored) if isinstance(stored, list) else ()
    brief = payload.get("brief")
    short = (str(brief[0]), str(brief[1])) if isinstance(brief, list) and len(brief) == 2 else None
    return Message(str(payload["html"]), str(payload["plain"]), buttons, short, file, key=claimed.delivery.delivery_key)


def _store(
    control: Database, tenant: str, claimed: ClaimedPart, outcome: SendOutcome, clock: Clock, counts: DeliveryCounts
) -> None:
    part = claimed.delivery.delivery_id
    match outcome.kind:
        case "sent":
            outcomes.mark_sent(control, tenant, part, outcome.message_id, clock)
            counts.sent += 1
            if outcome.alarms:
                outcomes.record_alarms(control, tenant, claimed.delivery, outcome.alarms, clock)
        case "retry":
            after = outcome.retry_after_s
            outcomes.mark_retry(control, tenant, part, clock, code=outcome.code, text=outcome.text, retry_after_s=after)
            counts.waiting += 1
        case "migrated":
            outcomes.follow_migrated_chat(control, tenant, part, outcome.new_chat_id, clock)
        case "uncertain":
            outcomes.mark_uncertain(control, tenant, part, clock, code=outcome.code, text=outcome.text)
            counts.uncertain += 1
        case "failed":
            outcomes.mark_failed(control, tenant, part, clock, code=outcome.code, text=outcome.text)
            counts.failed += 1
            if outcome.closes_destination:
                disable_destination(control, tenant, claimed.destination.destination_id, outcome.code)
    if outcome.kind != "sent":
        counts.failures.append(outcome.code)
