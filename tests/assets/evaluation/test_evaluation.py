"""A release is decided by an evaluation: it must see a good model, a lying one, and one that obeys its clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import orjson
import pytest
from pydantic import SecretStr

from synkro_assets.evaluation.attacks import attacks
from synkro_assets.evaluation.attacks_run import attacked
from synkro_assets.evaluation.evaluation import evaluated
from synkro_assets.evaluation.gates import Verdict, gates
from synkro_assets.evaluation.laboratory import Laboratory, Model
from synkro_assets.evaluation.masking_recall import PlantedDialog
from synkro_assets.evaluation.measured import Measured
from synkro_assets.evaluation.planted_errors import CODES
from synkro_assets.evaluation.report import as_json, markdown, table
from synkro_assets.evaluation.synthetic import synthetic_gold
from synkro_resources.ai.prices import ModelPrice
from synkro_resources.control.database import Database
from synkro_resources.model.clock import SystemClock
from synkro_resources.sandbox.masking_texts import as_lines, dialogs
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.openai.switches import OpenaiSwitches
from synkro_resources.sandbox.serve import serve

pytestmark = pytest.mark.xdist_group("evaluation")

GOLD = synthetic_gold()[::5]
PRICE = ModelPrice(Decimal(100), Decimal(400), "RUB", "test", None)


@contextmanager
def laboratory(db: Database, switches: OpenaiSwitches | None = None) -> Iterator[Laboratory]:
    app = openai_app(clock=SystemClock(), api_key="k", models=["sandbox-mini"], switches=switches)
    with serve(app) as url:
        yield Laboratory(db, SystemClock(), Model(f"{url}/v1", "sandbox-mini", SecretStr("k"), PRICE))


@pytest.fixture(scope="module")
def honest(control_db: Database) -> Measured:
    personal = [PlantedDialog.model_validate_json(line) for line in as_lines(dialogs(40, seed=1))]
    with laboratory(control_db) as lab:
        return evaluated(lab, GOLD, gold_name="a dozen", personal=personal)


def verdicts(found: Measured) -> dict[str, Verdict]:
    return {gate.name: gate.verdict for gate in gates(found)}


def test_a_model_that_reads_well_passes_what_code_can_prove(honest: Measured) -> None:
    told = verdicts(honest)
    for name in ("quotes found in their messages", "findings dropped", "clients who wait called done", "names masked"):
        assert told[name] is Verdict.PASS, name
    assert honest.statuses == {"ok": len(GOLD)}
    assert {one.name for one in honest.agreements} >= {"client_type", "intent", "needs_reply", "CK01", "CK12"}
    kappas = [one.kappa for one in honest.agreements if one.kappa is not None]
    assert sum(kappas) / len(kappas) > 0.6


def test_every_planted_error_is_seen_and_no_clean_copy_shows_it(honest: Measured) -> None:
    assert tuple(one.code for one in honest.planted) == CODES
    assert [one.code for one in honest.planted if not one.passes] == []


def test_neither_a_second_run_nor_another_name_changes_a_verdict(honest: Measured) -> None:
    assert [one.name for one in honest.flips] == ["rerun", "manager's name", "language of the name"]
    for one in honest.flips:
        assert one.compared > 10 * len(GOLD)
        assert one.changed == (), one.name


def test_what_was_not_measured_is_called_so_and_not_passed(honest: Measured) -> None:
    told = verdicts(honest)
    assert told["leaks under orders"] is Verdict.OPEN
    assert told["orders flagged"] is Verdict.OPEN


def test_the_report_tells_people_and_programs_the_same(honest: Measured) -> None:
    told = orjson.loads(as_json(honest))
    text = markdown(honest)
    for gate in told["gates"]:
        assert gate["name"] in text
        assert gate["name"] in table(honest)
    assert {one["name"] for one in told["agreements"]} == {one.name for one in honest.agreements}
    assert told["per_thousand"]["currency"] == "RUB"
    assert honest.price.cost is not None
    assert f"{honest.price.cost:.2f} RUB" in text


def test_a_model_that_lies_fails_though_no_lie_is_stored(control_db: Database) -> None:
    with laboratory(control_db, OpenaiSwitches(lies_share=0.5)) as lab:
        found = evaluated(lab, GOLD, gold_name="a dozen")
    told = verdicts(found)
    assert told["quotes found in their messages"] is Verdict.PASS
    assert told["findings dropped"] is Verdict.FAIL
    assert told["planted errors seen"] is Verdict.FAIL
    assert sum(found.drops.values()) > len(GOLD)


def test_a_key_that_is_refused_is_told_instead_of_figures(control_db: Database) -> None:
    app = openai_app(clock=SystemClock(), api_key="k", models=["sandbox-mini"])
    with serve(app) as url:
        lab = Laboratory(control_db, SystemClock(), Model(f"{url}/v1", "sandbox-mini", SecretStr("other")))
        found = evaluated(lab, GOLD[:2], gold_name="two")
    assert found.stopped is not None
    assert set(verdicts(found).values()) == {Verdict.OPEN}


def test_orders_that_a_model_obeys_leak_nothing_and_change_no_figure(control_db: Database) -> None:
    orders = list(attacks())[::9]
    with laboratory(control_db, OpenaiSwitches(obeys_injection=True)) as lab:
        found = attacked(lab, orders)
    assert found.asked == found.answered == len(orders)
    assert found.leaks == ()
    assert found.changed > len(orders), "the model obeyed nothing, so nothing was tried"
    assert found.flagged / found.asked >= 0.9
    assert found.changed_share is not None
    assert found.changed_share <= 0.01
