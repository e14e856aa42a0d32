"""What of an episode's stored messages the model is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from synkro_assets.analysis.conversations import Conversations, Episode
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.rules.masking.tokens import Tokens

DIALOG = 7
BEGAN = datetime(2026, 9, 7, 5, tzinfo=UTC)


def shown(*messages: dict[str, object]) -> list[str]:
    """The lines of an episode with these messages, a minute apart."""
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
        calls=pd.DataFrame({"contact_id": [], "at": []}),
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
        contact_id=None,
        deal_id=None,
        waits=True,
        lost_on_day=False,
        price=0,
    )
    return [f"{line.role}: {line.text.text}" for line in conversations.of(episode).content.messages]


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
