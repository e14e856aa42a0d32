"""What of an episode's stored messages the model is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.conversations import Conversations, Episode
from synkro_assets.analysis.guards import ends_with_client, turn_before_asked
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.rules.masking.tokens import Tokens

DIALOG = 7
BEGAN = datetime(2026, 9, 7, 5, tzinfo=UTC)


NO_CALLS = pd.DataFrame({"contact_id": [], "deal_id": [], "at": []})


def content(*messages: dict[str, object], calls: pd.DataFrame = NO_CALLS) -> EpisodeContent:
    """An episode of contact 1 and deal 2 with these messages, a minute apart."""
    usual = {"dialog_id": DIALOG, "author_ref": None, "type": "text", "text": None, "text_version": "v"}
    rows = [
        usual
        | {"media_name": None, "error_at": None, "message_id": f"id-{number}"}
        | message
        | {"sent_at": BEGAN + timedelta(minutes=number)}
        for number, message in enumerate(messages)
    ]
    frame = pd.DataFrame(rows)
    frame["error_at"] = pd.to_datetime(frame["error_at"], utc=True)
    conversations = Conversations(
        messages=frame,
        calls=calls,
        names={},
        deal_contacts={},
        profiles={},
        managers=[],
        author_map={},
        tokens=Tokens(b"key"),
        zone="Asia/Yekaterinburg",
        characters=10_000,
    )
    last = BEGAN + timedelta(minutes=len(rows))
    episode = Episode(
        day=date(2026, 9, 7),
        episode_key=f"{DIALOG}:id-0",
        dialog_id=DIALOG,
        first_at=BEGAN,
        last_at=last,
        channel="whatsapp",
        started_before_window=False,
        variant=Variant.FULL,
        contact_id=1,
        deal_id=2,
        waits=True,
        lost_on_day=False,
        price=0,
    )
    return conversations.of(episode).content


def shown(*messages: dict[str, object]) -> list[str]:
    return [f"{line.role}: {line.text.text}" for line in content(*messages).messages]


def called(minute: float, *, contact: int | None = None, deal: int | None = None) -> dict[str, object]:
    at = BEGAN + timedelta(minutes=minute)
    return {"contact_id": contact, "deal_id": deal, "at": at, "direction": "out", "duration_s": 90.0}


def test_a_call_on_the_deals_card_is_seen_as_one_on_the_contacts_and_settles_what_was_asked_before_it() -> None:
    asked = (
        {"author_kind": "client", "text": "Нужен счёт"},
        {"author_kind": "manager", "text": "На какую организацию?"},
        {"author_kind": "client", "text": "Спасибо, понял"},
    )
    assert turn_before_asked(content(*asked))
    calls = pd.DataFrame([called(1.5, deal=2), called(1.6, contact=1, deal=2), called(1.7, contact=9, deal=8)])
    whole = content(*asked, calls=calls)
    assert [line.ref for line in whole.lines] == ["m1", "m2", "c1", "c2", "m3"]
    assert not turn_before_asked(whole)
    assert ends_with_client(whole)
    assert not ends_with_client(content(asked[0], {"author_kind": "broadcast", "text": "Скидки"}, calls=calls))


def test_a_reply_that_never_arrived_answers_nobody() -> None:
    lines = shown(
        {"author_kind": "client", "text": "Сколько стоит котёл?"},
        {"author_kind": "manager", "text": "98 500 рублей", "error_at": BEGAN},
        {"author_kind": "client", "text": "Ау"},
    )
    assert lines == ["client: Сколько стоит котёл?", "client: Ау"]


@pytest.mark.parametrize(
    ("kind", "mark"),
    [("location", "[место на карте]"), ("poll", "[опрос]"), ("waba_order", "[заказ]"), ("something_new", "[вложение]")],
)
def test_what_cannot_be_read_is_never_shown_as_a_latin_word_that_looks_like_a_hidden_value(
    kind: str, mark: str
) -> None:
    assert shown({"author_kind": "client", "type": kind}) == [f"client: {mark}"]
