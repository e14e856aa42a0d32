"""One part's failure is never another's, and nobody waits longer than the budget, whatever the other side does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from synkro_resources.checks.network import BoundedTransport
from synkro_resources.checks.parts import CheckRun, Part, broken, ok, warning
from synkro_resources.checks.subject import Deadline, claims_of
from synkro_resources.control.integrations import CheckFinding
from synkro_resources.model.errors import IntegrationError, Sentence, TransientError
from synkro_resources.model.ids import IntegrationKind
from tests.resources.checks.checking import checked, jwt, only

WHAT, REMEDY = Sentence("Что", "What"), Sentence("Делать", "Do")
OUTCOMES = ("ok", "warning", "broken", "refused", "transient", "crash", "half")


def behaving(name: str, second: str, outcome: str) -> Iterable[CheckFinding]:
    match outcome:
        case "warning":
            yield warning(name, WHAT, REMEDY)
        case "broken":
            yield broken(name, WHAT, REMEDY)
        case "refused":
            raise IntegrationError("x.refused", WHAT, REMEDY)
        case "transient":
            raise TransientError("x.later", WHAT, REMEDY)
        case "crash":
            raise KeyError("a secret in the text")
        case "half":
            yield ok(name, "a", "b")
            raise KeyError("a secret in the text")
        case _:
            yield ok(name, "a", "b")
            yield ok(second, "a", "b")


@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.lists(st.integers(0, 9), max_size=3)), max_size=8))
def test_every_fault_is_told_at_its_own_place_and_nowhere_else(plan: list[tuple[str, list[int]]]) -> None:
    """For any outcomes and dependencies: only parts that ran are broken, only dependents of failed ones are skipped."""
    ran: list[int] = []

    def run(number: int, outcome: str) -> Iterable[CheckFinding]:
        ran.append(number)
        yield from behaving(f"p{number}", f"q{number}", outcome)

    parts: list[Part] = []
    for number, (outcome, needs) in enumerate(plan):
        earlier = tuple(f"p{need}" for need in needs if need < number)
        title = Sentence(f"часть {number}", f"part {number}")

        def call(number: int = number, outcome: str = outcome) -> Iterable[CheckFinding]:
            return run(number, outcome)

        parts.append(Part((f"p{number}", f"q{number}"), title, call, earlier))
    check = CheckRun("test", parts, Deadline(60))
    check.run()
    findings = check.findings()
    assert "secret" not in str(findings)
    by_name = {finding.name: finding for finding in findings}
    assert len(by_name) == len(findings)
    failed: set[int] = set()
    for number, (outcome, _) in enumerate(plan):
        needs = {int(name[1:]) for name in parts[number].needs}
        if needs & failed:
            failed.add(number)
            assert number not in ran
            assert by_name[f"p{number}"].status == by_name[f"q{number}"].status == "warning"
            assert by_name[f"p{number}"].what.ru.startswith("Не проверено, потому что")
            continue
        assert number in ran
        status = {"ok": "ok", "half": "ok", "warning": "warning"}.get(outcome, "broken")
        assert by_name[f"p{number}"].status == status
        if outcome == "half":
            assert by_name[f"q{number}"].what.en == "Could not be checked: KeyError."
        if status == "broken":
            failed.add(number)


def test_a_part_that_loads_can_do_without_is_a_warning_when_it_crashes() -> None:
    part = Part(("a",), WHAT, lambda: behaving("a", "", "crash"), otherwise="warning")
    check = CheckRun("test", [part], Deadline(60))
    check.run()
    assert [finding.status for finding in check.findings()] == ["warning"]


def test_a_check_promises_no_repetition_by_itself() -> None:
    check = CheckRun("test", [Part(("a",), WHAT, lambda: behaving("a", "", "transient"))], Deadline(60))
    check.run()
    (finding,) = check.findings()
    assert finding.code == "x.later"
    assert "повторите проверку" in finding.remedy.ru


def test_what_there_is_no_time_for_is_not_called_broken() -> None:
    check = CheckRun("test", [Part(("a", "b"), WHAT, lambda: behaving("a", "b", "broken"))], Deadline(0))
    check.run()
    assert [(finding.name, finding.status) for finding in check.findings()] == [("a", "warning"), ("b", "warning")]


class NeverReturns(httpx.BaseTransport):
    """A network call that cannot be interrupted, such as a name that does not resolve."""

    def __init__(self, released: threading.Event) -> None:
        self._released = released

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._released.wait(30)
        raise httpx.ConnectError("released", request=request)


def test_a_call_that_never_returns_is_left_alone_and_the_page_goes_on() -> None:
    released = threading.Event()
    started = time.monotonic()
    found = checked(
        IntegrationKind.AMOCRM,
        {"base_url": "https://demo.amocrm.ru"},
        {"token": "t"},
        network=lambda: NeverReturns(released),
        budget_s=0.3,
    )
    released.set()
    assert time.monotonic() - started < 4
    assert (found["address"].status, found["account"].status) == ("ok", "broken")
    assert "не закончилась" in found["account"].what.ru
    assert found["leads"].status == "warning"


@contextmanager
def answering_slowly(sent: bytes, every_s: float) -> Iterator[str]:
    """A server that takes connections and drips `sent` for ever, or says nothing if that is empty."""
    stop = threading.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        listener.settimeout(0.1)

        def drip(connection: socket.socket) -> None:
            with connection:
                head = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n" if sent else b""
                try:
                    connection.sendall(head)
                    while not stop.wait(every_s):
                        connection.sendall(sent)
                except OSError:
                    return

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("sent", [b"", b" "], ids=["silent", "dripping"])
@pytest.mark.parametrize("kind", list(IntegrationKind))
def test_a_dead_or_dripping_host_costs_no_more_than_the_budget(kind: IntegrationKind, sent: bytes) -> None:
    token = "7000000001:" + "A" * 35 if kind is IntegrationKind.TELEGRAM else "sb_secret_x"
    with answering_slowly(sent, 0.05) as url:
        started = time.monotonic()
        public: dict[str, str | int | bool] = {"base_url": url, "url": url, "model": "m", "company_id": 1}
        secrets = dict.fromkeys(("token", "api_key", "secret_key"), token)
        found = checked(kind, public, secrets, budget_s=1.5)
        took = time.monotonic() - started
    assert took < 1.5 + 2.0 + 0.5
    assert len(only(found, "broken")) >= 1


def test_a_body_that_drips_is_cut_with_its_call() -> None:
    with answering_slowly(b" ", 0.05) as url:
        transport = BoundedTransport(httpx.HTTPTransport(), Deadline(60), call_s=0.4)
        started = time.monotonic()
        with httpx.Client(transport=transport) as client, pytest.raises(httpx.ReadTimeout):
            client.get(url)
        assert time.monotonic() - started < 2


def test_nothing_is_sent_after_the_deadline() -> None:
    transport = BoundedTransport(httpx.HTTPTransport(), Deadline(0))
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectTimeout):
        client.get("http://127.0.0.1:1/")


@given(st.text())
def test_anything_may_stand_where_a_token_is_expected(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}", f"a.{text}.b"):
        claims = claims_of(SecretStr(token))
        assert claims is None or isinstance(claims, dict)


def test_the_claims_of_a_token_are_read() -> None:
    assert claims_of(SecretStr(f" {jwt(role='anon', exp=5)}\n")) == {"role": "anon", "exp": 5}
