"""Whatever a provider does, the client learns what to do, pays for nothing twice, and no episode is lost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import delete

from synkro_resources.ai.rungs import Rung
from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import episode_analysis
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.sandbox.openai.switches import Fault
from tests.assets.analysis.desk import Desk, desk, world_contents
from tests.assets.analysis.test_analyst import SALE


@pytest.fixture
def at_desk(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Iterator[Desk]:
    with desk(control_db, tenant_a.slug, control_clock) as made:
        made.switches.slow_s = 0.1
        yield made


def status(at_desk: Desk) -> object:
    return at_desk.analyses()[SALE.episode_key]["status"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("401", "ai.key_refused"),
        ("403_region", "ai.region"),
        ("insufficient_quota", "ai.no_funds"),
        ("html_in_200", "ai.bad_answer"),
    ],
)
def test_what_only_a_person_can_mend_stops_every_call_and_is_named(at_desk: Desk, fault: Fault, code: str) -> None:
    at_desk.switches.always = fault
    tally = at_desk.run(world_contents()[:10], at_once=2)
    assert tally.statuses == {"provider_error": 10}
    assert at_desk.requests() <= 2
    assert at_desk.last is not None
    stopped = at_desk.last.stopped
    assert stopped is not None
    assert stopped.code == code
    assert stopped.remedy.ru
    assert stopped.tenant == at_desk.tenant
    assert at_desk.last.spending.cost == 0
    at_desk.switches.always = None
    assert at_desk.run(world_contents()[:10]).statuses == {"ok": 10}


def test_a_model_that_was_switched_off_is_named_as_such(at_desk: Desk) -> None:
    at_desk.run([SALE], model="gone-model")
    assert at_desk.last is not None
    assert at_desk.last.stopped is not None
    assert at_desk.last.stopped.code == "ai.model_not_found"


@pytest.mark.parametrize("fault", ["429", "429_no_retry_after", "429_ms", "500", "503", "502_html"])
def test_what_passes_by_itself_is_waited_for_and_costs_nothing(at_desk: Desk, fault: Fault) -> None:
    at_desk.switches.retry_after_s = 7
    at_desk.switches.faults = [fault, fault]
    at_desk.run([SALE])
    assert status(at_desk) == "ok"
    assert len(at_desk.waits) == 2
    if fault in ("429", "429_ms"):
        assert all(7 <= seconds <= 8.4 for seconds in at_desk.waits)
    else:
        assert at_desk.waits == sorted(at_desk.waits)
        assert 2 <= at_desk.waits[0] <= 2.4
    assert [call["cost"] for call in at_desk.calls() if call["http_status"] != 200] == [Decimal(0)] * 2


def test_a_provider_that_stays_away_is_asked_four_times_and_again_by_the_next_run(at_desk: Desk) -> None:
    at_desk.switches.always = "503"
    at_desk.run([SALE])
    assert (status(at_desk), at_desk.requests(), len(at_desk.waits)) == ("provider_error", 4, 3)
    at_desk.switches.always = None
    at_desk.run([SALE])
    assert status(at_desk) == "ok"


@pytest.mark.parametrize("fault", ["disconnect", "reset", "reset_body", "cut", "silent"])
def test_a_call_that_may_have_been_billed_counts_by_its_estimate(at_desk: Desk, fault: Fault) -> None:
    at_desk.switches.faults = [fault]
    at_desk.run([SALE], deadline_s=2.0)
    assert status(at_desk) == "ok"
    unsure = [call for call in at_desk.calls() if call["cost_is_estimate"]]
    assert len(unsure) == 1
    assert Decimal(str(unsure[0]["cost"])) > 0
    assert at_desk.last is not None
    assert at_desk.last.spending.unsure_calls == 1


@pytest.mark.parametrize("fault", ["refusal", "content_filter"])
def test_a_refusal_is_kept_and_the_same_text_never_sent_again(at_desk: Desk, fault: Fault) -> None:
    at_desk.switches.faults = [fault]
    at_desk.run([SALE])
    assert (status(at_desk), at_desk.requests()) == ("refused", 1)
    at_desk.run([SALE])
    assert at_desk.requests() == 1


@pytest.mark.parametrize("fault", ["unknown_finish", "fenced", "prose", "usage_missing", "details_missing"])
def test_an_oddly_wrapped_answer_is_an_answer(at_desk: Desk, fault: Fault) -> None:
    at_desk.switches.always = fault
    at_desk.run([SALE])
    assert status(at_desk) == "ok"
    if fault == "usage_missing":
        assert all(call["cost_is_estimate"] for call in at_desk.calls())


@pytest.mark.parametrize("fault", ["not_json", "empty_content", "schema_ignored", "error_in_200", "length"])
def test_an_unreadable_answer_is_asked_for_once_more(at_desk: Desk, fault: Fault) -> None:
    at_desk.switches.faults = [fault]
    tally = at_desk.run([SALE])
    assert status(at_desk) == "ok"
    assert tally.primary == 1


def test_an_answer_that_is_never_readable_ends_as_invalid_and_is_not_paid_for_again(at_desk: Desk) -> None:
    at_desk.switches.always = "not_json"
    at_desk.run([SALE])
    assert status(at_desk) == "invalid"
    asked = len(at_desk.calls())
    assert asked == 3  # refusals of the other ways of asking are no answers
    at_desk.run([SALE])
    assert len(at_desk.calls()) == asked


def test_calls_side_by_side_that_find_the_schema_ignored_step_down_once_and_leave_no_dialog_unlabelled(
    at_desk: Desk,
) -> None:
    at_desk.switches.faults = ["schema_ignored"] * 12
    at_desk.switches.latency_s = 0.3
    tally = at_desk.run(world_contents()[:12], at_once=8, profile="vllm")
    assert tally.statuses == {"ok": 12}
    assert at_desk.last is not None
    assert at_desk.last.client.rung is Rung.TOOL


@pytest.mark.parametrize("fault", ["empty_content", "error_in_200"])
def test_a_provider_that_says_nothing_is_asked_again_the_next_day_and_its_silence_is_not_read_from_the_ledger(
    at_desk: Desk, fault: Fault
) -> None:
    at_desk.switches.always = fault
    at_desk.run([SALE])
    assert status(at_desk) == "provider_error"
    assert at_desk.findings() == []
    at_desk.switches.always = None
    asked = at_desk.requests()
    at_desk.run([SALE])
    assert status(at_desk) == "ok"
    assert at_desk.requests() > asked
    asked = at_desk.requests()
    at_desk.run([SALE])
    assert at_desk.requests() == asked


def test_a_refusal_whose_run_died_is_read_from_the_ledger_and_not_paid_for_again(at_desk: Desk) -> None:
    at_desk.switches.always = "refusal"
    at_desk.run([SALE])
    with at_desk.db.tenant(at_desk.tenant) as connection:
        connection.execute(delete(episode_analysis))
    asked = at_desk.requests()
    at_desk.run([SALE])
    assert (status(at_desk), at_desk.requests()) == ("refused", asked)


def test_a_provider_that_refuses_the_schema_is_asked_another_way_by_all_calls_from_then_on(at_desk: Desk) -> None:
    at_desk.switches.schema_refused = True
    contents = world_contents()[:8]
    tally = at_desk.run(contents, at_once=1)
    assert tally.statuses == {"ok": 8}
    assert at_desk.last is not None
    assert at_desk.last.client.rung is Rung.TOOL
    calls = at_desk.calls()
    assert at_desk.requests() - len(calls) <= 4  # refusals of the format, once per way of asking


def test_a_storm_of_refusals_halves_what_runs_at_once_and_loses_nothing(at_desk: Desk) -> None:
    contents = world_contents()[:30]
    at_desk.switches.always, at_desk.switches.fault_every = "429", 3
    tally = at_desk.run(contents, at_once=16)
    assert tally.statuses["ok"] >= 25
    assert tally.statuses.total() == 30
    assert at_desk.last is not None
    assert at_desk.last.limit.limit < 16
    at_desk.switches.always = None
    assert at_desk.run(contents).cache_hits == tally.statuses["ok"]
    assert {row["status"] for row in at_desk.analyses().values()} == {"ok"}
