"""One phone is found however it is typed, and no other number is taken for it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.control.keyring import Keyring
from synkro_resources.erasure.mentions import REMOVED, Phone
from synkro_resources.erasure.suppression import Suppression, person_hash
from synkro_resources.model.errors import ConfigurationError

PHONE = Phone("79123456789")
KEYS = Keyring({"k2": bytes(32), "k1": bytes(range(32))})
OLD = Keyring({"k1": bytes(range(32))})


@pytest.mark.parametrize(
    "typed",
    [
        *("+79123456789", "89123456789", "9123456789", "8 (912) 345-67-89", "+7 912 345 67 89", "8-912-345-67-89"),
        *("7(912)3456789", "+7\u00a0912\u00a0345\u00a067\u00a089", "912.345.67.89", "8 912 345\u201367\u201389"),
    ],
)
def test_every_way_of_typing_the_phone_is_cut_out(typed: str) -> None:
    assert PHONE.without(f"Звоните {typed}, Иван") == f"Звоните {REMOVED}, Иван"
    assert PHONE.without(typed) == REMOVED


@pytest.mark.parametrize("other", ["79123456780", "791234567890", "179123456789", "Заказ 99123456789", "912345678"])
def test_other_numbers_stay(other: str) -> None:
    assert PHONE.without(other) == other


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=20))
def test_json_without_the_phone_keeps_every_byte(value: object) -> None:
    text = orjson.dumps({"a": value}).decode()
    if not PHONE.may_be_in(text):
        assert PHONE.without_in_json(text) == text


@given(st.text(alphabet="0123456789 ()-+", max_size=8), st.sampled_from([79123456789, 9123456789, 89123456789]))
def test_numbers_in_json_that_are_the_phone_become_null(text: str, number: int) -> None:
    cut = orjson.loads(PHONE.without_in_json(orjson.dumps({"n": number, "t": ["+79123456789"], "o": text}).decode()))
    assert cut == {"n": None, "t": [REMOVED], "o": text}


def test_hashes_outlive_a_new_key_and_say_when_their_key_is_missing() -> None:
    made = person_hash(OLD, "acme", "phone", PHONE.digits)
    row = {"source_chat_id": "79123456789@c.us", "chat_id": 5, "raw": "{}"}
    assert Suppression(KEYS, "acme", frozenset({made})).hides("radist/messages", row)
    assert not Suppression(KEYS, "other", frozenset({made})).hides("radist/messages", row)
    assert not Suppression(KEYS, "acme", frozenset({made})).hides("radist/messages", {**row, "source_chat_id": "x"})
    lost = Suppression(Keyring({"k9": bytes(32)}), "acme", frozenset({made}))
    with pytest.raises(ConfigurationError) as failure:
        lost.hides("radist/messages", row)
    assert failure.value.code == "erasure.key_missing"
    assert PHONE.digits not in made
    assert person_hash(KEYS, "acme", "phone", PHONE.digits) != made
