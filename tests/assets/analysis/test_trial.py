"""A new checklist is tried before it counts: nothing changes, and what the trial cost is not paid again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from synkro_assets.analysis.analyst import Analyst, Question
from synkro_assets.analysis.content import EpisodeContent
from synkro_assets.analysis.provider import Provider
from synkro_assets.analysis.trial import Trial, answers_of, compared
from synkro_assets.analysis.vocabulary import Variant
from synkro_resources.ai.async_client import AsyncAiClient
from synkro_resources.ai.endpoint import Endpoint
from synkro_resources.ai.profiles import profile_of
from synkro_resources.control.ai_ledger import AiLedger
from synkro_resources.control.database import Database
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant
from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_control import erase_person_from_control
from synkro_resources.erasure.person_lake import Person
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.rubric import R1
from synkro_resources.model.rubric_edit import edited
from tests.assets.analysis.desk import DAY, MODEL, PRICE, Desk, desk, world_contents

MINE = edited(R1, {"CK01": {"weight": 0}, "CK02": {"weight": 19}}, "r1.1")


@pytest.fixture
def at_desk(control_db: Database, tenant_a: Tenant, control_clock: FixedClock) -> Iterator[Desk]:
    with desk(control_db, tenant_a.slug, control_clock) as made:
        yield made


def provider(at_desk: Desk) -> Provider:
    profile = profile_of(at_desk.url, MODEL, {"concurrency": 4})
    client = AsyncAiClient(Endpoint(at_desk.url, SecretStr("sk-desk"), MODEL, profile), tenant=at_desk.tenant)
    return Provider(client, AiLedger(at_desk.db, at_desk.tenant, at_desk.clock), PRICE, DAY)


def run(analyst: Analyst, contents: list[EpisodeContent], variant: Variant = Variant.FULL) -> None:
    keys = [content.episode_key for content in contents]
    analyst.run((lambda content=content: Question(DAY, variant, content) for content in contents), keys)


def test_a_trial_stores_no_answer_and_applying_its_version_reads_what_the_trial_has_paid_for(at_desk: Desk) -> None:
    contents = list(world_contents()[:6])
    at_desk.run(contents)
    before, stored = at_desk.requests(), at_desk.findings()
    trial = Trial(provider(at_desk), at_desk.db, at_desk.tenant, at_desk.clock, MINE)
    run(trial, contents)
    assert set(trial.answers) == {content.episode_key for content in contents}
    assert all(set(answers) == set(R1.by_code) for answers in trial.answers.values())
    asked = at_desk.requests()
    assert asked >= before + len(contents)
    assert at_desk.findings() == stored
    run(Trial(provider(at_desk), at_desk.db, at_desk.tenant, at_desk.clock, MINE), contents)
    assert at_desk.requests() == asked
    at_desk.clock.move(timedelta(minutes=1))
    run(Analyst(provider(at_desk), at_desk.db, at_desk.tenant, at_desk.clock, MINE), contents)
    assert at_desk.requests() == asked
    versions = {str(row["versions"]["rubric"]) for row in at_desk.analyses().values()}  # type: ignore[index]
    assert "r1.1" in versions
    assert len(at_desk.findings()) == 2 * len(stored)


def test_erasing_a_person_takes_the_words_of_a_trial_out_of_the_ledger(at_desk: Desk, keyring: Keyring) -> None:
    contents = list(world_contents()[:3])
    run(Trial(provider(at_desk), at_desk.db, at_desk.tenant, at_desk.clock, MINE), contents)
    gone = contents[0].episode_key
    assert {call["masked_request"] is None for call in at_desk.calls()} == {False}
    person = Person(Phone("70000000000"), episodes=frozenset({gone}))
    erase_person_from_control(at_desk.db, keyring, at_desk.tenant, person)
    for call in at_desk.calls():
        assert (call["masked_request"] is None, call["masked_answer"] is None) == ((call["episode_key"] == gone,) * 2)
    before = at_desk.requests()
    run(Trial(provider(at_desk), at_desk.db, at_desk.tenant, at_desk.clock, MINE), contents[1:])
    assert at_desk.requests() == before


def test_a_tenants_checklist_asks_nothing_anew_of_dialogs_that_are_only_labelled(at_desk: Desk) -> None:
    contents = list(world_contents()[:3])
    at_desk.run(contents, variant=Variant.LABELS)
    before = at_desk.requests()
    run(Analyst(provider(at_desk), at_desk.db, at_desk.tenant, at_desk.clock, MINE), contents, Variant.LABELS)
    assert at_desk.requests() == before


def test_a_trial_says_per_item_what_changes_and_what_it_does_to_the_mean() -> None:
    before = {"a": {"CK01": "no", "CK02": "yes"}, "b": {"CK01": "yes", "CK02": "yes"}, "gone": {"CK01": "yes"}}
    after = {"a": {"CK01": "no", "CK02": "yes"}, "b": {"CK01": "yes", "CK02": "not_applicable"}}
    found = compared(before, after, R1, MINE)
    assert found["answered"] == 2
    items = found["items"]
    assert isinstance(items, dict)
    assert items["CK01"] == {"before": {"no": 1, "yes": 1}, "after": {"no": 1, "yes": 1}, "changed": 0}
    assert items["CK02"]["changed"] == 1
    assert found["mean_before"] == round((100 * 14 / 19 + 100) / 2, 1)
    assert found["mean_after"] == 100.0
    assert answers_of([("CK01", "yes", "applicable"), ("CK02", "-", "undetermined")]) == {
        "CK01": "yes",
        "CK02": "undetermined",
    }
