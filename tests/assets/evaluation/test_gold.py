"""The invented gold set covers what the contract knows, and a client's own set is read or refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from synkro_assets.analysis.vocabulary import CHECKLIST_CODES, RULES, FindingType
from synkro_assets.evaluation.gold import as_lines, read_gold
from synkro_assets.evaluation.synthetic import synthetic_gold
from synkro_resources.model.errors import UserInputError


def test_sixty_invented_episodes_hold_every_type_code_and_value() -> None:
    gold = synthetic_gold()
    assert len(gold) == 60
    labels = [label for episode in gold for label in episode.labels]
    told = {(label.type, label.code) for label in labels}
    outcomes = {(label.type, label.value) for label in labels if label.applicability == "applicable"}
    for kind, rule in RULES.items():
        if kind not in (FindingType.OBJECTION_REPLY, FindingType.OBJECTION_OUTCOME):
            assert {(kind, code) for code in rule.codes} <= told, kind
        assert {(kind, value) for value in rule.values} <= outcomes, kind
    for code in CHECKLIST_CODES:
        values = {label.value for label in labels if label.code == code}
        assert {"yes", "no"} <= values, code


def test_no_two_invented_episodes_hold_the_same_words() -> None:
    hashes = [episode.content().content_hash for episode in synthetic_gold()]
    assert len(set(hashes)) == len(hashes)


def test_a_written_gold_set_reads_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(as_lines(synthetic_gold())), encoding="utf-8")
    assert read_gold(path) == synthetic_gold()


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ("{", "gold.jsonl:2"),
        ('{"key":"a","channel":"x","zone":"UTC","lines":[],"labels":[]}', "gold.jsonl:2"),
        (
            '{"key":"a","channel":"x","zone":"UTC","lines":[{"ref":"m1","who":"client","at":"2026-09-07T10:00",'
            '"text":"Цена?"}],"labels":[{"type":"intent","code":"price_specific","value":"yes","refs":["m2"]}]}',
            "not there",
        ),
        (
            '{"key":"a","channel":"x","zone":"UTC","lines":[{"ref":"m1","who":"client","at":"2026-09-07T10:00",'
            '"text":"Цена?"}],"labels":[{"type":"intent","code":"dear","value":"yes","refs":["m1"]}]}',
            "no label",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, spoilt: str, told: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join([next(as_lines(synthetic_gold())), spoilt]), encoding="utf-8")
    with pytest.raises(UserInputError) as refused:
        read_gold(path)
    assert told in refused.value.what.en


def test_one_key_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    line = next(as_lines(synthetic_gold()))
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(UserInputError):
        read_gold(path)
