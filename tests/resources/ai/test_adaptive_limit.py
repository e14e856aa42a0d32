"""A provider that asks to slow down is heard once, and one that keeps up is used in full."""

from __future__ import annotations

import asyncio

from synkro_resources.ai.adaptive_limit import START, AdaptiveLimit


def test_it_doubles_per_round_until_the_first_refusal() -> None:
    limit = AdaptiveLimit(20)
    assert limit.limit == START
    for expected in (8, 16, 20):
        for _ in range(limit.limit):
            limit.succeeded()
        assert limit.limit == expected


def test_a_storm_of_refusals_of_one_round_halves_it_once_and_it_grows_slowly_after() -> None:
    limit = AdaptiveLimit(16, start=16)
    for _ in range(16):
        limit.throttled(0)
    assert limit.limit == 8
    for _ in range(8):
        limit.succeeded()
    assert limit.limit in (8, 9)
    limit.throttled(1)
    assert limit.limit == 4
    for round_ in range(2, 9):
        limit.throttled(round_)
    assert limit.limit == 1


def test_never_more_run_side_by_side_than_allowed_and_a_failing_call_gives_its_place_back() -> None:
    limit = AdaptiveLimit(3, start=3)
    running = most = 0

    async def call(fails: bool) -> None:
        nonlocal running, most
        async with limit.slot():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            if fails:
                raise ValueError

    async def all_calls() -> list[BaseException | None]:
        return await asyncio.gather(*(call(n % 2 == 0) for n in range(12)), return_exceptions=True)

    ended = asyncio.run(all_calls())
    assert most == 3
    assert running == 0
    assert sum(isinstance(one, ValueError) for one in ended) == 6
