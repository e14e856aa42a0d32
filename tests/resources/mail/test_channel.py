"""Mails over a real SMTP server and a real encrypted socket: what arrives, and what each failure means."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from synkro_resources.mail import EmailChannel, MailServer
from synkro_resources.mail.client import Security
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import UserInputError
from synkro_resources.channels import Attachment, Message

pytestmark = pytest.mark.xdist_group("mail")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "mail-password-of-the-client"
KEY = "4930" * 16
REPORT = Message(
    "<b>Отчёт</b>\n<i>19 ноября</i>\n.точка",
    "Отчёт\n19 ноября\n.точка",
    (("Открыть в кабинете", "https://synkro.example/reports?report=1&x=2"),),
    key=KEY,
)


@dataclass
class Mailbox:
    """The server's side: what it took, and how it fails. `replies`: by command, instead of 250; «drop» hangs up."""

    replies: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[Envelope] = field(default_factory=list[Envelope])
    tried: list[str] = field(default_factory=list[str])

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return await self._reply(server, "MAIL")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.tried.append(address)
        envelope.rcpt_tos.append(address)
        return await self._reply(server, "RCPT")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not self.replies.get("DATA", "2").startswith(("4", "5")):
            self.taken.append(envelope)
        return await self._reply(server, "DATA")

    async def _reply(self, server: SMTP, command: str) -> str:
        reply = self.replies.get(command, "250 OK")
        if reply == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if reply == "hang":
            await asyncio.sleep(5)
        return reply

    def mails(self) -> list[EmailMessage]:
        read: list[EmailMessage] = []
        for envelope in self.taken:
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            read.append(mail)
        return read


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    is_known = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=is_known, handled=is_known)


@dataclass(frozen=True)
class Certificate:
    file: Path

    def server_side(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made_at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made_at - timedelta(days=1))
        .not_valid_after(made_at + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("mail") / "server.pem"
    sealed = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(sealed + made.public_bytes(serialization.Encoding.PEM))
    return Certificate(file)


@dataclass
class Place:
    box: Mailbox
    server: MailServer
    certificate: Certificate

    def channel(self, *, timeout_s: float = 5.0, trusted: bool = True, **changes: Any) -> EmailChannel:
        tls = self.certificate.trusted() if trusted else None
        return EmailChannel(replace(self.server, **changes), FixedClock(NOW), tls=tls, timeout_s=timeout_s)


@pytest.fixture(params=["tls", "starttls"])
def place(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Place]:
    yield from served(request.param, certificate)


@pytest.fixture
def one_place(certificate: Certificate) -> Iterator[Place]:
    yield from served("starttls", certificate)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def served(security: Security, certificate: Certificate, **options: Any) -> Iterator[Place]:
    box, port = Mailbox(), free_port()
    if security == "tls":
        options |= {"ssl_context": certificate.server_side(), "auth_require_tls": False}
    else:
        options |= {"tls_context": certificate.server_side(), "require_starttls": True}
    controller = Controller(
        box, hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True, **options
    )
    controller.start()
    try:
        mail = MailServer("127.0.0.1", port, security, "bot", SecretStr(PASSWORD), "Reports@Client.Example")
        yield Place(box, mail, certificate)
    finally:
        controller.stop()


def test_a_report_arrives_encrypted_as_text_and_html_with_its_link(place: Place) -> None:
    outcome = place.channel().send("ivan@почта.рф", None, REPORT)
    assert (outcome.kind, outcome.message_id) == ("sent", f"<{KEY}@client.example>")
    (envelope,), (mail,) = place.box.taken, place.box.mails()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("Reports@client.example", ["ivan@xn--80a1acny.xn--p1ai"])
    assert (mail["Subject"], mail["Message-ID"]) == ("Отчёт", f"<{KEY}@client.example>")
    assert mail["Date"].datetime == NOW
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines()[:3] == ["Отчёт", "19 ноября", ".точка"]
    assert "<b>Отчёт</b><br>" in html.get_content()
    assert 'href="https://synkro.example/reports?report=1&amp;x=2"' in html.get_content()


def test_a_file_arrives_whole_and_by_its_name(one_place: Place) -> None:
    content = bytes(range(256)) * 40 + b"\r\n.\r\n..\n"
    message = replace(REPORT, file=Attachment("отчёт.pdf", content))
    assert one_place.channel().send("ivan@example.ru", None, message).kind == "sent"
    (attached,) = one_place.box.mails()[0].iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("отчёт.pdf", "application/pdf")
    assert attached.get_content() == content


def test_a_part_that_is_sent_again_is_recognised_by_its_message_id(one_place: Place) -> None:
    for _ in range(2):
        one_place.channel().send("ivan@example.ru", None, REPORT)
    one_place.channel().send("ivan@example.ru", None, replace(REPORT, key="5" * 64))
    first, again, other = (mail["Message-ID"] for mail in one_place.box.mails())
    assert first == again != other


@pytest.mark.parametrize(
    ("command", "reply", "kind", "code", "closes"),
    [
        ("MAIL", "451 later", "retry", "sender_refused", False),
        ("MAIL", "550 no", "failed", "sender_refused", False),
        ("RCPT", "450 greylisted", "retry", "recipient_refused", False),
        ("RCPT", "550 no such user", "failed", "recipient_refused", True),
        ("RCPT", "drop", "retry", "not_connected", False),
        ("DATA", "452 full", "retry", "content_refused", False),
        ("DATA", "554 spam", "failed", "content_refused", False),
        ("DATA", "drop", "uncertain", "answer_lost", False),
        ("DATA", "hang", "uncertain", "answer_lost", False),
    ],
)
def test_each_answer_of_the_server_decides_what_happens_next(
    one_place: Place, command: str, reply: str, kind: str, code: str, closes: bool
) -> None:
    one_place.box.replies = {command: reply}
    outcome = one_place.channel(timeout_s=1.0).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code, outcome.closes_destination) == (kind, code, closes)
    assert len(one_place.box.taken) == (1 if kind == "uncertain" else 0)


