"""Opening a connection to a mail server, step by step: reach it, encrypt, sign in; nobody's mail is touched here."""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

from synkro_resources.mail.settings import MailServer


class ForbiddenAddressError(OSError):
    """The name leads to this machine or its neighbourhood, where a tenant's mail server cannot be."""


def reached(server: MailServer, *, timeout_s: float, tls: ssl.SSLContext | None = None) -> smtplib.SMTP:
    """Connected and greeted; with `security` `tls` encrypted already.

    Raises:
        ssl.SSLError: the encryption failed. smtplib.SMTPException, OSError: everything else.
    """
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=tls or server.tls())
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=timeout_s)
    try:
        _check_peer(smtp, server)
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def encrypt(smtp: smtplib.SMTP, server: MailServer, tls: ssl.SSLContext | None = None) -> None:
    """Encrypt what is not encrypted yet.

    Raises:
        smtplib.SMTPNotSupportedError: the server does not offer it. ssl.SSLError, smtplib.SMTPException, OSError.
    """
    if server.security == "starttls":
        smtp.starttls(context=tls or server.tls())
        smtp.ehlo()


def sign_in(smtp: smtplib.SMTP, server: MailServer) -> None:
    """Sign in, where the settings name a user; only ever over an encrypted connection.

    Raises:
        smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, smtplib.SMTPException, OSError.
    """
    if not isinstance(smtp.sock, ssl.SSLSocket):
        raise smtplib.SMTPNotSupportedError("the connection is not encrypted")
    if server.user:
        smtp.login(server.user, server.password.get_secret_value())


@contextmanager
def cut_off_after(smtp: smtplib.SMTP, seconds: float) -> Generator[None]:
    """Break the connection if the block takes longer: a server that answers each step late never meets a time-out."""

    def cut() -> None:
        if smtp.sock is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)  # not TLS's own, which another thread is using

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _check_peer(smtp: smtplib.SMTP, server: MailServer) -> None:
    """Judged by the address that answered and not by the name: a name may lead anywhere."""
    if server.allow_loopback or smtp.sock is None:
        return
    peer = ipaddress.ip_address(str(smtp.sock.getpeername()[0]).partition("%")[0])
    mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
    address = mapped or peer
    if address.is_loopback or address.is_link_local or address.is_unspecified:
        raise ForbiddenAddressError("the name leads to this machine")
