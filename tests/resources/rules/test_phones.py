"""Links by phone stand or fall with how phones are read."""

from __future__ import annotations

import pytest

from synkro_resources.rules.phones import (
    normalize_crm_phone,
    normalize_crm_phones,
    normalize_radist_phone,
    normalize_radist_phones,
    phone_of_chat_id,
    split_phones,
)

CRM = {
    "PH-01": ("+7 (900) 000-00-11", "79000000011"),
    "PH-02": ("89000000012", "79000000012"),
    "PH-03": ("9000000013", "79000000013"),
    "PH-04": ("8 (900) 000 00 14 доб. 5", "79000000014"),
    "PH-05": ("+89000000015", "79000000015"),
    "PH-06": ("+84 90 123 45 67", "84901234567"),
    "PH-07": ("84901234567", "74901234567"),
    "PH-08": ("+77010000017", "77010000017"),
    "PH-09": ("810 49 30 000000", "4930000000"),
    "PH-10": ("0049 30 0000000", "49300000000"),
    "PH-11": ("+375 (29) 000-00-18", "375290000018"),
    "PH-12": ("７９０００００００１９", "79000000019"),
    "PH-13": ("123-45-67", None),
}
RADIST = {"PH-14": ("79000000016", "79000000016"), "PH-15": ("84901234567", "84901234567")}


@pytest.mark.parametrize(("raw", "expected"), CRM.values(), ids=CRM)
def test_a_phone_typed_by_hand_is_found_by_its_digits(raw: str, expected: str | None) -> None:
    assert normalize_crm_phone(raw) == expected


@pytest.mark.parametrize(("raw", "expected"), RADIST.values(), ids=RADIST)
def test_a_messenger_phone_is_kept_whole(raw: str, expected: str) -> None:
    assert normalize_radist_phone(raw) == expected


def test_several_phones_in_one_field_are_all_found() -> None:
    assert [normalize_crm_phone(one) for one in split_phones("+7 900 000-00-11, 89000000012; 9000000013/ ")] == [
        "79000000011",
        "79000000012",
        "79000000013",
    ]


def test_an_extension_or_an_empty_field_never_becomes_a_number() -> None:
    assert normalize_crm_phones(["8 900 000-00-14 вн. 12", "+7 900 000-00-14 EXT 7", "9000000014#3", "", None]) == [
        "79000000014",
        "79000000014",
        "79000000014",
        None,
        None,
    ]


def test_a_number_of_impossible_length_links_nobody() -> None:
    assert normalize_radist_phones(["7900", "1234567890123456", None]) == [None, None, None]
    assert normalize_crm_phone("1234567890123456") is None


def test_only_a_whatsapp_chat_id_holds_a_phone() -> None:
    assert phone_of_chat_id("79000000001@c.us") == "79000000001"
    assert phone_of_chat_id("79000000001-1500000000@g.us") is None
    assert phone_of_chat_id("7900000000112") is None
    assert phone_of_chat_id(None) is None
