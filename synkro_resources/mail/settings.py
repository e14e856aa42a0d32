"""From a tenant's stored settings to its mail server: encrypted always, on this machine only in the sandbox."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from synkro_resources.http.hosts import is_loopback
from synkro_resources.mail.address import checked_address
from synkro_resources.model.errors import IntegrationError, Sentence, UserInputError

Security = Literal["starttls", "tls"]
PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465}
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class MailServer:
    """A tenant's own server. `security`: `tls` from the first byte (465), or `starttls` (587); never neither.

    `certificate`: PEM of the one authority to trust, for servers that no public authority vouches for; empty for the
    system's authorities.
    """

    host: str
    port: int
    security: Security
    user: str
    password: SecretStr
    sender: str
    sender_name: str = "Synkro"
    certificate: str = ""
    allow_loopback: bool = False

    def tls(self) -> ssl.SSLContext:
        """Whom to trust; the host's name is checked in any case."""
        return ssl.create_default_context(cadata=self.certificate or None)


def mail_server(
    public: Mapping[str, str | int | bool], password: SecretStr, *, tenant: str = "", allow_sandbox: bool = False
) -> MailServer:
    """The server as the integration's settings name it; nothing is contacted.

    Raises:
        IntegrationError: `email.bad_host`, `email.bad_port`, `email.not_encrypted`, `email.bad_sender`,
            `email.bad_certificate`.
    """

    def text(name: str, default: str = "") -> str:
        return str(public.get(name, default)).strip()

    host = text("host").lower()
    if _HOST.fullmatch(host) is None or (is_loopback(host) and not allow_sandbox):
        raise _refusal(
            "bad_host",
            tenant,
            Sentence("Адрес почтового сервера не подходит.", "The mail server's address cannot be used."),
            Sentence("Укажите имя вида smtp.example.ru.", "Give a name such as smtp.example.com."),
        )
    security = _security(text("security", "starttls"))
    if security is None:
        raise _refusal(
            "not_encrypted",
            tenant,
            Sentence("Почта без шифрования не отправляется.", "Mail is never sent without encryption."),
            Sentence("Выберите starttls (порт 587) или tls (465).", "Choose starttls (port 587) or tls (465)."),
        )
    port = text("port", str(PORTS[security]))
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise _refusal(
            "bad_port",
            tenant,
            Sentence("Порт почтового сервера не подходит.", "The mail server's port cannot be used."),
            Sentence("Обычно это 587 или 465.", "It usually is 587 or 465."),
        )
    try:
        sender = checked_address(text("sender"))
    except UserInputError as error:
        raise _refusal(
            "bad_sender",
            tenant,
            Sentence("Адрес отправителя не подходит.", "The sender's address cannot be used."),
            error.remedy,
        ) from error
    server = MailServer(
        host,
        int(port),
        security,
        text("user"),
        password,
        sender,
        text("sender_name") or "Synkro",
        text("certificate"),
        allow_loopback=allow_sandbox,
    )
    _check_certificate(server, tenant)
    return server


def _security(written: str) -> Security | None:
    match written.lower():
        case "starttls":
            return "starttls"
        case "tls":
            return "tls"
        case _:
            return None


def _check_certificate(server: MailServer, tenant: str) -> None:
    try:
        server.tls()
    except (ssl.SSLError, ValueError) as error:
        raise _refusal(
            "bad_certificate",
            tenant,
            Sentence("Сертификат в настройках не читается.", "The certificate of the settings cannot be read."),
            Sentence("Вставьте его целиком в формате PEM.", "Paste the whole of it in PEM format."),
        ) from error


def _refusal(code: str, tenant: str, what: Sentence, remedy: Sentence) -> IntegrationError:
    return IntegrationError(f"email.{code}", what, remedy, tenant=tenant, integration="email")
