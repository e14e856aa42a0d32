"""Dialogs without deal, reasons of losses, sentiment, objections, and whose an episode's labels are."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_resources.rules.metrics.labels import Labels, closed_by_label, episode_managers
from synkro_resources.rules.metrics.lost import lost_deals
from synkro_resources.rules.metrics.lost_reasons import lost_reasons
from synkro_resources.rules.metrics.no_deal import WithoutDeal, dialogs_without_deal
from synkro_resources.rules.metrics.objections import objections
from synkro_resources.rules.metrics.sentiment import sentiment
from tests.resources.rules.metrics.label_rows import analysis, found, labels
from tests.resources.rules.metrics.rows import (
    WON,
    deal,
    deal_contact,
    episode,
    frame,
    hand_over,
    history,
    message,
    move,
    turn,
)
from tests.resources.rules.metrics.test_deals import ELSEWHERE, EXPENSIVE, OPEN, REASONS, week_of_losses, when

UNSORTED = 10
START, END = when("07 00:00"), when("14 00:00")
CODES = {EXPENSIVE: "price", ELSEWHERE: "competitor"}


def week_of_dialogs(given_labels: Labels | None = None) -> WithoutDeal:
    starts = dict.fromkeys(range(1, 11), "08 10:00") | {8: "13 12:00"}
    episodes = [
        episode(f"N{number}", start, contact=None if number == 7 else number) for number, start in starts.items()
    ]
    known = history(
        [
            deal(2, created="09 09:59"),
            deal(3, created="09 10:00:01"),
            deal(4),
            deal(5, status=WON),
            deal(10, created="08 11:00", status=UNSORTED),
        ],
        [move(5, "01 12:00", OPEN, WON)],
        until="14 00:00",
    )
    kinds = {9: "job_seeker"}
    said = [found(f"N{number}", "client_type", kinds.get(number, "buyer")) for number in starts]
    said += [found(f"N{n}", "intent", "service_question" if n == 6 else "price_specific") for n in starts]
    return dialogs_without_deal(
        labels(*said) if given_labels is None else given_labels,
        frame("episode", episodes),
        frame("deal_contact", [deal_contact(number, number) for number in (2, 3, 4, 5, 10)]),
        known,
        start=START,
        end=END,
        as_of=when("14 00:00"),
        grace=timedelta(hours=24),
        unsorted={(1, UNSORTED)},
    )


def test_ND01_dialogs_without_deal() -> None:
    result = week_of_dialogs()
    assert [row.episode_key for row in result.of("without_deal")] == ["N1", "N3", "N5"]
    assert [row.episode_key for row in result.of("with_deal")] == ["N10", "N2", "N4"]
    assert (result.share.num, result.share.den, result.share.display) == (3, 6, "few")
    assert (len(result.of("pending")), len(result.of("unmatched")), sum(result.excluded.values())) == (1, 1, 2)
    assert [row.episode_key for row in result.rows if row.deal_created_late] == ["N3"]
    assert [row.episode_key for row in result.rows if row.only_unsorted] == ["N10"]
    assert (result.by_channel()["whatsapp"].num, result.excluded) == (3, {"job_seeker": 1, "no_purchase_intent": 1})


def test_a_deal_created_exactly_at_the_end_of_the_grace_counts() -> None:
    rows = dialogs_without_deal(
        labels(found("N", "intent", "order")),
        frame("episode", [episode("N", "08 10:00", contact=1)]),
        frame("deal_contact", [deal_contact(1, 1)]),
        history([deal(1, created="09 10:00")]),
        start=START,
        end=END,
        as_of=when("14 00:00"),
        grace=timedelta(hours=24),
    )
    assert [row.state for row in rows.rows] == ["with_deal"]


def test_without_labels_no_dialog_is_judged() -> None:
    assert week_of_dialogs(Labels.none("no_llm")) == WithoutDeal((), {})


def mismatches(*said: dict[str, object]) -> tuple[int, int, int, int]:
    known = week_of_losses()
    lost = lost_deals(known, start=START, end=END, as_of=when("14 00:00"), reasons=REASONS)
    days = {"L1": "11 12:00", "L4": "09 09:00", "L6": "13 20:00", "L8": "12 09:00"}
    episodes = [episode(key, day, deal=int(key[1:])) for key, day in days.items()]
    result = lost_reasons(labels(*said, episodes=days), lost, frame("episode", episodes), CODES)
    return result.share.num, result.share.den, result.unmapped, result.unknown


def test_LD01_two_of_three_reasons_differ() -> None:
    assert mismatches(
        found("L1", "lost_reason", "price"),
        found("L4", "lost_reason", "price"),
        found("L6", "lost_reason", "price"),
        found("L8", "lost_reason", "no_response_us"),
    ) == (2, 3, 0, 0)


def test_a_dialog_without_a_reason_is_in_neither_side() -> None:
    assert mismatches(found("L6", "lost_reason", "price")) == (0, 1, 0, 2)


def test_a_reason_without_a_code_is_counted_apart() -> None:
    lost = lost_deals(week_of_losses(), start=START, end=END, as_of=when("14 00:00"), reasons=REASONS)
    result = lost_reasons(Labels.none("no_llm"), lost, frame("episode", []), {EXPENSIVE: "price"})
    assert (result.share.value, result.unmapped) == (None, 1)


def test_only_the_newest_episode_around_the_loss_tells_the_reason() -> None:
    known = week_of_losses()
    lost = lost_deals(known, start=START, end=END, as_of=when("14 00:00"), reasons=REASONS)
    episodes = frame(
        "episode",
        [
            episode("old", "08-29 23:00", deal=6),
            episode("early", "01 10:00", deal=6),
            episode("newest", "13 10:00", deal=6),
            episode("later", "14 23:31", deal=6),
        ],
    )
    said = labels(
        *(found(key, "lost_reason", code) for key, code in (("old", "trust"), ("early", "terms"), ("newest", "price"))),
        found("later", "lost_reason", "trust"),
    )
    assert [pair.episode_key for pair in lost_reasons(said, lost, episodes, CODES).pairs] == ["newest"]


def texts(key: str, count: int, *, kind: str = "client", text: str | None = "да") -> list[dict[str, object]]:
    return [
        message(1, f"08 10:{minute:02}", kind)
        | {"message_id": f"{key}-{kind}-{text}-{minute}", "episode_key": key, "text": text}
        for minute in range(count)
    ]


def mood(key: str, start: str, end: str) -> list[dict[str, object]]:
    return [found(key, "sentiment_start", value=start), found(key, "sentiment_end", value=end)]


def test_sentiment_is_compared_only_where_the_client_wrote_six_texts() -> None:
    said = labels(
        *mood("a", "neutral", "negative"),
        *mood("b", "neutral", "negative"),
        *mood("c", "negative", "positive"),
        found("d", "sentiment_end", value="-", applicability="undetermined"),
    )
    written = [*texts("a", 6), *texts("b", 5), *texts("b", 3, text=None), *texts("b", 9, kind="bot"), *texts("c", 7)]
    active = frame("episode", [episode(key, "08 10:00") for key in "abcd"])
    result = sentiment(said, active, frame("message", written))
    assert (result.negative.num, result.negative.den) == (2, 3)
    assert (result.worse, result.better, result.compared) == (1, 1, 2)


def test_objections_count_once_per_deal_and_their_replies_per_episode() -> None:
    rows = [
        episode("a", "08 10:00", deal=1),
        episode("b", "09 10:00", deal=1),
        episode("c", "09 10:00", deal=2),
        episode("d", "09 11:00"),
        episode("e", "09 12:00", deal=3),
        episode("f", "09 13:00", deal=4),
    ]
    said = labels(
        found("a", "objection", "price", "raised"),
        found("a", "objection_reply", "price", "handled"),
        found("a", "objection_outcome", "price", "accepted"),
        found("b", "objection", "price", "raised"),
        found("b", "objection_reply", "price", "not_handled"),
        found("b", "objection_outcome", "price", "open"),
        found("c", "objection", "thinking", "raised"),
        found("d", "objection", "price", "raised"),
        found("f", "objection", "price", "raised"),
    )
    known = history([deal(1), deal(2), deal(3), deal(4, merged_into=1, deleted=True)])
    result = objections(said, frame("episode", rows), known, as_of=when("14 00:00"))
    assert result.codes == ("price", "thinking")
    assert (result.share("price").num, result.share("price").den) == (1, 2)
    assert (result.share().num, result.handled("price").num, result.handled("price").den) == (2, 1, 3)
    assert [result.outcome(name, "price") for name in ("accepted", "declined", "open")] == [1, 0, 1]
    assert (result.without_deal("price"), result.without_deal("thinking")) == (1, 0)


def managers_of(written: list[dict[str, object]]) -> tuple[int | None, str]:
    known = history([deal(1, responsible=8)], [hand_over(1, "08 12:00", 7, 8)])
    person = episode_managers(
        frame("message", written), frame("episode", [episode("a", "08 10:00", deal=1)]), known, {"u-17": 9}
    )["a"]
    return person.manager_id, person.attribution


def spoken(when: str, kind: str = "manager", author: str | None = None) -> dict[str, object]:
    return message(1, when, kind) | {"message_id": f"{when}-{kind}", "episode_key": "a", "author_ref": author}


def test_labels_belong_to_who_wrote_most_and_a_tie_to_who_wrote_last() -> None:
    assert managers_of([spoken("08 10:00"), spoken("08 11:00"), spoken("08 13:00")]) == (7, "event")
    assert managers_of([spoken("08 10:00"), spoken("08 13:00")]) == (8, "event")
    assert managers_of([spoken("08 10:00", author="u-17")]) == (9, "author")


@settings(max_examples=20)
@given(st.permutations(range(3)), st.integers(0, 5))
def test_order_and_bot_messages_change_nobodys_labels(order: list[int], bots: int) -> None:
    written = [spoken("08 10:00"), spoken("08 11:00"), spoken("08 13:00")]
    more = [spoken(f"08 14:{minute:02}", "bot") for minute in range(bots)]
    assert managers_of([*more, *(written[place] for place in order)]) == (7, "event")


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ([], "not_analysed"),
        (["budget"], "budget"),
        (["plan"], "plan"),
        (["provider_error"], "not_analysed"),
        (["ok", "budget"], ""),
    ],
)
def test_why_there_are_no_labels(statuses: list[str], reason: str) -> None:
    rows = [analysis(f"e{number}", status=status) for number, status in enumerate(statuses)]
    keys = pd.Series([f"e{number}" for number in range(max(1, len(rows)))])
    assert Labels.of(rows, []).missing_for(keys) == reason


def test_the_reason_of_a_tenant_without_a_provider_stays() -> None:
    assert Labels.none("no_llm").missing_for(pd.Series(["e"])) == "no_llm"


def test_an_unanswered_analysis_gives_no_findings() -> None:
    said = Labels.of([analysis("e", status="invalid")], [found("e", "intent", "order")])
    assert said.found("intent").empty


def closed(label: Labels, *, quoted: str = "07 10:05") -> pd.Series:
    """Which of two client turns of an episode still need a reply; the second one, at 10:05, is the last."""
    turns = frame(
        "turn",
        [
            {**turn("A", "07 10:00", "07 10:02", no=1), "is_last_client_turn": False},
            turn("A", "07 10:05", no=2),
        ],
    )
    spoken = frame("message", [{**message(65, quoted), "message_id": "m5"}])
    return closed_by_label(turns, spoken, label).set_index("no")["needs_reply"]


def said_no(*, until: str = "07 10:05", band: str = "вероятно", flagged: bool = False) -> Labels:
    seen = analysis("A") | {"content_until": when(until), "injection_flag": flagged}
    return Labels.of([seen], [found("A", "needs_reply", value="no", messages=["m5"], band=band)])


def test_a_client_who_said_that_all_is_clear_is_not_shown_as_waiting() -> None:
    assert closed(said_no()).to_dict() == {1: True, 2: False}


@pytest.mark.parametrize(
    "label",
    [
        pytest.param(said_no(band="проверьте"), id="doubtful"),
        pytest.param(said_no(flagged=True), id="the-client-gave-orders"),
        pytest.param(said_no(until="07 10:04"), id="the-turn-went-on"),
        pytest.param(labels(found("A", "needs_reply", value="yes", messages=["m5"])), id="yes"),
        pytest.param(Labels.none("no_llm"), id="no-provider"),
    ],
)
def test_any_doubt_leaves_the_client_waiting(label: Labels) -> None:
    assert closed(label).to_dict() == {1: True, 2: True}


def test_a_label_about_an_earlier_turn_does_not_close_a_later_one() -> None:
    assert closed(said_no(), quoted="07 10:00").to_dict() == {1: True, 2: True}
