"""The files that follow a report's text: what the outbox keeps of them, and how they are fetched when they leave.

The outbox names a file and never holds it: a database row of fifty megabytes would be copied with every update.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import cast

from synkro_assets.reports.delivery.telegram_text import Resolve
from synkro_assets.tenant_run import TenantRun
from synkro_resources.channels import Attachment
from synkro_resources.control.outbox import Delivery
from synkro_resources.control.report_files import ReportFile, files_of, read_file
from synkro_resources.control.sent_files import known_file_id
from synkro_resources.mail.resource import attaches_files
from synkro_resources.model.errors import DataError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.report import ReportDocument

LARGEST_UPLOAD = 50 * 2**20
"""Bytes; Telegram answers 413 to more."""
LARGEST_IN_MAIL = 15 * 2**20
"""Bytes; a third more on the way, and many servers take 20 or 25 MB."""
TOO_LARGE = {
    "ru": "Файл {name} больше 50\u00a0МБ, он лежит в кабинете",
    "en": "The file {name} is larger than 50\u00a0MB, it is in the cabinet",
}

ReadAttachment = Callable[[Mapping[str, str]], Attachment]
"""From what the outbox keeps of a file to the file; raises DataError if it is gone or damaged."""


def file_payloads(run: TenantRun, document: ReportDocument, resolve: Resolve) -> list[dict[str, object]]:
    """Payloads of the files that this tenant attaches, in its order; an empty period has none."""
    wanted = dict.fromkeys(run.settings.attach_files)
    if not wanted:
        return []
    stored = {file.format: file for file in files_of(run.platform.control, run.tenant, document.doc_id)}
    bot_id = _bot_id(run)
    return [_payload(document, stored[name], resolve, bot_id) for name in wanted if name in stored]


def mail_attachment(run: TenantRun, document: ReportDocument) -> dict[str, str] | None:
    """The paper that goes with a mail, if the tenant lets it and it fits; an empty period has none."""
    if not attaches_files(run.platform.find_connection(run.tenant, IntegrationKind.EMAIL)):
        return None
    stored = {file.format: file for file in files_of(run.platform.control, run.tenant, document.doc_id)}
    paper = stored.get("pdf")
    if paper is None or paper.size_bytes > LARGEST_IN_MAIL:
        return None
    return {"doc_id": document.doc_id, "format": paper.format, "bot_id": ""}


def attachment_reader(run: TenantRun) -> ReadAttachment:
    """Reads this tenant's files, by the messenger's id if the same content was sent through the same bot before."""

    def read(named: Mapping[str, str]) -> Attachment:
        control = run.platform.control
        file = next(
            (file for file in files_of(control, run.tenant, named["doc_id"]) if file.format == named["format"]), None
        )
        if file is None:
            raise DataError(
                "report.file_gone",
                Sentence("Файла отчёта больше нет.", "The file of the report is gone."),
                Sentence("Сформируйте отчёт ещё раз.", "Make the report again."),
                tenant=run.tenant,
            )
        content = read_file(run.platform.settings.lake_root, run.tenant, file)
        bot_id = named["bot_id"]  # empty where a channel keeps no files
        known = known_file_id(control, run.tenant, file.sha256, bot_id) if bot_id else ""
        return Attachment(file.name, content, known)

    return read


def attachment_of(named: object, part: Delivery, read: ReadAttachment | None) -> Attachment:
    """The file that an outbox part names.

    Raises:
        DataError: if it is gone or damaged. ValueError: if this worker cannot read files.
    """
    if read is None:
        raise ValueError(f"part {part.delivery_id} carries a file, and this worker was given no way to read it")
    return read(cast("Mapping[str, str]", named))


def _payload(document: ReportDocument, file: ReportFile, resolve: Resolve, bot_id: str) -> dict[str, object]:
    kind = file.format.upper()
    caption, plain = f"<b>{escape(document.title)}</b>\n{kind}", f"{document.title}\n{kind}"
    instead = TOO_LARGE[document.language].format(name=kind)
    address = resolve("report")
    link = f'<a href="{escape(address, quote=True)}">{escape(instead)}</a>' if address else escape(instead)
    if file.size_bytes > LARGEST_UPLOAD:
        return {"html": link, "plain": instead, "buttons": [], "doc_id": document.doc_id}
    named = {"doc_id": document.doc_id, "format": file.format, "bot_id": bot_id}
    return {
        "html": caption,
        "plain": plain,
        "buttons": [],
        "brief": [link, instead],
        "doc_id": document.doc_id,
        "file": named,
    }


def _bot_id(run: TenantRun) -> str:
    connection = run.platform.find_connection(run.tenant, IntegrationKind.TELEGRAM)
    return "" if connection is None else connection.secret("token").get_secret_value().strip().partition(":")[0]
