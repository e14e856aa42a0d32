"""Outgoing webhooks: waiting updates of a bot are posted to its address one by one, oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from synkro_resources.sandbox.telegram.chats import TelegramStore
from synkro_resources.sandbox.telegram.switches import TelegramSwitches

ANSWER_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class PushTarget:
    """What `setWebhook` was given."""

    url: str
    secret_token: str


class Pusher:
    """Posts in a thread of its own, so that whoever is told may call the Bot API meanwhile."""

    def __init__(self, store: TelegramStore, switches: TelegramSwitches) -> None:
        self.targets: dict[int, PushTarget] = {}
        self.statuses: list[int] = []
        """The answers, in order; 0 where there was none."""
        self._store = store
        self._switches = switches
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telegram-webhooks")
        self._last: Future[None] | None = None

    def wake(self, bot_id: int) -> None:
        """Try to deliver all that waits for this bot."""
        if bot_id in self.targets:
            self._last = self._pool.submit(self._push, bot_id, self._switches.reachable_hosts)

    def wait(self) -> None:
        """Until the last attempt has ended."""
        if self._last is not None:
            self._last.result()

    def _push(self, bot_id: int, hosts: Mapping[str, str]) -> None:
        waiting = self._store.updates.setdefault(bot_id, [])
        with httpx.Client(timeout=ANSWER_WITHIN_S, trust_env=False, follow_redirects=False) as client:
            while waiting and (target := self.targets.get(bot_id)) is not None:
                status = self._post(client, target, waiting[0], hosts)
                self.statuses.append(status)
                if not 200 <= status < 300:
                    return  # it is brought again with the next one, and before it
                waiting.pop(0)

    def _post(
        self, client: httpx.Client, target: PushTarget, update: dict[str, object], hosts: Mapping[str, str]
    ) -> int:
        split = urlsplit(target.url)
        base = hosts.get(split.netloc)
        if base is None:
            return 0
        headers = {"X-Telegram-Bot-Api-Secret-Token": target.secret_token} if target.secret_token else {}
        if not self._switches.secret_header:
            headers = {}
        try:
            return client.post(base + split.path, json=update, headers=headers).status_code
        except httpx.HTTPError:
            return 0
