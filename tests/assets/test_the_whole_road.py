"""The figures of a day equal what was planted, a load sends nothing, and doing it twice changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from synkro_assets.automation.jobs import REPORT_JOB
from synkro_assets.definitions import build_defs
from synkro_assets.partitions import range_tags
from synkro_resources.control.outbox import deliveries
from synkro_resources.control.packages import latest_package
from synkro_resources.model.package import Package
from synkro_resources.model.period import Period, days_between
from synkro_resources.model.tables import DAY_COLUMN, TABLES
from synkro_resources.model.tables.dialogs import CHAT_PAIR, EPISODE
from synkro_resources.sandbox.world.facts import PlantedTalk
from synkro_resources.sandbox.world.period_rows import PeriodTruth
from tests.pipeline import Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("road")  # what the module loads is loaded once

SLUG = "warm"
FIRST, LAST, TODAY = date(2026, 10, 17), date(2026, 11, 19), date(2026, 11, 20)
REPORTED = list(days_between(date(2026, 11, 6), LAST))


@dataclass
class Road:
    place: Installation
    sandbox: Sandbox

    def package(self, day: date) -> Package:
        found = latest_package(self.place.control, SLUG, Period.day(day).report_id)
        assert found is not None
        return found[2]

    def truth(self, day: date) -> PeriodTruth:
        return self.sandbox.world.truth.day(day)


@pytest.fixture(scope="module")
def road(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    with installation(control_url, tmp_path_factory.mktemp("road")) as place:
        sandbox = place.add_company(SLUG, seed=7)
        loaded = place.load(SLUG, FIRST, TODAY)
        assert loaded.status == "done", loaded
        defs = build_defs(place.settings)
        result = defs.resolve_job_def(REPORT_JOB).execute_in_process(
            instance=place.instance, tags=range_tags(SLUG, REPORTED[0], REPORTED[-1]), raise_on_error=False
        )
        assert result.success
        yield Road(place, sandbox)


def test_a_load_and_an_operators_range_send_nothing(road: Road) -> None:
    assert road.sandbox.delivered() == []
    assert deliveries(road.place.control, SLUG) == []


@pytest.mark.parametrize("day", REPORTED, ids=str)
def test_the_counts_of_a_day_equal_the_planted_truth(road: Road, day: date) -> None:
    package, truth = road.package(day), road.truth(day)
    expected = {
        (0, "new_episodes"): truth.new_episodes,
        (4, "unanswered"): len(truth.unanswered),
        (4, "not_due"): truth.not_due,
        (9, "lost"): len(truth.lost),
        (9, "lost_without_reason"): truth.lost_without_reason,
        (9, "won"): len(truth.won),
    }
    found = {
        key: int(metric.value) for key in expected if (metric := package.metric(*key)) and metric.value is not None
    }
    assert found == expected


@pytest.mark.parametrize("day", REPORTED, ids=str)
def test_the_times_and_shares_of_a_day_equal_the_planted_truth(road: Road, day: date) -> None:
    package, truth = road.package(day), road.truth(day)
    in_sla = package.metric(3, "in_sla")
    assert in_sla is not None
    assert (in_sla.num, in_sla.den) == (truth.in_sla, truth.judged)
    for number, code, planted in ((1, "frt_median", truth.first_response), (2, "rt_median", truth.response)):
        metric = package.metric(number, code)
        assert metric is not None
        assert metric.n == len(planted)
        if len(planted) >= 5:
            assert metric.value == pytest.approx(median(planted), abs=1e-6)


@pytest.mark.parametrize("day", REPORTED, ids=str)
def test_the_list_of_unanswered_clients_equals_the_planted_truth(road: Road, day: date) -> None:
    rows = road.package(day).list_rows("unanswered")
    assert sorted(str(row.dialog_id) for row in rows) == sorted(
        str(item.chat_id) for item in road.truth(day).unanswered
    )


@pytest.mark.parametrize("day", REPORTED, ids=str)
def test_the_lists_of_silent_and_lost_deals_equal_the_planted_truth(road: Road, day: date) -> None:
    package, truth = road.package(day), road.truth(day)
    assert sorted(row.deal_id or 0 for row in package.list_rows("silent_deals")) == sorted(truth.new_deals_silent)
    assert sorted(row.deal_id or 0 for row in package.list_rows("silent_open")) == sorted(truth.open_silent)
    assert sorted(row.deal_id or 0 for row in package.list_rows("lost")) == sorted(truth.lost)


def test_every_episode_finds_the_planted_contact_and_deal_of_its_dialog(road: Road) -> None:
    days = REPORTED[:-2]  # of the last days conversations may still go on
    rows = road.place.lake.read_days(EPISODE, SLUG, days_between(FIRST, TODAY)).sort_by(DAY_COLUMN).to_pylist()
    found = {(int(row["dialog_id"]), row["start_at"].replace(microsecond=0)): row for row in rows}
    truth = road.sandbox.world.truth
    local_day = truth.working_time.local_day
    created = {deal.lead_id: local_day(deal.created_at) for deal in truth.deals}
    talks = {talk.chat_id: talk for talk in truth.talks}
    pairs = road.place.lake.read_days(CHAT_PAIR, SLUG, days_between(FIRST, TODAY)).to_pylist()
    paired = {row["event_id"]: row["message_id"] for row in pairs}
    by_chat_events = 0
    for episode in truth.episodes:
        if local_day(episode.start_at) not in days:
            continue
        row = found[(episode.chat_id, episode.start_at.replace(microsecond=0))]
        contact, deal = episode.contact_id, episode.deal_id
        if contact is None and episode.chat_id in talks:
            contact = contact_by_pairs(talks[episode.chat_id], paired, row["source_updated_at"], local_day)
            deal = episode.owner_deal_id if contact is not None else None
            by_chat_events += contact is not None
            assert row["link_method"] == ("none" if contact is None else "crm_chat")
        # an episode is known as of the end of its last day: a deal that is opened on the morning after is not
        if deal is None or created[deal] <= local_day(episode.last_at):
            assert (row["contact_id"], row["deal_id"]) == (contact, deal), episode
    assert by_chat_events > 20


def contact_by_pairs(
    talk: PlantedTalk, paired: Mapping[str, str], until: datetime, local_day: Callable[[datetime], date]
) -> int | None:
    """Whom the planted pairs of the thirty loaded days up to `until` name: one contact with three of them.

    Without the few whose message or event lies nearer to that of another dialog: seconds cannot tell them apart.
    """
    last = local_day(until - timedelta(seconds=1))
    first = max(FIRST, last - timedelta(days=29))
    known = Counter(
        pair.contact_id
        for pair in talk.pairs
        if first <= local_day(pair.sent_at) == local_day(pair.event_at) <= last
        and pair.event_at < until
        and paired.get(pair.event_id) == pair.message_id
    )
    enough = [contact for contact, count in known.items() if count >= 3]
    return enough[0] if len(enough) == 1 else None


def test_nearly_all_planted_chat_events_are_paired_with_their_own_dialog(road: Road) -> None:
    local_day = road.sandbox.world.truth.working_time.local_day
    rows = road.place.lake.read_days(CHAT_PAIR, SLUG, days_between(FIRST, LAST)).to_pylist()
    paired = {row["event_id"]: row["dialog_id"] for row in rows}
    planted = {
        pair.event_id: talk.chat_id
        for talk in road.sandbox.world.truth.talks
        for pair in talk.pairs
        if FIRST <= local_day(pair.sent_at) == local_day(pair.event_at) <= LAST
    }
    right = sum(paired.get(event) == dialog for event, dialog in planted.items())
    assert len(planted) > 1000
    assert right / len(planted) > 0.95  # seconds alone cannot tell two dialogs apart that speak at once


def test_every_table_has_a_file_for_every_day(road: Road) -> None:
    for table in TABLES.values():
        assert road.place.lake.days(table, SLUG) == list(days_between(FIRST, TODAY)), table.name


def test_the_same_days_again_leave_the_same_bytes_and_no_new_revision(road: Road) -> None:
    first, last = LAST - timedelta(days=1), TODAY
    before = _files(road, first, last)
    assert road.place.load(SLUG, first, last).status == "done"
    assert _files(road, first, last) == before


def _files(road: Road, first: date, last: date) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for table in TABLES.values():
        for name in [*days_between(first, last), "current", "baseline"]:
            path = road.place.lake.path(table, SLUG, name)
            if path.exists():
                files[str(Path(table.name) / str(name))] = path.read_bytes()
    return files


def test_a_requested_report_arrives_once_however_often_it_is_asked_for(road: Road) -> None:
    for _ in range(2):
        assert road.place.report(SLUG, LAST).status == "done"
    assert len(road.sandbox.delivered()) == 1
    assert [part.state for part in deliveries(road.place.control, SLUG)] == ["sent"]


def median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
