"""A collector is the operator's choice: without one nothing leaves, with one names and numbers do, never texts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synkro_resources import telemetry
from synkro_resources.model.errors import ConfigurationError, Sentence, TransientError
from synkro_resources.platform import Platform
from synkro_resources.settings import Settings
from synkro_resources.telemetry import NOWHERE, without_ids
from synkro_resources.telemetry_otlp import Otlp
from tests.otlp_collector import Collected, collector

LOST = TransientError("vendor.lost", Sentence("Иванов, +79991234567", "Ivanov"), Sentence("", ""))


@pytest.fixture
def collected() -> Collected:
    """What one process sent in its whole life: a run with a step that asked twice, once in vain."""
    with collector() as (url, found):
        otlp = Otlp(f"{url}/", cell="main")
        before = telemetry.send_to(otlp)
        try:
            run = telemetry.begin("run", tenant="t")
            with telemetry.span("radist/messages", parent=run, days=3) as step:
                with telemetry.span("radist /messages/") as asked:
                    asked.set("http_status", 200)
                with pytest.raises(TransientError), telemetry.span("radist /messages/"):
                    raise LOST
                step.set("rows", 17)
            run.end()
            for status in ("200", "200", "ConnectError"):
                telemetry.count("synkro.vendor.requests", vendor="radist", status=status)
            telemetry.took("synkro.step.duration", 2.5, asset="radist/messages")
        finally:
            telemetry.send_to(before)
            otlp.close()
        return found


def test_an_operator_sees_which_step_of_which_run_asked_a_vendor_and_what_failed(collected: Collected) -> None:
    run, step = collected.span("run"), collected.span("radist/messages")
    asked, lost = collected.spans("radist /messages/")
    assert run.parent == ""
    assert (step.parent, asked.parent, lost.parent) == (run.id, step.id, step.id)
    assert len({one.trace for one in (run, step, asked, lost)}) == 1
    assert (run.attributes["synkro.tenant"], step.attributes["synkro.days"], step.attributes["synkro.rows"]) == (
        "t",
        3,
        17,
    )
    assert asked.attributes["synkro.http_status"] == 200
    assert (asked.error, lost.error, step.error) == ("", "vendor.lost", "")


def test_an_errors_text_stays_here(collected: Collected) -> None:
    assert not [body for body in collected.bodies if "Иванов".encode() in body or b"79991234567" in body]


def test_counts_and_durations_arrive_as_what_this_process_added(collected: Collected) -> None:
    requests = {point.attributes["synkro.status"]: point.value for point in collected.points("synkro.vendor.requests")}
    assert requests == {"200": 2, "ConnectError": 1}
    (duration,) = collected.points("synkro.step.duration")
    assert (duration.value, duration.attributes) == (2.5, {"synkro.asset": "radist/messages"})
    assert collected.are_deltas


def test_a_collector_that_is_not_there_stops_nothing() -> None:
    otlp = Otlp("http://127.0.0.1:9", cell="main")
    before = telemetry.send_to(otlp)
    try:
        with telemetry.span("step") as step:
            step.set("rows", 1)
    finally:
        telemetry.send_to(before)
        otlp.close()
        otlp.close()


def test_without_a_collector_nothing_is_kept(tmp_path: Path, control_url: str) -> None:
    Platform.open(Settings(state_dir=tmp_path, database_url=control_url)).control.close()
    assert telemetry.begin("run") is NOWHERE
    with telemetry.span("step") as step:
        assert step is NOWHERE


def test_a_collector_without_the_library_is_explained_with_what_to_install(
    tmp_path: Path, control_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "synkro_resources.telemetry_otlp", None)
    settings = Settings(state_dir=tmp_path, database_url=control_url, otlp_endpoint="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="SYNKRO_OTLP_ENDPOINT") as refusal:
        Platform.open(settings)
    assert refusal.value.code == "settings.otlp_missing"
    assert "requirements/otel.txt" in refusal.value.remedy.ru


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/v4/leads", "/api/v4/leads"),
        ("/companies/1701/messaging/messages/", "/companies/{id}/messaging/messages/"),
        ("/chats/0234aa88-0002-4671-ad08-531653522378/", "/chats/{id}/"),
        ("/api/v4/leads/pipelines/5100/statuses", "/api/v4/leads/pipelines/{id}/statuses"),
    ],
)
def test_a_series_of_numbers_is_one_address_and_not_one_for_each_chat(path: str, named: str) -> None:
    assert without_ids(path) == named


@given(st.lists(st.one_of(st.integers(100).map(str), st.uuids().map(str)), max_size=4))
def test_no_number_of_a_chat_or_person_is_left(ids: list[str]) -> None:
    assert without_ids("/a/" + "/".join(ids)).replace("{id}", "").strip("/a") == ""
