"""Sending a document: who asked, where to, which links, and what is said when a part did not arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from synkro_assets.reports.delivery.attachments import attachment_reader
from synkro_assets.reports.delivery.channel_delivery import deliver
from synkro_assets.reports.delivery.payloads import Payload, notice_payload, report_payloads
from synkro_assets.reports.delivery.retelling import refined_part, told_before, was_of_a_running_period, worth_telling
from synkro_assets.tenant_run import TenantRun
from synkro_resources.channels import Channel
from synkro_resources.control.destinations import Destination, list_destinations
from synkro_resources.control.outbox import EXPIRES_AFTER, STUCK_AFTER, Delivery, NewPart, deliveries, enqueue
from synkro_resources.control.packages import get_package
from synkro_resources.control.run_requests import get_request, list_requests
from synkro_resources.control.schedules import list_schedules
from synkro_resources.model.errors import PermanentError, Sentence, SynkroError, TransientError, UserInputError
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.package import Package
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.report import ReportDocument

NOT_REQUESTED = "not_requested"
PATIENCE_S = STUCK_AFTER.total_seconds() + 10
"""How long a run waits for a part that another, dead worker was sending, or that a channel asked to delay."""
LOOK_EVERY_S = 2.0
REQUESTS_OF_A_MORNING = 50
ALL_PARTS = 10_000
"""More parts than any report has in all its revisions and chats."""


@dataclass(frozen=True, slots=True)
class Words:
    """How people are told of one channel: its name, where to look, what to mend (without the full stop)."""

    name: Sentence
    look: Sentence
    remedy: Sentence


WORDS = {
    IntegrationKind.TELEGRAM.value: Words(
        Sentence("Telegram", "Telegram"),
        Sentence(
            "Посмотрите в чат: отметьте её доставленной или отправьте ещё раз.",
            "Look into the chat: mark it as delivered or send it again.",
        ),
        Sentence("Проверьте бота и чат в настройках", "Check the bot and the chat in the settings"),
    ),
    IntegrationKind.EMAIL.value: Words(
        Sentence("Почтовый сервер", "The mail server"),
        Sentence(
            "Спросите получателя письма: отметьте её доставленной или отправьте ещё раз.",
            "Ask the mail's recipient: mark it as delivered or send it again.",
        ),
        Sentence("Проверьте почту и адрес в настройках", "Check the mail server and the address in the settings"),
    ),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the request's schedule says of the sending; the defaults are those of a button.

    `destinations`: ids, none for all. `language`: empty for the tenant's. `expires_at`: None for the usual time from
    now on.
    """

    destinations: frozenset[str] = frozenset()
    language: str = ""
    expires_at: datetime | None = None


EVERYWHERE = Wish()


def wish_of(run: TenantRun) -> Wish:
    """The wish behind this run; a schedule that is gone meanwhile leaves only the time until which it is useful."""
    request = get_request(run.platform.control, run.tenant, str(run.request_id))
    if request.schedule_id is None or request.due_at is None:
        return Wish()
    until = request.due_at + EXPIRES_AFTER[request.period.kind]
    known = {schedule.id: schedule for schedule in list_schedules(run.platform.control, run.tenant)}
    schedule = known.get(request.schedule_id)
    if schedule is None:
        return Wish(expires_at=until)
    return Wish(frozenset(schedule.destinations), schedule.language, until)


def is_requested(run: TenantRun) -> bool:
    """Whether this run belongs to a report request that is still open."""
    if run.request_id is None:
        return False
    try:
        request = get_request(run.platform.control, run.tenant, run.request_id)
    except UserInputError:
        return False
    return request.is_open and request.kind is RequestKind.REPORT


def longer_report_this_morning(run: TenantRun, period: Period) -> bool:
    """Whether a weekly or monthly report that holds this day goes out on the same local day.

    Told by the requests and not by what was sent: both are due at one minute, and either may come first.
    """
    if period.kind is not PeriodKind.DAY:
        return False
    today = run.clock.now().astimezone(run.window.tz).date()
    return any(
        request.kind is RequestKind.REPORT
        and request.period.kind in (PeriodKind.WEEK, PeriodKind.MONTH)
        and period.first_day in request.period.days
        and request.period.last_day < today
        and (request.due_at or request.created_at).astimezone(run.window.tz).date() == today
        and request.status not in ("failed", "cancelled")
        for request in list_requests(run.platform.control, run.tenant, limit=REQUESTS_OF_A_MORNING, routine=False)
    )


