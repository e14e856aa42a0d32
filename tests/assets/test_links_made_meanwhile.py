"""A link that somebody makes by hand while a load is under way must not be lost, not even on a day's first load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from synkro_assets.automation.planning import StageKind
from synkro_assets.automation.saga import stages_of
from synkro_assets.dialogs.superseded import in_force
from synkro_resources.lake import Lake, RowSpool, WrittenDay
from synkro_resources.linking import link_by_hand
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import CONTACT
from synkro_resources.model.tables.dialogs import CHAT_PAIR, EPISODE, MESSAGE, TURN
from tests.pipeline import END, Installation, installation

pytestmark = pytest.mark.xdist_group("links_meanwhile")

DAY = date(2026, 11, 18)
MEANWHILE = FixedClock(END + timedelta(minutes=1))
"""The run's own clock stands still at END."""


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("links-meanwhile")) as found:
        yield found


@pytest.mark.parametrize("reached", [CHAT_PAIR, EPISODE, TURN], ids=lambda table: table.name.rpartition("/")[2])
def test_a_link_made_while_its_day_is_first_derived_reaches_the_day_in_the_same_request(
    place: Installation, monkeypatch: pytest.MonkeyPatch, reached: Table
) -> None:
    slug = f"meanwhile-{reached.name.rpartition('/')[2].replace('_', '-')}"
    place.add_company(slug, seed=5, days=20)
    write_days = Lake.write_days
    made: list[tuple[int, int]] = []

    def and_link(
        lake: Lake, table: Table, tenant: str, days: Sequence[date], rows: pa.Table | RowSpool
    ) -> list[WrittenDay]:
        written = write_days(lake, table, tenant, days, rows)
        if table.name == reached.name and not made:
            said = lake.read_days(MESSAGE, tenant, [DAY], columns=["dialog_id", "episode_key"])
            dialog = said.filter(pc.is_valid(said.column("episode_key"))).column("dialog_id")[0].as_py()
            contacts = lake.read_current(CONTACT, tenant, columns=["contact_id", "is_deleted"])
            contact = contacts.filter(pc.invert(contacts.column("is_deleted"))).column("contact_id")[0].as_py()
            assert isinstance(dialog, int)
            assert isinstance(contact, int)
            made.append((dialog, contact))
            link_by_hand(place.control, lake, tenant, dialog, contact, actor="user:1", clock=MEANWHILE)
        return written

    monkeypatch.setattr(Lake, "write_days", and_link)
    request = place.load(slug, DAY, DAY)
    assert request.status == "done", request
    assert StageKind.DERIVED in {stage.kind for stage in stages_of(request)}
    ((dialog, contact),) = made
    rows = in_force(place.lake.read_days(EPISODE, slug, [DAY])).to_pylist()
    mine = [row for row in rows if row["dialog_id"] == dialog]
    assert mine
    assert {(row["contact_id"], row["link_method"]) for row in mine} == {(contact, "manual")}
