"""E-mail: the second channel that reports are delivered through."""

from synkro_resources.mail.client import EmailChannel
from synkro_resources.mail.settings import MailServer, mail_server

__all__ = ["EmailChannel", "MailServer", "mail_server"]
