"""Bands from people's marks: few marks say nothing, bad ones make doubtful, many good ones certain."""

from __future__ import annotations

from synkro_assets.analysis.bands import precisions
from synkro_resources.model.feedback import Verdict
from synkro_resources.rules.feedback import agreement


def judged(kind: str, code: str, right: int, wrong: int) -> list[tuple[str, str, Verdict]]:
    return [(kind, code, Verdict.RIGHT)] * right + [(kind, code, Verdict.WRONG)] * wrong


def test_one_angry_mark_makes_no_label_doubtful_and_an_item_speaks_for_itself_from_ten_marks() -> None:
    found = precisions(
        agreement(
            [
                *judged("intent", "", 0, 1),
                *judged("checklist", "CK01", 9, 0),
                *judged("checklist", "CK02", 5, 5),
                *judged("checklist", "CK03", 31, 0),
            ]
        )
    )
    assert {name: (one.marks, one.share) for name, one in found.items()} == {
        "checklist": (50, 0.9),
        "checklist/CK02": (10, 0.5),
        "checklist/CK03": (31, 1.0),
    }
    assert 0.78 < found["checklist"].lower < 0.80  # Wilson, 45 of 50
