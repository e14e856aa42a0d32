"""A message read wrongly is a client unheard, and a phone taken from the wrong place links a stranger."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from synkro_assets.dialogs.extract import extract_messages
from synkro_assets.dialogs.normalize import channel_of, dialogs, groups_of, messages, text_of
from synkro_assets.normalization import normalized
from synkro_resources.http.jsonvalues import JsonObject, canonical_json
from synkro_resources.model.tables.dialogs import DIALOG
from synkro_resources.model.tables.raw import RADIST_CHATS, RADIST_SOURCES
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.model.window import TenantWindow

NOON = datetime(2026, 9, 7, 9, tzinfo=UTC)
WINDOW = TenantWindow("demo", "Europe/Moscow", date(2026, 9, 7), date(2026, 9, 7))


def dialog(vendor_type: str | None = "whatsapp", *, contact: JsonObject | None = None, **chat: object) -> JsonObject:
    """One chat as normalised; its connection has the vendor's channel type, or is unknown if that is None."""
    body: JsonObject = {"chat": {"chat_id": 1, "connection_id": 5} | chat, "contact": contact}
    row: dict[str, object] = {"id": 1, "source_updated_at": NOON, "is_deleted": False, "raw": canonical_json(body)}
    source: dict[str, object] = {
        "id": 5,
        "source_updated_at": NOON,
        "raw": canonical_json({"connection_id": 5, "type": vendor_type}),
    }
    chats = RADIST_CHATS.from_rows([row])
    chats = chats.append_column(DAY_COLUMN, [[WINDOW.first_day]])
    found = normalized(chats, dialogs(RADIST_SOURCES.from_rows([] if vendor_type is None else [source])))
    assert not found.unread
    (normal,) = found.table.to_pylist()
    return normal


def message(**fields: object) -> JsonObject:
    body: JsonObject = {
        "message_id": "m",
        "created_at": "2026-09-07T09:00:00Z",
        "direction": "inbound",
        "message_type": "text",
        "text": {"text": "Здравствуйте"},
    }
    raw = extract_messages([(1, body | fields)], WINDOW).table
    found = normalized(raw, messages(groups_of(DIALOG.from_rows([])), WINDOW))
    assert not found.unread
    (normal,) = found.table.to_pylist()
    return normal


@pytest.mark.parametrize(
    ("vendor_type", "channel"),
    [
        ("whatsapp", "whatsapp"),
        ("waba_gupshup", "whatsapp"),
        ("telegram_bot", "telegram"),
        ("avito", "avito"),
        ("a_messenger_of_next_year", "other"),
        (None, "other"),
    ],
)
def test_an_unknown_channel_is_kept_as_other(vendor_type: str | None, channel: str) -> None:
    assert channel_of(vendor_type) == channel
    row = dialog(vendor_type)
    assert (row["channel"], row["channel_raw"]) == (channel, vendor_type)


def test_a_phone_comes_from_the_phone_field_or_a_whatsapp_chat_id_and_from_nowhere_else() -> None:
    assert dialog(phone="79000000016")["phone_norm"] == "79000000016"
    assert dialog(source_chat_id="79000000016@c.us")["phone_norm"] == "79000000016"
    assert dialog("telegram", source_chat_id="79000000016")["phone_norm"] is None
    assert dialog(source_chat_id="79000000016-1@g.us")["phone_norm"] is None


def test_a_group_has_no_phone_whichever_side_says_that_it_is_one() -> None:
    for row in (dialog(phone="79000000016", is_group=True), dialog(phone="79000000016", contact={"is_group": True})):
        assert (row["is_group"], row["phone_norm"]) == (True, None)


def test_a_username_is_kept_without_its_sign() -> None:
    assert dialog("telegram", username="@olga_flowers")["username"] == "olga_flowers"
    assert dialog("telegram", username="", profile_link="https://t.me/olga_flowers")["username"] == "olga_flowers"


@pytest.mark.parametrize("kind", ["system", "reaction", "call", "chat_transferred", "deleted"])
def test_a_service_message_is_stored_but_not_counted(kind: str) -> None:
    assert message(message_type=kind, text=None)["is_counted"] is False


@pytest.mark.parametrize("kind", ["text", "image", "location", "a_type_of_next_year", None])
def test_every_other_type_counts_even_an_unknown_one(kind: str | None) -> None:
    row = message(message_type=kind, text=None)
    assert row["is_counted"] is True
    assert row["is_closing"] is False


def test_a_deleted_message_with_its_text_still_counts() -> None:
    assert message(message_type="deleted")["is_counted"] is True


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"text": {"text": "Да"}, "image": {"caption": "фото"}, "message_type": "image"}, "Да"),
        ({"waba_interactive": {"body": {"text": "Выберите"}}, "message_type": "waba_interactive"}, "Выберите"),
        ({"image": {"caption": "фото"}, "message_type": "image"}, "фото"),
        ({"text": {"text": ""}, "message_type": "text"}, None),
        ({"text": None, "image": [], "message_type": "image"}, None),
        ({}, None),
    ],
)
def test_the_text_is_what_was_written_else_the_template_s_body_else_the_caption(
    body: JsonObject, text: str | None
) -> None:
    assert text_of(body) == text


def test_a_time_without_a_zone_is_utc_and_counted() -> None:
    row = message(created_at="2026-09-07T09:00:00")
    assert (row["sent_at"], row["no_zone"]) == (NOON, True)
    assert message()["no_zone"] is False


@pytest.mark.parametrize(
    ("author", "reference"), [(None, None), ("u-17", "u-17"), (17, "17"), ({"id": 17}, "17"), ([], None), (True, None)]
)
def test_an_author_of_any_shape_is_read(author: object, reference: str | None) -> None:
    assert message(author=author)["author_ref"] == reference


def test_delivery_times_that_are_no_times_are_empty() -> None:
    row = message(delivered_at="2026-09-07T12:00:00+03:00", read_at="", error_at="soon")
    assert (row["delivered_at"], row["read_at"], row["error_at"]) == (NOON, None, None)


def test_a_message_without_a_direction_is_put_aside_or_it_would_answer_the_client() -> None:
    body: JsonObject = {"message_id": "m", "created_at": "2026-09-07T09:00:00Z", "message_type": "text"}
    found = normalized(extract_messages([(1, body)], WINDOW).table, messages(groups_of(DIALOG.from_rows([])), WINDOW))
    assert found.table.num_rows == 0
    assert len(found.unread) == 1
