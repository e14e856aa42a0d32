"""getUpdates, webhooks and what people write to a bot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from synkro_resources.sandbox.telegram.chats import BotIdentity, Chat, StoredMessage
from synkro_resources.sandbox.telegram.errors import ApiError, bad_request
from synkro_resources.sandbox.telegram.methods import Call, bot_shape
from synkro_resources.sandbox.telegram.pushing import Pusher, PushTarget

MAX_LONG_POLL_S = 50.0
"""Longest wait of a getUpdates call, seconds."""

OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_HUMAN = {"id": 100_001, "is_bot": False, "first_name": "Анна", "language_code": "ru"}


@dataclass(slots=True)
class _Poller:
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    replaced: bool = False


class UpdateDesk:
    """Hands updates to bots: one poller per bot, or a webhook that they are pushed to."""

    def __init__(self, pusher: Pusher) -> None:
        self.pusher = pusher
        self._pollers: dict[int, _Poller] = {}

    def set_webhook(self, call: Call) -> object:
        url = call.params.get("url", "")
        if url and not url.startswith("https://"):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if url:
            self.pusher.targets[call.bot.user_id] = PushTarget(url, call.params.get("secret_token", ""))
            self.pusher.wake(call.bot.user_id)
        else:
            self.pusher.targets.pop(call.bot.user_id, None)
        return True

    def delete_webhook(self, call: Call) -> object:
        self.pusher.targets.pop(call.bot.user_id, None)
        if call.params.get("drop_pending_updates", "").lower() == "true":
            call.store.updates.pop(call.bot.user_id, None)
        return True

    def webhook_info(self, call: Call) -> object:
        target = self.pusher.targets.get(call.bot.user_id)
        return {
            "url": "" if target is None else target.url,
            "has_custom_certificate": False,
            "pending_update_count": len(call.store.updates.get(call.bot.user_id, [])),
        }

    async def get_updates(self, call: Call) -> object:
        bot_id = call.bot.user_id
        if bot_id in self.pusher.targets:
            raise ApiError(409, _WEBHOOK_ACTIVE)
        offset = _whole(call.params.get("offset", ""), 0)
        limit = min(max(_whole(call.params.get("limit", ""), 100), 1), 100)
        wait_s = min(max(float(_whole(call.params.get("timeout", ""), 0)), 0.0), MAX_LONG_POLL_S)
        waiting = call.store.updates.setdefault(bot_id, [])
        if offset > 0:
            waiting[:] = [item for item in waiting if int(str(item["update_id"])) >= offset]
        elif offset < 0:
            waiting[:] = waiting[offset:]
        if previous := self._pollers.get(bot_id):
            previous.replaced = True
            previous.arrived.set()
        poller = self._pollers[bot_id] = _Poller()
        try:
            if not waiting and wait_s:
                try:
                    await asyncio.wait_for(poller.arrived.wait(), wait_s)
                except TimeoutError:
                    return []
            if poller.replaced:
                raise ApiError(409, OTHER_POLLER)
            return waiting[:limit]
        finally:
            if self._pollers.get(bot_id) is poller:
                del self._pollers[bot_id]

    def wake(self, bot_id: int) -> None:
        if poller := self._pollers.get(bot_id):
            poller.arrived.set()
        self.pusher.wake(bot_id)


def human_message(chat: Chat, message_id: int, text: str, date: int, thread: int | None = None) -> StoredMessage:
    """A message a person wrote; `/command` gets its entity, which command handlers look for."""
    author: dict[str, object] = dict(_HUMAN)
    if chat.type == "private":
        author |= {"id": chat.chat_id, "first_name": chat.title}
    message: dict[str, object] = {"message_id": message_id, "from": author, "chat": chat.vendor_shape(), "date": date}
    if thread is not None:
        message |= {"message_thread_id": thread, "is_topic_message": True}
    message["text"] = text
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    return StoredMessage(chat.chat_id, message_id, 0, "incoming", message)


def membership_change(chat: Chat, bot: BotIdentity, old: str, new: str, date: int) -> dict[str, object]:
    """The payload of a `my_chat_member` update."""
    user = bot_shape(bot)
    until = {"until_date": 0}
    return {
        "chat": chat.vendor_shape(),
        "from": dict(_HUMAN),
        "date": date,
        "old_chat_member": {"status": old, "user": user, **(until if old == "kicked" else {})},
        "new_chat_member": {"status": new, "user": user, **(until if new == "kicked" else {})},
    }


def _whole(value: str, default: int) -> int:
    try:
        return int(value)
    except ValueError:
        return default
