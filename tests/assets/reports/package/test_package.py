"""The day package: its figures, what they are compared with, what it opens into, and when it is new."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from synkro_assets.reports.package.build import build_package, build_waiting_now, source_times
from synkro_assets.reports.package.inputs import PackageInputs, days_to_read, newest_per_key
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.package import Package, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.comparison import comparable_day
from synkro_resources.rules.metrics.labels import NO_OVERLAY, Labels, Overlay
from synkro_resources.rules.working_time import Calendar
from tests.assets.reports.days import BEFORE, MONDAY, SETTINGS, end_of, known_at, monday, with_rows
from tests.resources.rules.calendars import C1, C2, at
from tests.resources.rules.metrics.label_rows import analysis, checklist, found
from tests.resources.rules.metrics.rows import deal, episode, message, move, table, turn

MORNING = at("2026-09-08T08:22")


def build(
    inputs: PackageInputs, *, data_until: datetime = MORNING, settings: TenantSettings = SETTINGS, day: date = MONDAY
) -> Package:
    return build_package(
        inputs,
        tenant="demo",
        settings=settings,
        period=Period.day(day),
        data_until=data_until,
        clock=FixedClock(MORNING),
    )


def value(package: Package, number: int, code: str) -> float | None:
    metric = package.metric(number, code)
    assert metric is not None, code
    return metric.value


def test_the_figures_of_the_day_come_with_those_of_the_same_weekday_before() -> None:
    package = build(monday())
    episodes, first, norm = (
        package.metric(0, "new_episodes"),
        package.metric(1, "frt_median"),
        package.metric(3, "in_sla"),
    )
    assert episodes is not None
    assert first is not None
    assert norm is not None
    assert (episodes.value, episodes.prev_value) == (3, 1)
    assert (first.value, first.n, first.prev_value, first.display) == (10, 3, 10, "few")
    assert (norm.num, norm.den, norm.prev_value) == (2, 4, 1)
    assert package.prev_period is not None
    assert package.prev_period.first_day == BEFORE
    assert package.verdict is Verdict.OK


def test_a_client_left_alone_is_listed_with_deal_price_and_manager() -> None:
    package = build(monday())
    rows = package.list_rows("unanswered")
    assert [(row.deal_id, row.amount, row.manager_id, row.age_min) for row in rows] == [(201, 310_000, 1, 60)]
    assert value(package, 4, "not_due") == 1
    assert package.names["manager"] == {"1": "Анна", "2": "Игорь"}


def test_every_count_has_as_many_rows_behind_it() -> None:
    package = build(monday())
    for number, code, rows in (
        (0, "new_episodes", "new_episodes"),
        (4, "unanswered", "unanswered"),
        (8, "open_silent", "silent_open"),
        (9, "lost", "lost"),
        (9, "won", "won"),
    ):
        assert value(package, number, code) == len(package.list_rows(rows)), code
    norm = package.metric(3, "in_sla")
    assert norm is not None
    assert norm.den == len(package.list_rows("judged"))
    assert [row.row_no for row in package.list_rows("judged")] == [1, 2, 3, 4]


def test_a_lost_deal_without_price_keeps_its_reason() -> None:
    package = build(monday())
    (row,) = package.list_rows("lost")
    assert (row.deal_id, row.amount, row.extra["reason"]) == (202, None, "Дорого")
    assert (value(package, 9, "lost_without_price"), value(package, 9, "lost_without_reason")) == (1, 0)


def test_undelivered_messages_and_unmatched_dialogs_are_told() -> None:
    health = {item.code: item for item in build(monday()).health}
    assert health["undelivered"].value == 1
    assert round(health["unmatched_share"].value or 0, 3) == 0.333
    assert health["dialog_coverage"].value == 1


def test_AC20_the_same_rows_make_the_same_package_and_one_late_message_makes_another() -> None:
    first, again = build(monday()), build(monday())
    assert first.input_hash == again.input_hash
    late = with_rows(
        monday(),
        messages=[message(101, "07 17:30") | {"episode_key": "a"}],
    )
    assert build(late).input_hash != first.input_hash


def test_what_people_say_of_findings_makes_a_new_revision() -> None:
    rows = [found("a", "sentiment_end", value="negative"), *checklist("a", yes="01 02 04 07", no="05")]
    wrong = frozenset({str(rows[0]["finding_id"])})
    disputed = frozenset({str(row["finding_id"]) for row in rows if row["code"] == "CK05"})

    def with_words(now: Overlay = NO_OVERLAY, before: Overlay = NO_OVERLAY) -> Package:
        answers = [analysis("a")]
        return build(
            replace(monday(), labels=Labels.of(answers, rows, now), labels_before=Labels.of(answers, rows, before))
        )

    builds = [
        with_words(),
        with_words(Overlay(removed=wrong)),
        with_words(Overlay(disputed=disputed)),
        with_words(before=Overlay(removed=wrong)),
        with_words(Overlay(removed=wrong), Overlay(removed=wrong)),
    ]
    assert len({package.input_hash for package in builds}) == len(builds)
    assert with_words().input_hash == builds[0].input_hash
    negative = [package.metric(12, "sentiment_negative") for package in builds[:2]]
    assert [None if metric is None else (metric.num, metric.den) for metric in negative] == [(1, 1), (0, 0)]
    assert value(builds[0], 14, "checklist_mean") == pytest.approx(100 * 40 / 49)
    assert value(builds[2], 14, "checklist_mean") == 100


def test_AC20_what_happens_after_the_day_makes_no_new_revision() -> None:
    first = build(monday())
    later = with_rows(
        monday(),
        messages=[message(101, "08 09:05", "manager") | {"episode_key": "a"}],
        deals=[deal(300, 5, created="08 10:00")],
        deal_events=[move(201, "08 10:00", 11, 142)],
        turns=known_at(date(2026, 9, 8), turn("a", "07 17:00", "08 09:05", dialog=101, no=3)),
    )
    assert build(later).input_hash == first.input_hash
    assert build(later).metrics == first.metrics


def test_an_answer_of_the_next_morning_does_not_change_the_day_but_clears_the_waiting_list() -> None:
    tuesday = with_rows(
        monday(),
        turns=known_at(
            date(2026, 9, 8),
            turn("a", "07 10:00", "07 10:06", dialog=101),
            turn("a", "07 17:00", "08 09:05", dialog=101, no=3),
        ),
        episodes=known_at(date(2026, 9, 8), episode("a", "07 10:00", deal=201, contact=1, dialog=101)),
    )
    assert len(build(tuesday).list_rows("unanswered")) == 1
    before = build_waiting_now(tuesday, tenant="demo", settings=SETTINGS, data_until=at("2026-09-08T09:00"))
    after = build_waiting_now(tuesday, tenant="demo", settings=SETTINGS, data_until=at("2026-09-08T09:12"))
    assert [row.deal_id for row in before.rows] == [201]
    assert before.not_due == 1
    assert [(row.deal_id, row.age_min) for row in after.rows] == [(None, 17)]


def test_EP08_an_episode_that_a_late_message_joined_to_another_is_not_counted_twice() -> None:
    tuesday = date(2026, 9, 8)
    rows = with_rows(
        monday(),
        episodes=known_at(date(2026, 9, 6), episode("ghost", "06 10:00", dialog=101)),
        turns=known_at(date(2026, 9, 6), turn("ghost", "06 10:00", dialog=101)),
    )
    assert [row.deal_id for row in build(rows).list_rows("unanswered")] == [201]
    assert build(rows, day=tuesday, data_until=end_of(tuesday)).list_rows("unanswered")[0].deal_id == 201


def test_a_day_read_before_its_end_is_preliminary() -> None:
    package = build(monday(), data_until=at("2026-09-07T15:00"))
    assert package.as_of == at("2026-09-07T15:00")
    assert (package.verdict, package.verdict_reasons) == (Verdict.PRELIMINARY, ("period_not_over",))
    assert value(package, 4, "unanswered") == 0, "the question of 17:00 is not known yet"


def test_a_day_without_one_of_its_sources_reaches_no_reader() -> None:
    inputs = monday()
    silent = replace(inputs, loads=[load for load in inputs.loads if not load.step.startswith("radist")])
    package = build(silent)
    assert (package.verdict, package.verdict_reasons) == (Verdict.FAILED, ("no_load:radist",))


def test_a_day_on_which_nobody_wrote_is_empty_not_broken() -> None:
    inputs = monday()
    nobody = replace(
        inputs,
        episodes=table("episode", []),
        turns=table("turn", []),
        messages=table("message", []),
        dialogs=inputs.dialogs.slice(0, 0),
    )
    package = build(nobody)
    assert package.verdict is Verdict.EMPTY
    assert value(package, 1, "frt_median") is None


def test_without_the_earlier_day_there_is_no_comparison() -> None:
    package = build(replace(monday(), loaded_days=frozenset({MONDAY})))
    assert (package.prev_period, package.prev_note) == (None, "not_loaded")
    assert all(metric.prev_value is None for metric in package.metrics)


def test_CMP11_a_working_tuesday_is_not_compared_with_a_holiday() -> None:
    assert comparable_day(date(2025, 11, 11), C2) == date(2025, 10, 28)


def test_hidden_names_become_numbers() -> None:
    package = build(monday(), settings=SETTINGS.model_copy(update={"show_manager_names": False}))
    assert package.names["manager"] == {"1": "Менеджер 1", "2": "Менеджер 2"}


def test_the_days_to_read_cover_the_look_back_of_the_earlier_day() -> None:
    first, last = days_to_read(Period.day(MONDAY), SETTINGS, C1)
    assert (first, last) == (date(2026, 8, 17), MONDAY)


def test_the_newest_partition_of_an_id_wins() -> None:
    rows = table(
        "turn", known_at(BEFORE, turn("a", "08-31 10:00")) + known_at(MONDAY, turn("a", "08-31 10:00", "07 10:00"))
    )
    newest = newest_per_key(rows, ["turn_id"])
    assert newest.num_rows == 1
    assert newest.column("answered_at").null_count == 0


def test_the_time_of_a_source_is_that_of_its_oldest_step() -> None:
    assert source_times(monday().loads) == {"radist": MORNING, "amocrm": MORNING}


def test_the_calendar_is_part_of_the_versions() -> None:
    assert build(monday()).versions["calendar"] == Calendar.of(SETTINGS).version


def test_every_active_episode_is_a_row_with_what_was_measured_of_it() -> None:
    rows = {row.episode_key: row for row in build(monday()).list_rows("episodes")}
    assert sorted(rows) == ["a", "b", "c"]
    assert rows["a"].extra["unanswered"] is True
    assert rows["a"].extra["frt"] == 6
    assert rows["b"].extra["in_sla"] == 0
    assert rows["c"].extra["turns"] == 2
