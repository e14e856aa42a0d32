"""E-mail: the second channel that reports are delivered through."""

from synkro_resources.mail.client import EmailChannel, MailServer

__all__ = ["EmailChannel", "MailServer"]
