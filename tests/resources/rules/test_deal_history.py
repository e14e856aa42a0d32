"""The history of deals as columns: what a package's hash is made of must be what its figures are made of."""

from __future__ import annotations

import pytest

from synkro_resources.rules.deal_history import DealHistory
from synkro_resources.rules.working_time import micros
from tests.resources.rules.calendars import at
from tests.resources.rules.metrics.rows import LOST, OPEN, WON, deal, event, hand_over, history, local, move


def told() -> DealHistory:
    """Quiet deals, moved, handed over, deleted, restored and merged ones, and one of tomorrow."""
    return history(
        [
            deal(1, 100_000),
            deal(2, 50_000, status=LOST),
            deal(3, 0),
            deal(4, 80_000, status=WON, pipeline=2),
            deal(5, 70_000, merged_into=1),
            deal(6, 60_000),
        ],
        [
            move(2, "08 10:00", OPEN, LOST),
            move(4, "09 10:00", OPEN, WON, pipelines=(1, 2)),
            move(4, "12 10:00", WON, OPEN, pipelines=(2, 2)),
            hand_over(3, "10 10:00", 11, 12),
            event(5, "11 10:00", "merged"),
            event(6, "09 10:00", "deleted"),
            event(6, "11 10:00", "restored"),
        ],
        until="14 00:00",
    )


@pytest.mark.parametrize("instant", ["07 12:00", "08 10:00", "09 12:00", "10 12:00", "11 12:00", "14 00:00"])
def test_a_rebuilt_report_is_told_from_an_unchanged_one_by_what_its_deals_were_at_its_end(instant: str) -> None:
    as_of = local(instant)
    assert as_of is not None
    known = told()
    states = known.states(as_of).to_dict("records")
    assert {row["deal_id"] for row in states} == {1, 2, 3, 4, 5, 6}
    for row in states:
        found = known.deals[row["deal_id"]]
        pipeline, status = known.stage_at(found.deal_id, as_of)
        manager = known.responsible_at(found.deal_id, as_of).manager_id
        assert row == {
            "deal_id": found.deal_id,
            "price": -1 if found.price is None else found.price,
            "loss_reason_id": -1 if found.loss_reason_id is None else found.loss_reason_id,
            "company_id": -1 if found.company_id is None else found.company_id,
            "created_at": micros(found.created_at or as_of),
            "exists": int(known.exists_at(found.deal_id, as_of)),
            "pipeline_id": pipeline,
            "status_id": status,
            "responsible_id": -1 if manager is None else manager,
        }
        assert (found.deal_id in {one.deal_id for one in known.visible(as_of, ())}) == bool(row["exists"])


def test_a_move_after_the_reports_end_changes_neither_its_deals_nor_their_moves() -> None:
    as_of = at("2026-09-10 00:00")
    early = told().known_until(as_of)
    later = history(
        [deal(1, 100_000, status=LOST), deal(2, 50_000, status=LOST)],
        [move(1, "12 10:00", OPEN, LOST), move(2, "08 10:00", OPEN, LOST)],
        until="10 00:00",
    )
    assert later.states(as_of)["status_id"].tolist() == [OPEN, LOST]
    assert early.states(as_of).iloc[:2].equals(later.states(as_of))
    assert later.moves_before(as_of)["deal_id"].tolist() == [2]
    assert early.moves_before(as_of)["deal_id"].tolist() == [2, 4]
