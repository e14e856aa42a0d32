"""Codes are those that everybody's authenticator app shows, and each is taken once."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from synkro_resources.control import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_test_vectors_of_rfc_6238_hold(seconds: int, code: str) -> None:
    step = totp.step_of(datetime.fromtimestamp(seconds, UTC))
    assert totp.code_at(SECRET, step, digits=8) == code
    assert totp.code_at(SECRET, step) == code[2:]


@pytest.mark.parametrize(("seconds", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_may_be_half_a_minute_off_and_no_more(seconds: int, fits: bool) -> None:
    shown = totp.code_at(SECRET, totp.step_of(AT + timedelta(seconds=seconds)))
    assert (totp.matching_step(SECRET, shown, AT, after=0) is not None) is fits


def test_a_code_that_was_used_fits_no_more_and_neither_do_older_ones() -> None:
    now = totp.step_of(AT)
    assert totp.matching_step(SECRET, totp.code_at(SECRET, now), AT, after=now) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, now - 1), AT, after=now) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, now + 1), AT, after=now) == now + 1


def test_nonsense_is_no_code() -> None:
    for code in ("", "12345", "1234567", "код", "１２３４５６"):
        assert totp.matching_step(SECRET, code, AT, after=0) is None


def test_the_link_for_apps_names_the_account_and_the_secret() -> None:
    link = urlsplit(totp.link_for_apps(SECRET, "anna+a@example.com"))
    assert (link.scheme, link.netloc, link.path) == ("otpauth", "totp", "/Synkro%3Aanna%2Ba%40example.com")
    assert parse_qs(link.query)["secret"] == [SECRET]
    assert totp.in_groups("ABCDEFGHIJ") == "ABCD EFGH IJ"
    assert len(base64.b32decode(totp.new_secret())) == totp.SECRET_BYTES
