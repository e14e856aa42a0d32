"""From a message part to the bytes of a mail: text and HTML, link buttons as links, a file beside them."""

from __future__ import annotations

import mimetypes
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from synkro_resources.channels import Message

LONGEST_SUBJECT = 150
ANY_SERVER = SMTP.clone(cte_type="7bit")
"""Not every server on the way takes letters outside ASCII as they are."""
_INVISIBLE = {ord("\u2060"): None}
"""What keeps Telegram from linking words; mail programs search and sort by subjects, and show it as a box."""


def compose(
    message: Message, *, sender: str, sender_name: str, recipient: str, message_id: str, at: datetime
) -> EmailMessage:
    """The mail. `sender`, `recipient`: checked addresses; `message_id`: with its angle brackets; `at`: a UTC instant.

    Header values lose their line breaks here, and the library refuses any that would be left.
    """
    plain = message.plain.translate(_INVISIBLE)
    mail = EmailMessage(policy=ANY_SERVER)
    mail["From"] = Address(one_line(sender_name), addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = one_line(plain.strip().partition("\n")[0])[:LONGEST_SUBJECT] or one_line(sender_name)
    mail["Date"] = at
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"  # programs that answer mails by themselves leave this one alone
    links = "\n".join(f"{label}: {url}" for label, url in message.buttons)
    mail.set_content(f"{plain}\n\n{links}\n" if links else f"{plain}\n")
    mail.add_alternative(_html(message), subtype="html")
    if message.file is not None:
        kind = mimetypes.guess_type(message.file.name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        mail.add_attachment(message.file.content, maintype=main, subtype=sub, filename=one_line(message.file.name))
    return mail


def one_line(text: str) -> str:
    """The text on one line, without control characters: fit for a header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _html(message: Message) -> str:
    """The part's own markup is b, i and a with line breaks as text; mail programs want them as tags."""
    body = message.html.replace("\n", "<br>\n")
    buttons = "".join(
        f'<p><a href="{escape(url, quote=True)}">{escape(label)}</a></p>' for label, url in message.buttons
    )
    style = "font-family:sans-serif;font-size:15px;line-height:1.45;max-width:640px"
    return f'<!DOCTYPE html><html><body><div style="{style}">{body}{buttons}</div></body></html>\n'
