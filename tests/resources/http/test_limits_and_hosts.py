"""Pace and addresses: what keeps us from being blocked, and tokens from going astray."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources.amocrm.client import HOSTS as AMOCRM_HOSTS
from synkro_resources.http import PathLimit, PathLimiter, TokenBucket
from synkro_resources.model.errors import IntegrationError
from synkro_resources.radist.client import HOSTS as RADIST_HOSTS
from synkro_resources.radist.client import LISTING_PARTS


class FakeTime:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60), st.integers(1, 3))
def test_no_second_ever_sees_more_requests_than_allowed(pauses: list[float], burst: int) -> None:
    time = FakeTime()
    bucket = TokenBucket(5, burst=burst, monotonic=time.monotonic, sleep=time.sleep)
    moments: list[float] = []
    for pause in pauses:
        time.now += pause
        bucket.acquire("/leads")
        moments.append(time.now)
    for moment in moments:
        assert sum(moment <= other < moment + 1 - 1e-6 for other in moments) <= 5 + burst - 1


def test_the_pace_reaches_what_is_allowed_although_answers_take_time() -> None:
    time = FakeTime()
    bucket = TokenBucket(5, monotonic=time.monotonic, sleep=time.sleep)
    for _ in range(300):
        bucket.acquire("/leads")
        time.now += 0.15
    assert 300 / (time.now - 100.0) >= 0.95 * 5


def test_chat_listings_wait_longer_than_messages() -> None:
    time = FakeTime()
    limiter = PathLimiter(
        (
            PathLimit(TokenBucket(1 / 1.1, monotonic=time.monotonic, sleep=time.sleep), LISTING_PARTS),
            PathLimit(TokenBucket(4, monotonic=time.monotonic, sleep=time.sleep)),
        )
    )
    for _ in range(11):
        limiter.acquire("/companies/1/messaging/chats/with_contacts/")
    assert time.now == pytest.approx(100 + 11.0)
    start = time.now
    for _ in range(11):
        limiter.acquire("/companies/1/messaging/messages/")
    assert time.now - start == pytest.approx(11 * 0.25)


@pytest.mark.parametrize("address", ["https://demo.amocrm.ru", "https://demo-1.kommo.com/", "https://DEMO.amocrm.com"])
def test_the_three_brands_are_accepted(address: str) -> None:
    assert AMOCRM_HOSTS.check(address, tenant="demo")


@pytest.mark.parametrize(
    "address",
    [
        "http://demo.amocrm.ru",
        "https://www.amocrm.ru",
        "https://amocrm.ru",
        "https://amocrm.ru.evil.example",
        "https://evilamocrm.ru",
        "https://demo.amocrm.ru@evil.example",
        "https://user:pass@demo.amocrm.ru",
        "https://a.b.amocrm.ru",
        "https://10.0.0.1",
        "https://demo.amocrm.ru:8443",
        "https://demo.amocrm.ru/?x=1",
        "http://127.0.0.1:8000",
        "ftp://demo.amocrm.ru",
        "",
        "demo",
        "https://[::1",
    ],
)
def test_a_token_is_never_sent_to_any_other_address(address: str) -> None:
    with pytest.raises(IntegrationError) as caught:
        AMOCRM_HOSTS.check(address, tenant="demo")
    assert caught.value.code == "amocrm.bad_address"


def test_invented_vendors_on_this_machine_need_the_explicit_setting() -> None:
    for address in ("http://127.0.0.1:9/amocrm/demo", "http://localhost:9", "http://[::1]:9"):
        assert str(AMOCRM_HOSTS.check(address, tenant="demo", allow_sandbox=True)) == address
    for address in ("http://10.0.0.1:9", "http://192.168.0.1", "http://localhost.evil.example"):
        with pytest.raises(IntegrationError):
            AMOCRM_HOSTS.check(address, tenant="demo", allow_sandbox=True)


def test_both_radist_hosts_are_known_and_no_third() -> None:
    assert RADIST_HOSTS.check("https://api.radist.online/v2", tenant="demo")
    assert RADIST_HOSTS.check("https://api-ru.radist.online/v2/", tenant="demo")
    with pytest.raises(IntegrationError):
        RADIST_HOSTS.check("https://radist2.cdn.radist.online/", tenant="demo")
