"""A day that a check keeps incomplete: its report is marked, and nobody loads it over and over for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synkro_assets.automation.planning import StageKind
from synkro_assets.automation.saga import stages_of
from synkro_resources.control.days import day_states
from synkro_resources.control.packages import latest_package
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.lake import Lake, RowSpool, WrittenDay
from synkro_resources.model.package import Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import CHAT_EVENT
from tests.pipeline import Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("data_checks")

SLUG, FIRST, DAY, TODAY = "blocked-day", date(2026, 11, 8), date(2026, 11, 12), date(2026, 11, 20)
PRELIMINARY = "Предварительный отчёт"


@pytest.fixture
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("blocked")) as found:
        yield found


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every write of the day leaves one of its rows twice, until the returned function is called."""
    write_days = Lake.write_days

    def and_repeat_a_row(
        lake: Lake, table: Table, tenant: str, days: Sequence[date], rows: pa.Table | RowSpool
    ) -> list[WrittenDay]:
        written = write_days(lake, table, tenant, days, rows)
        if table.name == CHAT_EVENT.name and DAY in days:
            path = str(lake.path(table, tenant, DAY))
            stored = pq.read_table(path)
            assert stored.num_rows
            pq.write_table(pa.concat_tables([stored, stored.slice(0, 1)]), path)
        return written

    monkeypatch.setattr(Lake, "write_days", and_repeat_a_row)
    return lambda: monkeypatch.setattr(Lake, "write_days", write_days)


def loaded(request: RunRequest) -> set[date]:
    """The days that the request's stages read from the vendors, today's refresh left out."""
    return {
        day
        for stage in stages_of(request)
        if stage.kind in (StageKind.DATA, StageKind.RAW)
        for day in Period.custom(stage.first_day, stage.last_day).days
    }


def verdict(place: Installation) -> Verdict:
    found = latest_package(place.control, SLUG, Period.day(DAY).report_id)
    assert found is not None
    return found[2].verdict


def asked(sandbox: Sandbox) -> int:
    return sum(sum(sandbox.requests(vendor).values()) for vendor in ("amocrm", "radist"))


def test_a_blocked_day_is_reported_as_preliminary_and_not_loaded_again_until_somebody_mends_it(
    place: Installation, mend: Callable[[], None]
) -> None:
    sandbox = place.add_company(SLUG, seed=7, days=40)
    assert place.load(SLUG, FIRST, TODAY).status == "done"
    states = {state.day: state.complete for state in day_states(place.control, SLUG, FIRST, TODAY)}
    assert [day for day, complete in states.items() if not complete] == [DAY]

    first = place.report(SLUG, DAY)
    assert first.status == "done", first
    assert DAY not in loaded(first)
    assert verdict(place) is Verdict.PRELIMINARY
    (text,) = sandbox.delivered()
    assert PRELIMINARY in text
    assert "Проверка данных нашла ошибку" in text

    before = asked(sandbox)
    second = place.report(SLUG, DAY)
    assert (second.status, loaded(second), asked(sandbox) - before) == ("done", set(), 0)
    assert len(sandbox.delivered()) == 1, "nothing new was found, so nothing new is sent"

    mend()
    assert place.load(SLUG, DAY, DAY).status == "done"
    assert place.report(SLUG, DAY).status == "done"
    assert verdict(place) is Verdict.OK
    assert len(sandbox.delivered()) == 1, "no figure changed, so the chat that has it is not told again"
