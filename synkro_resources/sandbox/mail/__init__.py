"""An invented mail server on a real encrypted socket; needs aiosmtpd, which is among the development tools."""

from synkro_resources.sandbox.mail.certificate import new_certificate
from synkro_resources.sandbox.mail.server import PASSWORD, USER, Mailbox, MailSandbox, serve_mail

__all__ = ["PASSWORD", "USER", "MailSandbox", "Mailbox", "new_certificate", "serve_mail"]
