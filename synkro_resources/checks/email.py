"""The check of a mail server: reach it, encrypt, sign in, be a sender; a real mail only when somebody asks for it."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterable, Sequence
from functools import partial

from synkro_resources.channels import Message, SendOutcome
from synkro_resources.checks.network import CALL_S
from synkro_resources.checks.parts import AGAIN, Part, broken, ok, refused, warning
from synkro_resources.checks.subject import Subject
from synkro_resources.control.destinations import Destination
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.mail import EmailChannel, MailServer, mail_server
from synkro_resources.mail.connection import ForbiddenAddressError, encrypt, reached, sign_in
from synkro_resources.model.errors import IntegrationError, Sentence

TEST = Message(
    "Проверка связи Synkro: отчёты будут приходить сюда.<br>Synkro connection test: reports will arrive here.",
    "Проверка связи Synkro: отчёты будут приходить сюда.\nSynkro connection test: reports will arrive here.",
)
CHECK_ADDRESS = Sentence(
    "Проверьте адрес, порт и вид шифрования: starttls для 587, tls для 465.",
    "Check address, port and encryption: starttls for 587, tls for 465.",
)
CHECK_ENCRYPTION = Sentence(
    "Проверьте вид шифрования; для сервера со своим сертификатом вставьте сертификат в настройки.",
    "Check the kind of encryption; for a server with a certificate of its own paste that into the settings.",
)
CHECK_LOGIN = Sentence(
    "Проверьте имя и пароль; многим почтовым сервисам нужен отдельный пароль приложения.",
    "Check user name and password; many mail services want a password made for applications.",
)
CHECK_SENDER = Sentence(
    "Укажите адрес, от имени которого этому пользователю разрешено писать.",
    "Give an address that this user may send from.",
)


class EmailCheck:
    """One connection for the server, one mail per active address with `send_test`; otherwise no mail leaves."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._server: MailServer | None = None
        self._smtp: smtplib.SMTP | None = None

    def parts(self) -> Sequence[Part]:
        parts = [
            Part(("settings",), Sentence("настройки почты", "the mail settings"), self._settings),
            Part(("connect", "tls"), Sentence("почтовый сервер", "the mail server"), self._connect, ("settings",)),
            Part(("sign_in",), Sentence("вход на почтовый сервер", "the sign-in"), self._sign_in, ("connect", "tls")),
            Part(("sender",), Sentence("адрес отправителя", "the sender's address"), self._sender, ("sign_in",)),
        ]
        addresses = self._subject.destinations
        if not addresses:
            parts.append(Part(("addresses",), Sentence("адреса", "the addresses"), self._no_addresses, (), "warning"))
        if self._subject.send_test:
            for number, address in enumerate(addresses, start=1):
                name = f"test_message.{address.destination_id}"
                label = Sentence(f"Получатель {number}", f"Recipient {number}")
                parts.append(Part((name,), label, partial(self._test, name, address, label), ("sender",)))
        return parts

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()

    def _settings(self) -> Iterable[CheckFinding]:
        public, password = self._subject.public, self._subject.secret("password")
        try:
            self._server = mail_server(
                public, password, tenant=self._subject.tenant, allow_sandbox=self._subject.allow_sandbox
            )
        except IntegrationError as error:
            yield refused("settings", error)
            return
        if not self._server.user:
            what = Sentence("Имя пользователя не указано: вход не нужен.", "No user name is set: no sign-in is needed.")
            yield warning("settings", what, CHECK_LOGIN)
            return
        yield ok("settings", "Настройки почты полны.", "The mail settings are complete.")

    def _connect(self) -> Iterable[CheckFinding]:
        server = self._known()
        try:
            smtp = self._smtp = reached(server, timeout_s=self._timeout_s())
        except ssl.SSLError as error:
            yield ok("connect", "Почтовый сервер отвечает.", "The mail server answers.")
            yield _not_encrypted(error)
            return
        except ForbiddenAddressError:
            what = Sentence("Имя сервера ведёт на эту машину.", "The server's name leads to this machine.")
            yield CheckFinding("connect", "broken", what, CHECK_ADDRESS, "email.bad_host")
            return
        except (smtplib.SMTPException, OSError):
            what = Sentence("Почтовый сервер не отвечает.", "The mail server does not answer.")
            yield CheckFinding("connect", "broken", what, CHECK_ADDRESS, "email.unreachable")
            return
        yield ok("connect", "Почтовый сервер отвечает.", "The mail server answers.")
        try:
            encrypt(smtp, server)
        except (smtplib.SMTPException, OSError) as error:
            yield _not_encrypted(error)
            return
        yield ok("tls", "Соединение зашифровано.", "The connection is encrypted.")

    def _sign_in(self) -> Iterable[CheckFinding]:
        smtp = self._opened()
        try:
            sign_in(smtp, self._known())
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < 500:
                what = Sentence("Сервер сейчас не проверяет вход.", "The server does not check sign-ins now.")
                yield broken("sign_in", what, AGAIN)
                return
            what = Sentence("Сервер не принял имя или пароль.", "The server refused the user name or password.")
            yield CheckFinding("sign_in", "broken", what, CHECK_LOGIN, "email.login_refused")
        except smtplib.SMTPNotSupportedError:
            what = Sentence("Сервер не предлагает вход по паролю.", "The server offers no sign-in by password.")
            yield broken("sign_in", what, CHECK_LOGIN)
        else:
            yield ok("sign_in", "Вход выполнен.", "Signed in.")

    def _sender(self) -> Iterable[CheckFinding]:
        """Begins a mail and takes it back: what was begun with MAIL leaves no trace after RSET."""
        smtp = self._opened()
        code, _ = smtp.mail(self._known().sender)
        if code == 250:
            smtp.rset()
            yield ok("sender", "Адрес отправителя принят.", "The sender's address is accepted.")
            return
        what = Sentence(
            f"Сервер не принял адрес отправителя ({code}).", f"The server refused the sender's address ({code})."
        )
        yield CheckFinding("sender", "broken", what, AGAIN if code < 500 else CHECK_SENDER, "email.sender_refused")

    def _no_addresses(self) -> Iterable[CheckFinding]:
        yield warning(
            "addresses",
            Sentence("Нет ни одного подтверждённого адреса.", "No address is confirmed to send reports to."),
            Sentence("Добавьте адрес на странице «Чаты».", "Add an address on the page “Chats”."),
        )

    def _test(self, name: str, address: Destination, label: Sentence) -> Iterable[CheckFinding]:
        channel = EmailChannel(self._known(), self._subject.clock, timeout_s=self._timeout_s())
        yield _judged(name, label, channel.send(address.chat_id, None, TEST))

    def _known(self) -> MailServer:
        if self._server is None:
            raise RuntimeError("the settings were not read")
        return self._server

    def _opened(self) -> smtplib.SMTP:
        if self._smtp is None:
            raise RuntimeError("the server was not reached")
        return self._smtp

    def _timeout_s(self) -> float:
        return max(0.1, min(CALL_S, self._subject.deadline.left_s()))


