"""A tenant's mail server, ready to send."""

from __future__ import annotations

from synkro_resources.channels import Message, SendOutcome
from synkro_resources.mail.client import EmailChannel
from synkro_resources.mail.settings import mail_server
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Connection, Platform


class UnusableMail:
    """What stands for a server whose settings cannot be used: every part fails with the reason, nothing else does.

    Raising instead would hold back the parts of the other channels, which have nothing to do with it.
    """

    def __init__(self, error: IntegrationError) -> None:
        self._code = error.code

    def send(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        del chat_id, thread_id, message
        return SendOutcome("failed", self._code)

    def close(self) -> None:
        """Nothing was opened."""


def open_mail(platform: Platform, tenant: str) -> EmailChannel | UnusableMail | None:
    """The tenant's way by e-mail, or None where no server is connected."""
    connection = platform.find_connection(tenant, IntegrationKind.EMAIL)
    if connection is None:
        return None
    try:
        server = mail_server(
            connection.integration.public,
            connection.secret("password"),
            tenant=tenant,
            allow_sandbox=platform.settings.allow_sandbox,
        )
    except IntegrationError as error:
        return UnusableMail(error)
    return EmailChannel(server, platform.clock)


def attaches_files(connection: Connection | None) -> bool:
    """Whether the tenant lets the PDF go with its mails."""
    return connection is not None and connection.integration.public.get("attach_files") is True
