"""How dialogs found their clients is told by every load, and a client may let chat events say who answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pyarrow.compute as pc
import pytest

from synkro_assets.dialogs.superseded import in_force
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.model.period import days_between
from synkro_resources.model.tables.dialogs import EPISODE, TURN
from tests.pipeline import Installation, installation

pytestmark = pytest.mark.xdist_group("links_in_a_load")

PLAIN, BY_EVENTS, FIRST, LAST = "links-plain", "links-by-events", date(2026, 11, 16), date(2026, 11, 19)
DAYS = list(days_between(FIRST, LAST))


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("links")) as found:
        for slug in (PLAIN, BY_EVENTS):
            found.add_company(slug, seed=7, days=20)
        chosen = tenant_settings(found.control, BY_EVENTS).model_copy(update={"attribute_by_crm_chat": True})
        save_tenant_settings(found.control, BY_EVENTS, chosen, changed_by="test", clock=found.clock)
        for slug in (PLAIN, BY_EVENTS):
            assert found.load(slug, FIRST, LAST).status == "done"
        yield found


def attributions(place: Installation, slug: str) -> dict[str, int]:
    rows = in_force(place.lake.read_days(TURN, slug, DAYS))
    counted = pc.value_counts(rows.column("attribution"))
    return {str(item["values"]): int(item["counts"]) for item in counted.to_pylist()}


def test_a_load_attributes_answers_by_chat_events_only_where_the_client_has_chosen_so(place: Installation) -> None:
    assert "crm_chat" not in attributions(place, PLAIN)
    assert attributions(place, BY_EVENTS)["crm_chat"] > 0
    turns = in_force(place.lake.read_days(TURN, BY_EVENTS, DAYS))
    by_events = turns.filter(pc.equal(turns.column("attribution"), "crm_chat"))
    assert by_events.column("manager_id").null_count == 0


def test_the_step_tells_which_share_of_the_episodes_each_method_linked(place: Installation) -> None:
    records = place.instance.fetch_materializations(dg.AssetKey(EPISODE.asset_key), limit=1).records
    event = records[0].asset_materialization
    assert event is not None
    told = {name: value.value for name, value in event.metadata.items()}
    counts = {name.removeprefix("linked_by_"): told[name] for name in told if name.startswith("linked_by_")}
    shares = {name.removeprefix("linked_share_"): told[name] for name in told if name.startswith("linked_share_")}
    whole = sum(int(str(count)) for count in counts.values())
    assert len(counts) >= 2
    assert {name: round(int(str(count)) / whole, 4) for name, count in counts.items()} == shares
