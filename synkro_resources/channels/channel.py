"""Sending one message part: what a channel promises, and how its answer decides what happens next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

OutcomeKind = Literal["sent", "retry", "uncertain", "failed", "migrated"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message, which is then its caption; `known_id` spares another upload."""

    name: str
    content: bytes
    known_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One part as it leaves: `html` for display, `plain` for the one resend without markup."""

    html: str
    plain: str
    buttons: tuple[tuple[str, str], ...] = ()
    """Label and address of link buttons."""
    brief: tuple[str, str] | None = None
    """`html` and `plain` of what replaces this part once, if the messenger finds it too long or its file too large."""
    file: Attachment | None = None
    key: str = ""
    """The outbox's own key of the part, for channels that can mark a message by it."""


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What is known after a call.

    `sent`: accepted as `message_id`. `retry`: surely not delivered; `retry_after_s` is the messenger's own wish.
    `uncertain`: may have been delivered. `failed`: refused for good. `migrated`: the chat moved to `new_chat_id`.
    """

    kind: OutcomeKind
    code: str = ""
    text: str = ""
    message_id: str = ""
    retry_after_s: float | None = None
    new_chat_id: str = ""
    closes_destination: bool = False
    sent_plain: bool = False
    file_id: str = ""
    """The messenger's own id of the file that was sent."""
    alarms: tuple[str, ...] = ()
    """What people of the installation must hear of although the part arrived; never a word of the text."""


class Channel(Protocol):
    """A way to people: Telegram first, others later."""

    def send(self, chat_id: str, thread_id: str | None, message: Message) -> SendOutcome:
        """Send one part once; never raises for an answer or a failure of the messenger."""
        ...

    def close(self) -> None: ...
