"""What must not be believed stops: a table of another schema, or an account that is not the client's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synkro_resources.control.days import check_results, day_states
from synkro_resources.control.integrations import get_integration, set_integration
from synkro_resources.control.journal import steps_of_request
from synkro_resources.control.run_requests import RunRequest
from synkro_resources.lake import Lake, RowSpool, WrittenDay
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.crm import CONTACT, DEAL, DEAL_CONTACT
from synkro_resources.model.tables.dialogs import EPISODE, MESSAGE, TURN
from synkro_resources.model.tables.raw import AMOCRM_LEADS
from tests.pipeline import Installation, installation

pytestmark = pytest.mark.xdist_group("data_checks")

DAY = date(2026, 11, 18)
BROKEN, WELL = "schema-broken", "schema-well"


@pytest.fixture
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("stopping")) as found:
        yield found


def done(place: Installation, request: RunRequest) -> set[str]:
    return {step.asset for step in steps_of_request(place.control, request.tenant, request.id) if step.status == "done"}


def test_a_wrong_schema_stops_what_follows_for_its_tenant_and_day_and_for_nobody_else(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another program had written the file: between the step's own write and its check."""
    write_days = Lake.write_days

    def and_lose_a_column(
        lake: Lake, table: Table, tenant: str, days: Sequence[date], rows: pa.Table | RowSpool
    ) -> list[WrittenDay]:
        written = write_days(lake, table, tenant, days, rows)
        if (table.name, tenant) == (DEAL.name, BROKEN):
            path = str(lake.path(table, tenant, DAY))
            pq.write_table(pq.read_table(path).drop_columns(["price"]), path)
        return written

    monkeypatch.setattr(Lake, "write_days", and_lose_a_column)
    for slug in (BROKEN, WELL):
        place.add_company(slug, seed=5, days=20)
    broken, well = (place.load(slug, DAY, DAY) for slug in (BROKEN, WELL))

    after_deals = {DEAL_CONTACT.name, EPISODE.name, TURN.name}
    assert (broken.status, broken.error_code) == ("failed", "check.schema")
    assert not done(place, broken) & after_deals
    assert {AMOCRM_LEADS.name, CONTACT.name, MESSAGE.name} <= done(place, broken), "what does not follow goes on"
    assert not place.lake.has_day(EPISODE, BROKEN, DAY)
    assert day_states(place.control, BROKEN, DAY, DAY) == []
    (failed,) = (item for item in check_results(place.control, BROKEN, DAY, DAY) if item.blocking and not item.passed)
    assert (failed.asset, failed.check, failed.details) == (DEAL.name, "schema", {"columns": ["price"]})

    assert well.status == "done"
    assert after_deals <= done(place, well)
    assert all(state.complete for state in day_states(place.control, WELL, DAY, DAY))


def test_a_key_of_another_companys_account_stops_the_load_before_anything_is_derived(place: Installation) -> None:
    slug, other = "account-own", "account-other"
    place.add_company(slug, seed=5, days=20)
    place.add_company(other, seed=6, days=20).world.amocrm.account["id"] += 1
    assert place.load(slug, DAY, DAY).status == "done"
    before = place.lake.read_current(DEAL, slug)
    theirs = get_integration(place.control, other, IntegrationKind.AMOCRM)
    assert theirs is not None
    secrets = {"token": f"t-{other}"}
    set_integration(place.control, place.keyring, slug, IntegrationKind.AMOCRM, theirs.public, secrets, "test")
    request = place.load(slug, DAY, DAY)
    assert (request.status, request.error_code) == ("failed", "check.own_account")
    assert not {DEAL.name, EPISODE.name} & done(place, request)
    assert place.lake.read_current(DEAL, slug).equals(before)
    (failed,) = {
        item.check for item in check_results(place.control, slug, DAY, DAY) if item.blocking and not item.passed
    }
    assert failed == "own_account"
