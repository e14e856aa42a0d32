"""Two clients who write the same words in the same minute: asked and paid once, and each has labels of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from synkro_assets.analysis import analyst as analyst_module
from synkro_assets.analysis.content import EpisodeContent, MessageLine
from synkro_assets.analysis.keys import copy_key
from synkro_resources.control.ai_ledger import AiLedger
from synkro_resources.control.analyses import Analysis, analyses_of_days
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.labels import read_labels, stored_labels
from synkro_resources.control.tenants import Tenant
from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_control import erase_person_from_control
from synkro_resources.erasure.person_lake import Person
from synkro_resources.model.clock import FixedClock
from synkro_resources.rules.mapped_text import MappedText
from tests.assets.analysis.desk import DAY, Desk, Row, desk
from tests.assets.analysis.test_analyst import SALE

SHIFT = 5
"""The twin's stored texts are longer in front: what is hidden there is written in another way."""


def twin_of(content: EpisodeContent, key: str) -> EpisodeContent:
    lines = [
        replace(line, message_id=f"{key}-{line.message_id}", text=_shifted(line.text))
        for line in content.lines
        if isinstance(line, MessageLine)
    ]
    return replace(content, episode_key=key, lines=tuple(lines))


def _shifted(text: MappedText) -> MappedText:
    return MappedText(
        text.text, tuple(place + SHIFT for place in text.starts), tuple(place + SHIFT for place in text.ends)
    )


TWIN = twin_of(SALE, "9:id-1")
BOTH = [SALE.episode_key, TWIN.episode_key]


