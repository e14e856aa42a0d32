"""What the outbox keeps of each message part: the report as each channel carries it, and its file's name.

A messenger gets parts and files one by one. A mail is one part with everything in it: the whole text and the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from synkro_assets.reports.delivery.attachments import file_payloads, mail_attachment
from synkro_assets.reports.delivery.mail_text import render_mail
from synkro_assets.reports.delivery.telegram_text import Resolve, TelegramPart, brief, render
from synkro_assets.tenant_run import TenantRun
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.report import ReportDocument

Payload = dict[str, object]
BUTTON = {"ru": "Открыть в кабинете", "en": "Open in the cabinet"}
WRONG = {"ru": "Неверный вывод", "en": "Wrong conclusion"}


def report_payloads(run: TenantRun, document: ReportDocument, resolve: Resolve, channel: str) -> list[Payload]:
    """The parts of a whole report for one channel, in their order."""
    return WHOLE[channel](run, document, resolve)


def notice_payload(
    run: TenantRun, document: ReportDocument, part: TelegramPart, resolve: Resolve, channel: str
) -> Payload:
    """One message about a report that was sent before."""
    return _payload(run, document, part.html, part.plain, brief(document, resolve), channel, is_last=True)


def _telegram(run: TenantRun, document: ReportDocument, resolve: Resolve) -> list[Payload]:
    texts, short = render(document, resolve), brief(document, resolve)
    channel = IntegrationKind.TELEGRAM
    whole = [
        _payload(run, document, part.html, part.plain, short, channel, is_last=part is texts[-1]) for part in texts
    ]
    return [*whole, *file_payloads(run, document, resolve)]


def _mail(run: TenantRun, document: ReportDocument, resolve: Resolve) -> list[Payload]:
    text, short = render_mail(document, resolve), brief(document, resolve)
    payload = _payload(run, document, text.html, text.plain, short, IntegrationKind.EMAIL, is_last=True)
    named = mail_attachment(run, document)
    return [payload if named is None else {**payload, "file": named}]


WHOLE: Mapping[str, Callable[[TenantRun, ReportDocument, Resolve], list[Payload]]] = {
    IntegrationKind.TELEGRAM: _telegram,
    IntegrationKind.EMAIL: _mail,
}


def _payload(
    run: TenantRun, document: ReportDocument, html: str, plain: str, short: TelegramPart, channel: str, *, is_last: bool
) -> Payload:
    address = run.platform.settings.cabinet_url
    # Telegram refuses buttons that lead to a private address; the text then carries the link alone.
    is_taken = channel != IntegrationKind.TELEGRAM or address.startswith("https://")
    buttons = (
        [
            [BUTTON[document.language], f"{address}/reports?report={document.doc_id}"],
            [WRONG[document.language], f"{address}/dialogs?report={document.doc_id}"],
        ]
        if is_last and is_taken
        else []
    )
    return {
        "html": html,
        "plain": plain,
        "buttons": buttons,
        "brief": [short.html, short.plain],
        "doc_id": document.doc_id,
    }