def send_report(run: TenantRun, document: ReportDocument, package: Package, wish: Wish = EVERYWHERE) -> str:
    """Write the outbox rows and carry them out; returns what happened, in one word per destination.

    `package`: what the document was drawn from. A chat that has an older revision gets at most what changed.

    Raises:
        TransientError: `delivery.waiting`. PermanentError: `delivery.uncertain`, `delivery.failed`.
    """
    channels: Mapping[str, Channel] = run.context.resources.channels.of(run.tenant)
    control = run.platform.control
    destinations = [
        item
        for item in list_destinations(control, run.tenant, enabled_only=True)
        if item.channel in channels and (not wish.destinations or item.destination_id in wish.destinations)
    ]
    if not destinations:
        return "cabinet only: no messenger is connected"
    enqueue(
        control,
        run.tenant,
        report_id=document.report_id,
        package_id=document.package_id,
        revision=document.revision,
        parts=_new_parts(run, document, package, destinations),
        clock=run.clock,
        expires_at=wish.expires_at,
    )
    reached = {item.destination_id for item in destinations}  # what a closed chat missed was told when it closed
    read = attachment_reader(run)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for item in destinations:
            deliver(control, run.tenant, item.destination_id, channels[item.channel], clock=run.clock, read=read)
        mine = [
            part
            for part in deliveries(control, run.tenant, document.report_id)
            if part.revision == document.revision and part.state != "cancelled" and part.destination_id in reached
        ]
        if not _can_wait(mine, run.clock.now()) or time.monotonic() > deadline:
            break
        time.sleep(LOOK_EVERY_S)
    problem = problem_of(mine, run.tenant)
    if problem is not None:
        raise problem
    return f"sent {len(mine)} part(s)" if mine else "cabinet only: the chats have this report already"


def _new_parts(
    run: TenantRun, document: ReportDocument, package: Package, destinations: Sequence[Destination]
) -> list[NewPart]:
    """What each destination gets of this revision: the whole report with its files, what changed, or nothing."""
    resolve = link_resolver(run, document)
    whole: dict[str, list[Payload]] = {
        channel: report_payloads(run, document, resolve, channel) for channel in {item.channel for item in destinations}
    }
    written = deliveries(run.platform.control, run.tenant, document.report_id, limit=ALL_PARTS)
    parts: list[NewPart] = []
    for item in destinations:
        told = told_before(written, item.destination_id, document.revision)
        old = None if told is None else get_package(run.platform.control, run.tenant, told.package_id)
        payloads = whole[item.channel]
        if told is not None and old is not None and not was_of_a_running_period(old):
            changes = worth_telling(old, package, told.at, run.clock.now())
            part = refined_part(document, package, changes, resolve("report"))
            payloads = [notice_payload(run, document, part, resolve, item.channel)] if changes else []
        parts += [
            NewPart(item.destination_id, item.channel, number, len(payloads), payload)
            for number, payload in enumerate(payloads, start=1)
        ]
    return parts


def link_resolver(run: TenantRun, document: ReportDocument) -> Callable[[str], str | None]:
    """Addresses from ids: deals in the client's CRM, the report in the cabinet; nothing else leaves the house."""
    connection = run.platform.find_connection(run.tenant, IntegrationKind.AMOCRM)
    crm = None if connection is None else connection.text("base_url").rstrip("/")

    def resolve(reference: str) -> str | None:
        kind, _, value = reference.partition(":")
        if kind == "deal" and crm and value.isdigit():
            return f"{crm}/leads/detail/{value}"
        if kind == "report":
            return f"{run.platform.settings.cabinet_url}/reports?report={document.doc_id}"
        return None

    return resolve


def problem_of(parts: list[Delivery], tenant: str) -> SynkroError | None:
    """What people are told about parts that did not surely arrive; None if all did."""
    unsent = [part for part in parts if part.state != "sent"]
    if not unsent:
        return None
    by_state = {part.state: part for part in reversed(unsent)}
    if (part := by_state.get("uncertain")) is not None:
        return PermanentError(
            "delivery.uncertain",
            Sentence(
                f"Не знаем, дошла ли часть {part.part_no} из {part.parts}.",
                f"It is not known whether part {part.part_no} of {part.parts} arrived.",
            ),
            WORDS[part.channel].look,
            tenant=tenant,
            integration=part.channel,
        )
    if (part := by_state.get("failed")) is not None:
        name, remedy = WORDS[part.channel].name, WORDS[part.channel].remedy
        cause = part.last_error_code
        return PermanentError(
            "delivery.failed",
            Sentence(f"{name.ru} не принимает отчёт.", f"{name.en} does not accept the report."),
            Sentence(f"{remedy.ru} (причина: {cause}).", f"{remedy.en} (cause: {cause})."),
            tenant=tenant,
            integration=part.channel,
        )
    waiting = unsent[0].channel
    name = WORDS[waiting].name
    return TransientError(
        "delivery.waiting",
        Sentence(f"{name.ru} просит подождать или не отвечает.", f"{name.en} asks to wait or does not answer."),
        Sentence("Отправим позже сами, ничего не потеряется.", "It will be sent later, nothing is lost."),
        tenant=tenant,
        integration=waiting,
    )


def _can_wait(parts: list[Delivery], now: datetime) -> bool:
    """Whether waiting a little may still bring a series on; one whose fate is decided holds up no other."""
    decided = {part.destination_id for part in parts if part.state in ("uncertain", "failed")}
    open_parts = [part for part in parts if part.state != "sent" and part.destination_id not in decided]
    if not open_parts:
        return False
    waits = [(part.next_at - now).total_seconds() for part in open_parts if part.state == "retry_wait"]
    return not waits or min(waits) <= PATIENCE_S
