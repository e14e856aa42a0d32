"""A Telegram chat without a phone is linked by the name that somebody typed into the CRM."""

from __future__ import annotations

import pytest

from synkro_resources.rules.usernames import telegram_username


@pytest.mark.parametrize(
    "raw", ["@Anna_Test", "Anna_Test", "https://t.me/Anna_Test", "t.me/Anna_Test/?x=1", " @Anna_Test "]
)
def test_every_way_of_writing_a_username_is_understood(raw: str) -> None:
    assert telegram_username(raw) == "Anna_Test"


@pytest.mark.parametrize(
    "raw", ["+79000000011", "12345678", "https://t.me/+AbCdEf", "Анна", "@a", "", None, "anna@example.org"]
)
def test_what_is_no_username_links_nobody(raw: str | None) -> None:
    assert telegram_username(raw) is None
