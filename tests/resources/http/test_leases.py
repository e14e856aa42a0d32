"""Several processes share one account's pace: by leases, which must leave no gap through which a burst could slip."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.http import LeasedBucket, PathLimit, PathLimiter, Stretch, TokenBucket

RATE = 5.0


class SharedTime:
    """What the control database does, and one simulated clock per process; asking takes `trip_s`."""

    def __init__(self, trip_s: float = 0.0) -> None:
        self.next_at = 0.0
        self.trip_s = trip_s

    def process(self, oversleeps_s: Callable[[], float] = lambda: 0.0) -> Process:
        return Process(self, oversleeps_s)


class Process:
    def __init__(self, shared: SharedTime, oversleeps_s: Callable[[], float]) -> None:
        self.now = 0.0
        self._shared = shared
        self._oversleeps_s = oversleeps_s
        self._ended: float | None = None
        self.bucket = LeasedBucket(RATE, self.lease, monotonic=lambda: self.now, sleep=self.sleep)

    def lease(self, length_s: float) -> Stretch:
        shared = self._shared
        self.now += shared.trip_s / 2
        begins = max(shared.next_at, self.now)
        continues = begins == self._ended
        alone = continues or begins == self.now
        self._ended = shared.next_at = begins + length_s
        stretch = Stretch(begins - self.now, alone, continues)
        self.now += shared.trip_s / 2
        return stretch

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self._oversleeps_s()


def run(processes: list[Process], answers_s: list[float], until: float) -> list[list[float]]:
    """Each process asks again as soon as its answer is there; the moments at which each one sent."""
    moments: list[list[float]] = [[] for _ in processes]
    queue = [(0.0, index) for index in range(len(processes))]
    while queue:
        start, index = heapq.heappop(queue)
        if start >= until:
            continue
        process = processes[index]
        process.now = max(process.now, start)
        process.bucket.acquire("/leads")
        moments[index].append(process.now)
        heapq.heappush(queue, (process.now + answers_s[index], index))
    return moments


def most_in_a_second(moments: list[list[float]]) -> int:
    every = sorted(moment for own in moments for moment in own)
    return max(sum(start <= other < start + 1 - 1e-6 for other in every) for start in every)


@settings(max_examples=150, deadline=None)
@given(
    answers=st.lists(st.floats(0.0, 1.5), min_size=1, max_size=4),
    late=st.lists(st.floats(0.0, 0.02), min_size=1, max_size=20),
    trip_s=st.floats(0.0, 0.01),
)
def test_no_second_sees_more_than_the_limit_whoever_asks_and_however_late_they_wake(
    answers: list[float], late: list[float], trip_s: float
) -> None:
    delays = iter(range(10**9))
    shared = SharedTime(trip_s)
    processes = [shared.process(lambda: late[next(delays) % len(late)]) for _ in answers]
    assert most_in_a_second(run(processes, answers, until=8.0)) <= RATE


@settings(max_examples=50, deadline=None)
@given(pauses=st.lists(st.floats(0.0, 4.0), min_size=5, max_size=40))
def test_idle_time_is_never_saved_for_a_burst(pauses: list[float]) -> None:
    process = SharedTime().process()
    moments: list[float] = []
    for pause in pauses:
        process.now += pause
        process.bucket.acquire("/leads")
        moments.append(process.now)
    assert most_in_a_second([moments]) <= RATE


@pytest.mark.parametrize("answers", [[0.05], [0.05, 0.05], [0.15, 0.15, 0.15], [0.01, 0.3, 0.7], [0.6, 0.6, 0.6, 0.6]])
def test_busy_processes_use_nearly_all_of_the_allowance_and_none_starves(answers: list[float]) -> None:
    shared = SharedTime(0.002)
    moments = run([shared.process() for _ in answers], answers, until=60.0)
    assert sum(map(len, moments)) / 60 >= 0.95 * RATE
    for own, answer_s in zip(moments, answers, strict=True):
        assert len(own) / 60 >= 0.5 * min(RATE / len(answers), 1 / (answer_s + 0.2))


@settings(max_examples=50, deadline=None)
@given(answers=st.lists(st.floats(0.15, 0.23), min_size=20, max_size=60))
def test_answers_that_are_late_now_and_then_do_not_cost_a_whole_slot_each(answers: list[float]) -> None:
    process = SharedTime(0.002).process()
    began, least = process.now, 0.0
    for answer_s in answers:
        process.bucket.acquire("/leads")
        process.now += answer_s
        least += max(answer_s, 1.03 / RATE)
    assert process.now - began <= least + 0.01 * len(answers)


def test_a_process_alone_asks_for_a_lease_once_a_second_and_not_once_a_request() -> None:
    process = SharedTime(0.002).process()
    moments = run([process], [0.05], until=200.0)[0]
    assert len(moments) >= 950
    assert process.bucket.leases / len(moments) < 0.21


def test_a_rare_caller_takes_little_from_a_busy_one() -> None:
    shared = SharedTime(0.002)
    rare, busy = shared.process(), shared.process()
    moments = run([rare, busy], [3.0, 0.05], until=60.0)
    assert len(moments[0]) >= 12
    assert len(moments[1]) / 60 >= 0.85 * RATE


def test_after_too_many_requests_the_pace_is_halved_for_a_minute() -> None:
    process = SharedTime().process()
    process.bucket.acquire("/leads")
    process.bucket.slow_down("/leads")
    slow = run([process], [0.0], until=59.0)[0]
    assert 2.2 <= len(slow) / 59 <= 2.6
    process.now = 70.0
    fast = [process.bucket.acquire("/leads") for _ in range(50)]
    assert sum(fast) < 12


def test_the_bucket_of_one_process_slows_down_too_and_only_for_the_path_that_was_refused() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def bucket(rate: float) -> TokenBucket:
        return TokenBucket(rate, monotonic=lambda: now[0], sleep=sleep)

    limiter = PathLimiter([PathLimit(bucket(4)), PathLimit(bucket(1), ("/chats/",))])
    limiter.slow_down("/chats/")
    started = now[0]
    for _ in range(5):
        limiter.acquire("/chats/")
    assert now[0] - started == pytest.approx(8.0)
    limiter = PathLimiter([PathLimit(bucket(4)), PathLimit(bucket(1), ("/chats/",))])
    limiter.slow_down("/messages/")
    started = now[0]
    for _ in range(5):
        limiter.acquire("/chats/")
    assert now[0] - started == pytest.approx(4.0)
