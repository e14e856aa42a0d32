"""Telegram's documented rate limits as sliding windows over monotonic seconds."""

from __future__ import annotations

import math
import time
from collections import deque

from synkro_resources.sandbox.telegram.chats import Chat

CHAT_LIMIT: tuple[int, float] = (1, 1.0)
GROUP_LIMIT: tuple[int, float] = (20, 60.0)
BOT_LIMIT: tuple[int, float] = (30, 1.0)
"""Messages per seconds: one chat, one group or channel, one bot over all chats."""


class RateLimits:
    """Remembers when messages were accepted and says how long the next one has to wait."""

    def __init__(self) -> None:
        self._accepted: dict[tuple[str, int, int], deque[float]] = {}

    def wait_s(self, bot_id: int, chat: Chat) -> int:
        """Whole seconds to wait, 0 if the message is accepted (and counted)."""
        now = time.monotonic()
        buckets = [(("chat", bot_id, chat.chat_id), CHAT_LIMIT), (("bot", bot_id, 0), BOT_LIMIT)]
        if chat.is_group:
            buckets.append((("group", bot_id, chat.chat_id), GROUP_LIMIT))
        wait = 0.0
        for key, (count, seconds) in buckets:
            times = self._accepted.setdefault(key, deque())
            while times and times[0] <= now - seconds:
                times.popleft()
            if len(times) >= count:
                wait = max(wait, times[0] + seconds - now)
        if wait > 0:
            return max(math.ceil(wait), 1)
        for key, _ in buckets:
            self._accepted[key].append(now)
        return 0