def _not_encrypted(error: Exception) -> CheckFinding:
    if isinstance(error, ssl.SSLCertVerificationError):
        what = Sentence("Сертификату сервера никто не доверяет.", "Nobody vouches for the server's certificate.")
        return CheckFinding("tls", "broken", what, CHECK_ENCRYPTION, "email.certificate_refused")
    what = Sentence("Зашифровать соединение не удалось.", "The connection could not be encrypted.")
    return CheckFinding("tls", "broken", what, CHECK_ENCRYPTION, "email.not_encrypted")


def _judged(name: str, label: Sentence, outcome: SendOutcome) -> CheckFinding:
    """Refused, surely not sent, or possibly delivered: never one for another."""
    match outcome.kind:
        case "sent":
            ru, en = f"{label.ru}: тестовое письмо принято.", f"{label.en}: the test mail was taken."
            return ok(name, ru, en)
        case "uncertain":
            what = Sentence(
                f"{label.ru}: неизвестно, дошло ли письмо.", f"{label.en}: the mail may or may not have arrived."
            )
            return warning(name, what, Sentence("Спросите получателя.", "Ask the recipient."))
        case "retry":
            what = Sentence(f"{label.ru}: письмо пока не принято.", f"{label.en}: the mail is not taken yet.")
            return warning(name, what, AGAIN)
        case _:
            what = Sentence(f"{label.ru}: письмо не принято.", f"{label.en}: the mail was refused.")
            remedy = Sentence("Проверьте адрес получателя.", "Check the recipient's address.")
            return CheckFinding(name, "broken", what, remedy, f"email.{outcome.code}")
