"""The invented mail server: takes what is sent as any server would, keeps it, and fails as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from synkro_resources.mail.settings import Security
from synkro_resources.sandbox.mail.certificate import new_certificate

USER = "reports"
PASSWORD = "mail-password-of-the-client"  # noqa: S105  # invented
HANG_S = 5.0


@dataclass
class Mailbox:
    """The server's side: what it took, and how it fails.

    `replies`: by command, instead of 250; «drop» hangs up, «hang» keeps silent. `refused`: addresses answered with 550.
    """

    replies: dict[str, str] = field(default_factory=dict[str, str])
    refused: set[str] = field(default_factory=set[str])
    taken: list[Envelope] = field(default_factory=list[Envelope])
    tried: list[str] = field(default_factory=list[str])

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        del session, options
        envelope.mail_from = address
        return await self._reply(server, "MAIL")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        del session, options
        self.tried.append(address)
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return await self._reply(server, "RCPT")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        del session
        if not self.replies.get("DATA", "2").startswith(("4", "5")):
            self.taken.append(envelope)
        return await self._reply(server, "DATA")

    async def _reply(self, server: SMTP, command: str) -> str:
        reply = self.replies.get(command, "250 OK")
        if reply == "drop" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        if reply == "hang":
            await asyncio.sleep(HANG_S)
        return reply

    def mails(self, recipient: str | None = None) -> list[EmailMessage]:
        """What was taken, parsed, oldest first; of one recipient or of all."""
        read: list[EmailMessage] = []
        for envelope in self.taken:
            content = envelope.content
            if isinstance(content, bytes) and (recipient is None or recipient in envelope.rcpt_tos):
                read.append(message_from_bytes(content, policy=default))
        return read


@dataclass(frozen=True, slots=True)
class MailSandbox:
    """A running server: where it listens and what a client has to trust."""

    box: Mailbox
    host: str
    port: int
    security: Security
    certificate: str

    def settings(self, sender: str = "reports@client.example") -> dict[str, str | int | bool]:
        """Public settings of an integration that uses this server; the password is `PASSWORD`."""
        return {
            "host": self.host,
            "port": self.port,
            "security": self.security,
            "user": USER,
            "sender": sender,
            "sender_name": "Synkro",
            "certificate": self.certificate,
        }


@contextmanager
def serve_mail(security: Security = "starttls", *, encrypted: bool = True, **options: Any) -> Generator[MailSandbox]:
    """Serve on loopback while the block runs. `encrypted`: False for a server that has no encryption to offer.

    `options`: those of aiosmtpd's SMTP, such as `data_size_limit`.
    """
    key, certificate = new_certificate()
    box, port = Mailbox(), _free_port()
    if encrypted:
        context = _server_context(key, certificate)
        if security == "tls":
            options |= {"ssl_context": context, "auth_require_tls": False}
        else:
            options |= {"tls_context": context, "require_starttls": True}
        options |= {"authenticator": _authenticate, "auth_required": True}
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield MailSandbox(box, "127.0.0.1", port, security, certificate)
    finally:
        controller.stop()


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    del server, session, envelope, mechanism
    is_known = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=is_known, handled=is_known)


def _server_context(key: str, certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # the library reads a private key from files only
        path = Path(folder) / "server.pem"
        path.write_text(key + certificate, encoding="ascii")
        context.load_cert_chain(path)
    return context


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
