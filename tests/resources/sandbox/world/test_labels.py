"""The planted labels: what a model that makes no mistakes could have said of the messages, and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select

from synkro_resources.control.database import Database
from synkro_resources.control.tables.analysis import episode_analysis, finding
from synkro_resources.control.tenants import Tenant
from synkro_resources.sandbox.world import meanings, texts
from synkro_resources.sandbox.world.facts import PlantedEpisode, PlantedLine
from synkro_resources.sandbox.world.label_rows import analysis_rows
from synkro_resources.sandbox.world.label_truth import label_truth
from synkro_resources.sandbox.world.labels import CRITICAL, WEIGHTS, EpisodeLabels, labels_of, skip_reason
from tests.resources.sandbox.world.worlds import END, world

ONCE = ("client_type", "needs_reply", "sentiment_start", "sentiment_end")


def labelled(seed: int = 20) -> list[tuple[PlantedEpisode, EpisodeLabels]]:
    made = world(seed)
    found = [(episode, labels_of(made.seed, episode, END)) for episode in made.truth.episodes]
    return [(episode, labels) for episode, labels in found if labels is not None]


def test_every_label_stands_on_words_of_its_own_episode() -> None:
    for episode, labels in labelled():
        words = {line.message_id: line for line in episode.lines}
        for item in labels.findings:
            if item.applicability == "applicable":
                assert item.quote
                assert words[item.refs[0]].words == item.quote
                assert words[item.refs[0]].writer in ("client", "manager")


def test_an_answer_holds_what_the_analysis_contract_asks_for() -> None:
    for _, labels in labelled():
        if labels.status != "ok":
            assert labels.findings == []
            continue
        kinds = Counter(item.type for item in labels.findings)
        assert [kinds[kind] for kind in ONCE] == [1] * len(ONCE)
        assert kinds["checklist"] == (12 if labels.is_full else 0)
        assert kinds["objection"] == kinds["objection_reply"] == kinds["objection_outcome"] == len(labels.objections)
        if labels.is_full:
            assert (labels.checklist["CK07"] != "not_applicable") == bool(labels.objections)


def test_a_reply_comes_after_its_objection_and_the_outcome_after_both() -> None:
    checked = 0
    for episode, labels in labelled():
        place = {line.message_id: number for number, line in enumerate(episode.lines)}
        at = {(item.type, item.code): place[item.refs[0]] for item in labels.findings if item.refs}
        for objection in labels.objections if labels.findings else ():
            checked += 1
            raised, code = at["objection", objection.code], objection.code
            assert (raised < at["objection_reply", code]) == objection.handled
            assert (raised < at["objection_outcome", code]) == (objection.outcome != "open")
    assert checked > 50


def test_labels_of_fewer_messages_never_know_the_later_ones() -> None:
    made = world()
    for episode in made.truth.episodes:
        half = episode.lines[len(episode.lines) // 2].at
        labels = labels_of(made.seed, episode, half)
        seen = {line.message_id for line in episode.lines if line.at < half}
        assert labels is None or {ref for item in labels.findings for ref in item.refs} <= seen


def test_a_world_holds_episodes_of_every_kind() -> None:
    found = labelled()
    assert 0.03 < 1 - len(found) / len(world().truth.episodes) < 0.5
    assert {labels.status for _, labels in found} == {"ok", "refused", "invalid", "provider_error"}
    assert any(labels.injected for _, labels in found)
    assert any(labels.score is None for _, labels in found if labels.is_full)
    assert Counter(labels.client_type for _, labels in found)["buyer"] > len(found) / 2
    reasons = {skip_reason(episode.lines) for episode in world().truth.episodes}
    assert {None, "closing_only", "outbound_only", "no_manager_text"} <= reasons


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([("client", "👍👍", True)], "closing_only"),
        ([("client", "", False)], "no_text"),
        ([("manager", "Добрый день", False)], "outbound_only"),
        ([("broadcast", "Скидка", False)], "bot_only"),
        ([("client", "Сколько стоит?", False)], "no_manager_text"),
        ([("client", "Есть?", False), ("manager", "Да", False)], "too_short"),
        ([("client", "Сколько стоит котёл на дом?", False), ("manager", "Сто тысяч рублей с монтажом", False)], None),
    ],
)
def test_the_gates_tell_why_an_episode_is_not_labelled_or_not_scored(
    words: list[tuple[str, str, bool]], expected: str | None
) -> None:
    lines = [
        PlantedLine(str(number), END, writer, text, closing=closing)  # type: ignore[arg-type]
        for number, (writer, text, closing) in enumerate(words)
    ]
    assert skip_reason(lines) == expected


def test_the_weights_sum_to_a_hundred_and_critical_items_are_among_them() -> None:
    assert sum(WEIGHTS.values()) == 100
    assert set(CRITICAL) <= WEIGHTS.keys()


def test_the_figures_of_labels_add_up() -> None:
    made = world()
    told = label_truth(made, made.truth.period(date(2026, 10, 1), date(2026, 10, 31)))
    assert 0 < len(told.analysed) <= told.active
    assert set(told.negative) <= set(told.with_mood)
    assert set(told.worse) | set(told.better) <= set(told.moods_compared)
    for code, episodes in told.objecting.items():
        outcomes = [count for (name, _), count in told.outcomes.items() if name == code]
        assert told.handled[code] <= sum(outcomes) == len(episodes)
        assert told.deals_objecting[code] <= told.deals_analysed
    assert told.without_deal
    assert told.with_deal
    assert told.mismatched
    assert all(0 <= score <= 100 for score in told.scores.values())
    started = len(made.truth.period(date(2026, 10, 1), date(2026, 10, 31)).started)
    judged = (*told.without_deal, *told.with_deal, *told.deal_pending, *told.deal_unmatched, *told.excluded)
    assert len(judged) <= started


def test_the_rows_fit_the_analysis_tables_and_follow_the_days(control_db: Database, tenant_a: Tenant) -> None:
    made = world(days=20)
    rows = list(analysis_rows(made))
    keys = [analysis["analysis_key"] for analysis, _ in rows]
    assert len(set(keys)) == len(keys)
    assert all(analysis["content_until"] < END + timedelta(hours=7) for analysis, _ in rows)  # type: ignore[operator]
    findings = [item for _, items in rows for item in items]
    with control_db.tenant(tenant_a.slug) as connection:
        connection.execute(insert(episode_analysis), [{"tenant": tenant_a.slug, **analysis} for analysis, _ in rows])
        connection.execute(insert(finding), [{"tenant": tenant_a.slug, **item} for item in findings])
        stored = connection.execute(select(func.count()).select_from(finding)).scalar_one()
    assert stored == len(findings) > 1000


def test_labels_follow_from_the_lines_and_from_no_seed() -> None:
    for episode, labels in labelled():
        assert labels_of(20, episode, END, always_answers=True) == labels_of(1, episode, END, always_answers=True)
        if labels.status == "ok":
            assert labels_of(20, episode, END, always_answers=True) == labels


def test_every_meaning_belongs_to_a_sentence_that_somebody_says() -> None:
    """A sentence that is worded anew would lose its meaning without a word."""
    by_client = (*texts.CLIENT_OPENINGS, *texts.CLIENT_FOLLOWUPS, *texts.CLIENT_ADDITIONS, *texts.PROMOTION_REPLIES)
    single = ("Можно завтра забрать?", "Работаете в субботу?", "Это цена с монтажом?", "Ок")
    assert set(meanings.CLIENT) <= {*by_client, *texts.CLOSINGS, *single}
    assert set(meanings.MANAGER) <= {
        *(*texts.MANAGER_STATEMENTS, *texts.MANAGER_QUESTIONS, *texts.OUTBOUND_OPENINGS, *texts.THANKS_FROM_MANAGER)
    }


def test_a_world_says_everything_that_a_figure_of_labels_counts() -> None:
    found = [labels for _, labels in labelled()]
    assert {labels.client_type for labels in found} == {
        *("buyer", "customer", "unclear", "supplier", "partner", "job_seeker", "spam")
    }
    objections = [objection for labels in found for objection in labels.objections]
    assert len({objection.code for objection in objections}) == 8
    assert {(objection.handled, objection.outcome) for objection in objections} >= {
        *((True, "accepted"), (True, "declined"), (True, "open"), (False, "open"))
    }
    assert len({labels.lost_reason for labels in found if labels.lost_reason}) >= 6
    assert {item for labels in found for item, verdict in labels.checklist.items() if verdict == "no"} == {*WEIGHTS}
    assert {item for labels in found for item, verdict in labels.checklist.items() if verdict == "yes"} == {*WEIGHTS}