def test_a_refused_login_is_told_without_the_password_and_sends_nothing(place: Place) -> None:
    outcome = place.channel(password=SecretStr("wrong-password")).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code) == ("failed", "login_refused")
    assert "wrong-password" not in str(outcome)
    assert place.box.tried == []


def test_a_server_whose_certificate_nobody_vouches_for_gets_neither_password_nor_mail(place: Place) -> None:
    outcome = place.channel(trusted=False).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code) == ("failed", "certificate_refused")
    assert place.box.tried == []


def test_a_server_without_encryption_gets_neither_password_nor_mail(certificate: Certificate) -> None:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        server = MailServer("127.0.0.1", port, "starttls", "bot", SecretStr(PASSWORD), "reports@client.example")
        outcome = EmailChannel(server, FixedClock(NOW), tls=certificate.trusted()).send("a@example.ru", None, REPORT)
    finally:
        controller.stop()
    assert (outcome.kind, outcome.code, box.tried) == ("failed", "no_encryption_or_login", [])


def test_a_server_that_is_away_is_tried_again(one_place: Place) -> None:
    outcome = one_place.channel(port=1).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code) == ("retry", "not_connected")


def test_a_mail_above_the_servers_size_is_replaced_by_its_short_form(certificate: Certificate) -> None:
    for place in served("starttls", certificate, data_size_limit=20_000):
        short = "Файл в кабинете"
        big = replace(REPORT, file=Attachment("report.pdf", bytes(30_000)), brief=(short, short))
        outcome = place.channel().send("ivan@example.ru", None, big)
        assert (outcome.kind, outcome.alarms) == ("sent", ("sent_brief",))
        assert place.box.mails()[0]["Subject"] == short
        without = place.channel().send("ivan@example.ru", None, replace(big, brief=None))
        assert (without.kind, without.code, len(place.box.taken)) == ("failed", "too_large", 1)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.ru\r\nRCPT TO:<b@example.ru>",
        "a@example.ru\nBcc: b@example.ru",
        "a@example.ru>,<b@example.ru",
        "a b@example.ru",
        "a@localhost",
        "@example.ru",
        "a@exa mple.ru",
        '"a\r\n"@example.ru',
        "",
    ],
)
def test_an_address_cannot_carry_a_second_one_or_a_header(one_place: Place, address: str) -> None:
    outcome = one_place.channel().send(address, None, REPORT)
    assert (outcome.kind, outcome.code, one_place.box.tried) == ("failed", "bad_address", [])
    with pytest.raises(UserInputError):
        one_place.channel(sender=address)


def test_texts_cannot_add_headers_or_end_the_mail(one_place: Place) -> None:
    text = "Отчёт\r\n.\r\nMAIL FROM:<x@example.ru>\r\nBcc: b@example.ru"
    message = Message(text, text, file=Attachment("a\r\nBcc: c@example.ru.pdf", b"x"), key=KEY)
    outcome = one_place.channel(sender_name="Имя\r\nBcc: d@example.ru").send("ivan@example.ru", None, message)
    assert outcome.kind == "sent"
    (mail,) = one_place.box.mails()
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Отчёт"
    assert [envelope.rcpt_tos for envelope in one_place.box.taken] == [["ivan@example.ru"]]
