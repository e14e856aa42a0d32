"""The switches of the Bot API: what each fault leaves behind, and the troubles that last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest

from synkro_resources.sandbox.telegram import Chat
from synkro_resources.sandbox.telegram.switches import ChatTrouble, Fault
from tests.resources.sandbox.faults import ServedTelegram, telegram_sandbox

CHATS = {
    chat.chat_id: chat
    for chat in (
        Chat(501, "private", "Ирина"),
        Chat(-1001, "group", "Отчёты"),
        Chat(-1002, "supergroup", "С темами", topics={7: "Ежедневные"}),
    )
}


@pytest.fixture
def served() -> Iterator[ServedTelegram]:
    with telegram_sandbox(CHATS, slow_s=0.05, silent_s=0.05) as found:
        yield found


def call(served: ServedTelegram, method: str, **fields: Any) -> httpx.Response:
    return httpx.post(f"{served.url}/bot{served.secret}/{method}", data=fields, timeout=10)


def send(served: ServedTelegram, chat_id: int = 501, **fields: Any) -> httpx.Response:
    return call(served, "sendMessage", chat_id=str(chat_id), text="Отчёт", **fields)


def delivered(served: ServedTelegram, chat_id: int = 501) -> int:
    return len(served.sandbox.store.messages.get(chat_id, []))


def test_each_fault_says_truly_whether_the_message_was_delivered(served: ServedTelegram) -> None:
    """A sender's rules about resending are only as good as this table."""
    executed = {"lost_response", "reset_body", "silent", "slow"}
    statuses = {"entities": 400, "502_html": 502, "slow": 200}
    for fault in get_args(Fault):
        before = delivered(served)
        served.set(faults=[fault])
        try:
            answer = send(served)
        except httpx.TransportError:
            assert fault in ("lost_response", "reset_body", "silent", "reset")
        else:
            assert answer.status_code == (statuses.get(fault) or int(fault)), fault
            if answer.status_code == 429:
                assert answer.headers["retry-after"] == str(answer.json()["parameters"]["retry_after"])
        assert (delivered(served) - before == 1) is (fault in executed), fault


def test_faults_are_aimed_at_methods_and_chats_also_those_that_send_nothing(served: ServedTelegram) -> None:
    served.set(faults_on={"getUpdates": ["409"], "getMe": ["502"], "-1001": ["500"]})
    assert send(served).status_code == 200
    conflict = call(served, "getUpdates")
    assert (conflict.status_code, "terminated by other getUpdates" in conflict.json()["description"]) == (409, True)
    assert [call(served, "getMe").status_code for _ in range(2)] == [502, 200]
    assert [send(served, -1001).status_code for _ in range(2)] == [500, 200]
    served.set(always="429", fault_every=2)
    assert sorted(send(served).status_code for _ in range(4)) == [200, 200, 429, 429]
    assert call(served, "getMe").status_code == 200, "`always` is about sending"


def test_a_revoked_token_and_a_slow_route_last(served: ServedTelegram) -> None:
    served.set(token_revoked=True)
    assert [call(served, method).status_code for method in ("getMe", "getUpdates")] == [401, 401]
    served.set(token_revoked=False, latency_s=0.2)
    began = time.monotonic()
    assert call(served, "getMe").status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("trouble", get_args(ChatTrouble))
def test_every_trouble_of_a_chat_is_a_refusal_that_leaves_nothing(served: ServedTelegram, trouble: str) -> None:
    served.set(chat_trouble={-1001: trouble})
    answer = send(served, -1001)
    assert answer.status_code == (400 if trouble in ("no_rights", "topic_closed") else 403)
    assert answer.json()["description"].startswith(("Forbidden: ", "Bad Request: "))
    assert delivered(served, -1001) == 0
    assert call(served, "getChat", chat_id="-1001").status_code == 200


def test_a_group_that_became_a_supergroup_takes_messages_under_its_new_id(served: ServedTelegram) -> None:
    served.set(migrated={-1001: -100777})
    refused = send(served, -1001).json()
    assert refused["parameters"] == {"migrate_to_chat_id": -100777}
    sent = send(served, -100777).json()["result"]
    assert (sent["chat"]["type"], sent["chat"]["title"]) == ("supergroup", "Отчёты")


def test_a_deleted_topic_is_not_found_while_the_chat_still_is(served: ServedTelegram) -> None:
    served.set(deleted_topics=[7])
    refused = send(served, -1002, message_thread_id="7")
    assert refused.json()["description"] == "Bad Request: message thread not found"
    assert send(served, -1002).status_code == 200
