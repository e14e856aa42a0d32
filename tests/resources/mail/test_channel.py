"""Mails over a real SMTP server and a real encrypted socket: what arrives, and what each failure means."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from synkro_resources.channels import Attachment, Message
from synkro_resources.mail import EmailChannel, MailServer, mail_server
from synkro_resources.mail.settings import Security
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, UserInputError
from synkro_resources.sandbox.mail import PASSWORD, Mailbox, serve_mail

pytestmark = pytest.mark.xdist_group("mail")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "4930" * 16
REPORT = Message(
    "<b>Отчёт</b>\n<i>19 ноября</i>\n.точка",
    "Отчёт\n19 ноября\n.точка",
    (("Открыть в кабинете", "https://synkro.example/reports?report=1&x=2"),),
    key=KEY,
)


@dataclass
class Place:
    box: Mailbox
    server: MailServer

    def channel(
        self, *, timeout_s: float = 5.0, longest_s: float = 30.0, trusted: bool = True, **changes: Any
    ) -> EmailChannel:
        if not trusted:
            changes["certificate"] = ""
        return EmailChannel(replace(self.server, **changes), FixedClock(NOW), timeout_s=timeout_s, longest_s=longest_s)


@contextmanager
def served(security: Security, **options: Any) -> Generator[Place]:
    with serve_mail(security, **options) as sandbox:
        public = sandbox.settings("Reports@Client.Example")
        yield Place(sandbox.box, mail_server(public, SecretStr(PASSWORD), allow_sandbox=True))


@pytest.fixture(params=["tls", "starttls"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with served(request.param) as found:
        yield found


@pytest.fixture
def one_place() -> Iterator[Place]:
    with served("starttls") as found:
        yield found


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


@pytest.mark.parametrize(("command", "kind"), [("RCPT", "retry"), ("DATA", "uncertain")])
def test_a_server_that_takes_its_time_is_left_before_the_worker_passes_for_dead(
    place: Place, command: str, kind: str
) -> None:
    place.box.replies = {command: "hang"}
    began = time.monotonic()
    outcome = place.channel(timeout_s=30.0, longest_s=0.7).send("ivan@example.ru", None, REPORT)
    assert outcome.kind == kind
    assert time.monotonic() - began < 4


def test_a_refused_login_is_told_without_the_password_and_sends_nothing(place: Place) -> None:
    outcome = place.channel(password=SecretStr("wrong-password")).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code) == ("failed", "login_refused")
    assert "wrong-password" not in str(outcome)
    assert place.box.tried == []


def test_a_server_whose_certificate_nobody_vouches_for_gets_neither_password_nor_mail(place: Place) -> None:
    outcome = place.channel(trusted=False).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code) == ("failed", "certificate_refused")
    assert place.box.tried == []


def test_a_server_without_encryption_gets_neither_password_nor_mail() -> None:
    with served("starttls", encrypted=False) as place:
        outcome = place.channel().send("a@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code, place.box.tried) == ("failed", "no_encryption_or_login", [])


def test_outside_the_sandbox_nothing_on_this_machine_is_taken_for_a_mail_server(one_place: Place) -> None:
    outcome = one_place.channel(allow_loopback=False).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code, one_place.box.tried) == ("failed", "bad_host", [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "127.0.0.1"}, "email.bad_host"),
        ({"host": "localhost"}, "email.bad_host"),
        ({"host": ""}, "email.bad_host"),
        ({"security": "none"}, "email.not_encrypted"),
        ({"port": "smtp"}, "email.bad_port"),
        ({"port": 0}, "email.bad_port"),
        ({"sender": "reports"}, "email.bad_sender"),
        ({"certificate": "not PEM"}, "email.bad_certificate"),
    ],
)
def test_settings_that_would_send_in_the_clear_or_nowhere_are_refused(changes: dict[str, Any], code: str) -> None:
    usable = {"host": "smtp.example.ru", "sender": "reports@example.ru"}
    server = mail_server(usable, SecretStr("x"))
    assert (server.security, server.port) == ("starttls", 587)
    with pytest.raises(IntegrationError) as refusal:
        mail_server({**usable, **changes}, SecretStr("x"))
    assert refusal.value.code == code


def test_a_server_that_wants_something_of_us_closes_nobodys_address(one_place: Place) -> None:
    one_place.box.replies = {"RCPT": "550 5.7.1 relaying denied"}
    outcome = one_place.channel().send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code, outcome.closes_destination) == ("failed", "recipient_refused", False)


def test_a_server_that_is_away_is_tried_again(one_place: Place) -> None:
    outcome = one_place.channel(port=1).send("ivan@example.ru", None, REPORT)
    assert (outcome.kind, outcome.code) == ("retry", "not_connected")


def test_a_mail_above_the_servers_size_is_replaced_by_its_short_form() -> None:
    with served("starttls", data_size_limit=20_000) as place:
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