@pytest.fixture
def at_desk(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Iterator[Desk]:
    with desk(control_db, tenant_a.slug, control_clock) as made:
        yield made


class Running(FixedClock):
    """Calls of one dialog leave one after the other, and the ledger says in which order."""

    def now(self) -> datetime:
        self.move(timedelta(milliseconds=1))
        return super().now()


def labels_of(rows: list[Row], key: str) -> set[tuple[object, ...]]:
    return {(row["type"], row["code"], row["value"], row["quote_masked"]) for row in rows if row["episode_key"] == key}


def check_both(at_desk: Desk) -> None:
    """Each has the same labels at its own messages, in the control database, the lake's rows and the cabinet's list."""
    rows = at_desk.findings()
    mine, theirs = (labels_of(rows, key) for key in BOTH)
    assert mine == theirs
    assert len(mine) > 10
    place = {(row["type"], row["code"]): row for row in rows if row["episode_key"] == SALE.episode_key}
    for row in (row for row in rows if row["episode_key"] == TWIN.episode_key):
        first = place[row["type"], row["code"]]
        assert row["message_ids"] == [f"{TWIN.episode_key}-{item}" for item in first["message_ids"]]  # type: ignore[attr-defined]
        assert row["band"] == first["band"]
        if row["start"] is not None:
            assert (row["start"], row["end"]) == (int(str(first["start"])) + SHIFT, int(str(first["end"])) + SHIFT)
    answers, findings = analyses_of_days(at_desk.db, at_desk.tenant, [DAY])
    assert [row["episode_key"] for row in answers] == [row["asked_episode_key"] for row in answers] == BOTH
    assert len([row for row in findings if row["episode_key"] == row["asked_episode_key"]]) == len(rows)
    until = SALE.content_until + timedelta(days=1)
    listed, shown, _ = stored_labels(at_desk.db, at_desk.tenant, until=until, episode_keys=BOTH)
    assert sorted(listed) == BOTH
    assert {row.episode_key for row in shown} == set(BOTH)
    assert sorted(read_labels(at_desk.db, at_desk.tenant, until=until).answers["episode_key"]) == BOTH


def test_twins_in_one_run_are_asked_once_and_both_keep_their_labels(at_desk: Desk) -> None:
    tally = at_desk.run([SALE, TWIN])
    assert (tally.primary, tally.statuses) == (1, {"ok": 1})
    check_both(at_desk)
    before, rows = at_desk.requests(), at_desk.findings()
    again = at_desk.run([TWIN, SALE])
    assert (again.cache_hits, at_desk.requests()) == (2, before)
    assert at_desk.findings() == rows


def test_a_twin_of_a_later_run_costs_nothing_and_takes_no_label_from_the_first(at_desk: Desk) -> None:
    at_desk.run([SALE])
    before = at_desk.requests()
    tally = at_desk.run([TWIN])
    assert (tally.primary, tally.cache_hits, at_desk.requests()) == (0, 1, before)
    assert at_desk.analyses()[TWIN.episode_key]["cost"] == 0
    check_both(at_desk)


def test_erasing_one_person_leaves_the_labels_of_the_other(at_desk: Desk, keyring: Keyring) -> None:
    at_desk.run([SALE, TWIN])
    person = Person(Phone("70000000000"), dialogs=frozenset({7}), episodes=frozenset({SALE.episode_key}))
    erase_person_from_control(at_desk.db, keyring, at_desk.tenant, person)
    rows, before = at_desk.findings(), at_desk.requests()
    assert {row["episode_key"] for row in rows} == {TWIN.episode_key}
    assert len(labels_of(rows, TWIN.episode_key)) > 10
    assert at_desk.run([TWIN]).cache_hits == 1
    assert at_desk.requests() == before


def test_twins_that_nobody_could_answer_are_tried_once_and_answered_later(at_desk: Desk) -> None:
    at_desk.switches.always = "503"
    tally = at_desk.run([SALE, TWIN])
    assert (tally.primary, tally.statuses) == (1, {"provider_error": 2})
    at_desk.switches.always = None
    assert at_desk.run([TWIN, SALE]).primary == 1
    check_both(at_desk)


def test_the_first_twin_keeps_the_key_of_the_contract(at_desk: Desk) -> None:
    at_desk.run([SALE, TWIN])
    keys = {row["episode_key"]: str(row["analysis_key"]) for row in at_desk.analyses().values()}
    assert keys[TWIN.episode_key] == copy_key(keys[SALE.episode_key], TWIN.episode_key)


def test_an_answer_that_was_paid_for_before_the_process_died_is_not_paid_for_again(
    at_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    at_desk.clock = Running(at_desk.clock.now())
    at_desk.switches.lies_share, at_desk.switches.lie_kinds = 0.8, ["missing"]
    with monkeypatch.context() as patch:
        patch.setattr(analyst_module, "save_analysis", die)  # the line after the calls are settled
        with pytest.raises(Killed):
            run_until_it_dies(at_desk)
    calls, before = at_desk.calls(), at_desk.requests()
    assert len(calls) == before >= 2
    assert at_desk.analyses() == {}
    tally = at_desk.run([SALE])
    assert (tally.statuses, at_desk.requests(), len(at_desk.calls())) == ({"ok": 1}, before, before)
    assert at_desk.last is not None
    assert at_desk.last.spending.read_again == before
    spent = sum(call["cost"] for call in calls)  # type: ignore[misc]
    assert at_desk.analyses()[SALE.episode_key]["cost"] == spent
    assert AiLedger(at_desk.db, at_desk.tenant, at_desk.clock).spent(DAY) == spent
    assert AiLedger(at_desk.db, at_desk.tenant, at_desk.clock).unread_answers({"ok"}) == {}


def run_until_it_dies(at_desk: Desk) -> None:
    """A death inside a task group comes out as a group of deaths."""
    try:
        at_desk.run([SALE])
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


def test_an_answer_whose_text_is_forgotten_is_asked_for_again(at_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> Analysis:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(analyst_module, "save_analysis", die)
        with pytest.raises(RuntimeError):
            at_desk.run([SALE])
    before = at_desk.requests()
    at_desk.clock.move(timedelta(days=31))
    AiLedger(at_desk.db, at_desk.tenant, at_desk.clock).forget_texts()
    at_desk.run([SALE])
    assert at_desk.requests() > before
