"""What a webhook of Radist tells: which chat to look at, and nothing else is taken from it."""

from __future__ import annotations

from synkro_resources.http.jsonvalues import as_object, as_text, as_whole

EVENTS = ("messages.create", "messages.delivery.error")
"""What is subscribed to. Delivered and read marks come for every message and change no figure of today; the nightly
re-reading brings them.
"""

UNKNOWN_CHAT = 0
"""The chat of an event that does not say which: `chat_id` is known for new messages only."""


def chat_of_event(body: object) -> int | None:
    """The chat that an event names, `UNKNOWN_CHAT` if it names none, None if the body is no event at all.

    Only the outer integer `chat_id` counts: the one inside the message is the messenger's own text.
    """
    event = as_object(body).get("event")
    if not isinstance(event, dict) or as_text(as_object(body).get("event_type")) is None:
        return None
    chat_id = as_whole(as_object(event).get("chat_id"))
    return chat_id if chat_id is not None and chat_id > 0 else UNKNOWN_CHAT
