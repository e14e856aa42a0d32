"""The e-mail channel on smtplib: one mail per part, always encrypted, and a verdict that never guesses.

Everything before the text leaves may be tried again. Once it has begun to leave, only the server's answer says whether
it was taken: a connection that breaks then means «uncertain» (docs/report.md, «Delivery»).
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from dataclasses import replace
from email.message import EmailMessage
from functools import partial

from synkro_resources.channels import Message, SendOutcome
from synkro_resources.http.redaction import scrub
from synkro_resources.mail.address import checked_address
from synkro_resources.mail.compose import compose
from synkro_resources.mail.connection import ForbiddenAddressError, cut_off_after, encrypt, reached, sign_in
from synkro_resources.mail.settings import MailServer
from synkro_resources.model.clock import Clock
from synkro_resources.model.errors import UserInputError

TIMEOUT_S = 30.0
"""Per read or write; servers that look at what they get may take their time after the text."""
GREETING_S = 15.0
LONGEST_S, LONGEST_WITH_FILE_S = 30.0, 90.0
"""For a whole mail. Notices are sent by a sensor, which has 60 s; the outbox takes a worker for dead after 120 s."""
LONGEST_REPLY = 300
_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)


class EmailChannel:
    """Sends through one server; a connection per mail, because servers close idle ones within minutes."""

    def __init__(
        self,
        server: MailServer,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
        longest_s: float = LONGEST_S,
        longest_with_file_s: float = LONGEST_WITH_FILE_S,
    ) -> None:
        """`tls`: whom to trust instead of what the server's settings say.

        Raises:
            UserInputError: `email.bad_address` for the sender.
        """
        self._server = replace(server, sender=checked_address(server.sender))
        self._clock = clock
        self._tls = tls or server.tls()
        self._timeout_s = timeout_s
        self._longest_s, self._longest_with_file_s = longest_s, longest_with_file_s

    def send(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        """Send one mail to the address `chat_id`; mail has no threads."""
        del thread_id
        try:
            recipient = checked_address(chat_id)
        except UserInputError:
            return SendOutcome("failed", "bad_address", closes_destination=True)
        message_id = self._message_id(recipient, message)
        try:
            smtp = reached(self._server, timeout_s=min(GREETING_S, self._timeout_s), tls=self._tls)
        except (smtplib.SMTPException, OSError) as error:
            return self._before(error)
        try:
            with cut_off_after(smtp, self._longest_s if message.file is None else self._longest_with_file_s):
                return self._exchange(smtp, recipient, message_id, message)
        finally:
            smtp.close()  # no QUIT: the verdict is known, and a server that hangs must not hold the worker

    def _exchange(self, smtp: smtplib.SMTP, recipient: str, message_id: str, message: Message) -> SendOutcome:
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self._timeout_s)
            encrypt(smtp, self._server, self._tls)
            sign_in(smtp, self._server)
        except (smtplib.SMTPException, OSError) as error:
            return self._before(error)
        return self._carry(smtp, recipient, message_id, message)

    def close(self) -> None:
        """Nothing stays open between mails."""

    def _message_id(self, recipient: str, message: Message) -> str:
        """The same for the same part, however often it is sent: mail programs and servers drop the second copy."""
        key = message.key or hashlib.sha256(f"{recipient}\n{message.plain}".encode()).hexdigest()
        return f"<{key}@{self._server.sender.rpartition('@')[2]}>"

    def _carry(self, smtp: smtplib.SMTP, recipient: str, message_id: str, message: Message) -> SendOutcome:
        content = _bytes_of(self._mail(recipient, message_id, message))
        limit = smtp.esmtp_features.get("size", "")
        is_too_large = limit.isdigit() and 0 < int(limit) < len(content)
        if is_too_large and message.brief is not None:
            html, plain = message.brief
            short = Message(html, plain, message.buttons, key=message.key)
            content, is_too_large = _bytes_of(self._mail(recipient, message_id, short)), False
            outcome = self._hand_over(smtp, recipient, content)
            is_sent = outcome.kind == "sent"
            return replace(outcome, message_id=message_id, alarms=("sent_brief",)) if is_sent else outcome
        if is_too_large:
            return SendOutcome("failed", "too_large")
        outcome = self._hand_over(smtp, recipient, content)
        return replace(outcome, message_id=message_id) if outcome.kind == "sent" else outcome

    def _mail(self, recipient: str, message_id: str, message: Message) -> EmailMessage:
        return compose(
            message,
            sender=self._server.sender,
            sender_name=self._server.sender_name,
            recipient=recipient,
            message_id=message_id,
            at=self._clock.now(),
        )

    def _hand_over(self, smtp: smtplib.SMTP, recipient: str, content: bytes) -> SendOutcome:
        try:
            for step, ask in (
                ("sender", partial(smtp.mail, self._server.sender)),
                ("recipient", partial(smtp.rcpt, recipient)),
                ("data", partial(smtp.docmd, "data")),
            ):
                code, reply = ask()
                if code not in (250, 251, 354):
                    return self._refused(step, code, reply)
        except (smtplib.SMTPException, OSError) as error:
            return self._before(error)
        try:
            smtp.send(content)
            code, reply = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return SendOutcome("uncertain", "answer_lost", type(error).__name__)
        return SendOutcome("sent") if code == 250 else self._refused("content", code, reply)

    def _refused(self, step: str, code: int, reply: bytes) -> SendOutcome:
        """4xx: not now; 5xx: never. Any other answer after the text is no word on whether it was taken."""
        text = self._shown(code, reply)
        if 400 <= code < 500:
            return SendOutcome("retry", f"{step}_refused", text)
        if 500 <= code < 600:
            closes = step == "recipient" and not _is_about_us(code, reply)
            return SendOutcome("failed", f"{step}_refused", text, closes_destination=closes)
        return SendOutcome("uncertain" if step == "content" else "retry", "unknown_answer", text)

    def _before(self, error: smtplib.SMTPException | OSError) -> SendOutcome:
        """Nothing of the text has left."""
        match error:
            case smtplib.SMTPAuthenticationError():
                kind = "failed" if error.smtp_code >= 500 else "retry"
                return SendOutcome(kind, "login_refused", self._shown(error.smtp_code, _raw(error.smtp_error)))
            case smtplib.SMTPNotSupportedError():
                return SendOutcome("failed", "no_encryption_or_login", scrub(str(error))[:LONGEST_REPLY])
            case smtplib.SMTPResponseException() if error.smtp_code >= 500:
                return SendOutcome("failed", "refused", self._shown(error.smtp_code, _raw(error.smtp_error)))
            case ForbiddenAddressError():
                return SendOutcome("failed", "bad_host", str(error))
            case ssl.SSLCertVerificationError():
                return SendOutcome("failed", "certificate_refused", error.verify_message[:LONGEST_REPLY])
            case _:
                return SendOutcome("retry", "not_connected", type(error).__name__)

    def _shown(self, code: int, reply: bytes) -> str:
        secret = self._server.password.get_secret_value()
        text = reply.decode("utf-8", "replace").replace("\n", " ")
        return scrub(f"{code} {text}", [secret] if secret else [])[:LONGEST_REPLY]


def _is_about_us(code: int, reply: bytes) -> bool:
    """Whether the server refuses the sender at this point (sign-in wanted, no relaying): no word on the address."""
    return code == 530 or reply.lstrip().startswith(b"5.7.")


def _bytes_of(mail: EmailMessage) -> bytes:
    """As it goes over the line: CRLF, a dot before each dot that begins a line, and the dot that ends it all."""
    content = mail.as_bytes()
    return _LINE_START_DOT.sub(b"..", content if content.endswith(b"\r\n") else content + b"\r\n") + b".\r\n"


def _raw(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode()
