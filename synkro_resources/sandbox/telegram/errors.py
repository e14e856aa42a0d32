"""The error answers of the Bot API, with the server's own descriptions."""

from __future__ import annotations

from synkro_resources.sandbox.telegram.chats import Chat
from synkro_resources.sandbox.telegram.switches import ChatTrouble

_GROUP_NAMES = {"group": "group chat", "supergroup": "supergroup chat", "channel": "channel chat", "private": "chat"}


class ApiError(Exception):
    """An answer with `ok: false`; `status` is the HTTP status and the `error_code`."""

    def __init__(self, status: int, description: str, parameters: dict[str, object] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(reason: str, parameters: dict[str, object] | None = None) -> ApiError:
    return ApiError(400, f"Bad Request: {reason}", parameters)


def too_many_requests(retry_after_s: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {retry_after_s}", {"retry_after": retry_after_s})


def migrated(new_chat_id: int) -> ApiError:
    return bad_request("group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": new_chat_id})


def not_a_member(chat: Chat) -> ApiError:
    return ApiError(403, f"Forbidden: bot is not a member of the {_GROUP_NAMES[chat.type]}")


def trouble(kind: ChatTrouble, chat: Chat, what: str) -> ApiError:
    """The answer of a chat in trouble to a call that would write `what` (`text messages`, `documents`, `photos`)."""
    match kind:
        case "blocked":
            return ApiError(403, "Forbidden: bot was blocked by the user")
        case "deactivated":
            return ApiError(403, "Forbidden: user is deactivated")
        case "cannot_initiate":
            return ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        case "kicked":
            return ApiError(403, f"Forbidden: bot was kicked from the {_GROUP_NAMES[chat.type]}")
        case "not_member":
            return not_a_member(chat)
        case "group_deleted":
            return ApiError(403, "Forbidden: the group chat was deleted")
        case "no_rights":
            return bad_request(f"not enough rights to send {what} to the chat")
        case "topic_closed":
            return bad_request("TOPIC_CLOSED")
