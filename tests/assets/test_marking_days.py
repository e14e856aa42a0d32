"""Marking days reads the stored episodes once per run, and finds the same days as looking at each of them anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pytest

from synkro_assets import staleness
from synkro_assets.staleness import Touched
from synkro_assets.tenant_run import TenantRun
from synkro_resources.lake import Lake
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import DEAL
from synkro_resources.model.tables.dialogs import EPISODE
from tests.pipeline import Installation, installation

pytestmark = pytest.mark.xdist_group("marking")

SLUG, FIRST, LAST = "marked-once", date(2026, 11, 16), date(2026, 11, 19)


@dataclass
class Watched:
    """What the runs of a test asked and read."""

    asked: list[tuple[Touched, set[date], set[date]]]
    whole_reads: int = 0


@pytest.fixture
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("marking")) as found:
        yield found


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Beside every answer the one that files read at that moment give; whole reads of the stored days are counted."""
    days_of, read_days = staleness.days_of, Lake.read_days
    found = Watched([])
    names = {"dialog_id", "contact_id", "deal_id"}

    def and_compare(run: TenantRun, touched: Touched) -> set[date]:
        kept = days_of(run, touched)
        before = found.whole_reads
        memory = run.scope.once(staleness.PLACES, lambda: pytest.fail("nothing was kept"))
        run.scope.forget(staleness.PLACES)
        found.asked.append((touched, kept, days_of(run, touched)))
        run.scope.forget(staleness.PLACES)
        run.scope.once(staleness.PLACES, lambda: memory)
        found.whole_reads = before
        return kept

    def and_count(
        lake: Lake,
        table: Table,
        tenant: str,
        days: Iterable[date],
        *,
        columns: Sequence[str] | None = None,
        missing_ok: bool = False,
    ) -> pa.Table:
        found.whole_reads += table.name == EPISODE.name and set(columns or ()) == names
        return read_days(lake, table, tenant, days, columns=columns, missing_ok=missing_ok)

    monkeypatch.setattr(staleness, "days_of", and_compare)
    monkeypatch.setattr(Lake, "read_days", and_count)
    return found


def test_a_run_reads_the_stored_episodes_once_and_marks_the_same_days(place: Installation, watched: Watched) -> None:
    sandbox = place.add_company(SLUG, seed=7, days=20)
    assert place.load(SLUG, FIRST, LAST).status == "done"
    editor, deals = sandbox.amocrm.state.editor, place.lake.read_current(DEAL, SLUG).column("deal_id").to_pylist()
    for lead in deals[:12]:
        editor.delete("leads", lead)
    for contact in list(sandbox.world.amocrm.contacts)[:12]:
        editor.delete("contacts", contact)
    editor.create_contact(name="Новый", phone="+79001112233")
    watched.asked.clear()
    watched.whole_reads = 0
    today = LAST + timedelta(days=1)
    assert place.load(SLUG, today, today).status == "done"
    assert len(watched.asked) >= 3, "several tables asked"
    assert any(kept for _, kept, _ in watched.asked), "and found days"
    assert [kept for _, kept, _ in watched.asked] == [anew for _, _, anew in watched.asked]
    assert watched.whole_reads == 1
