"""What stands on the cards of a company arrives in the tables whole and unchanged, and follows the client's choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from synkro_resources.control.deal_columns import set_deal_columns
from synkro_resources.model.tables import Table
from synkro_resources.model.tables.cards import (
    COMPANY_FIELD,
    CONTACT_FIELD,
    CONTACT_TAG,
    DEAL_FIELD,
    DEAL_TAG,
    TASK,
)
from synkro_resources.model.tables.crm import CHOSEN_COLUMNS, COMPANY, CONTACT, DEAL
from synkro_resources.sandbox.world.fields import BUDGET, SOURCE, SOURCES
from synkro_resources.sandbox.world.inventory import Inventory
from tests.pipeline import Installation, Sandbox, installation

pytestmark = pytest.mark.xdist_group("planted-cards")

Json = dict[str, Any]
SLUG = "cards"
FIRST, TODAY = date(2026, 11, 17), date(2026, 11, 20)
CHOICE = {"utm_source": SOURCE.field_id, "budget": BUDGET.field_id}


@dataclass
class Place:
    installation: Installation
    sandbox: Sandbox

    def in_force(self, table: Table, cards: Table) -> list[Json]:
        """Rows of cards hold while their version is the card's own."""
        lake, key = self.installation.lake, cards.key[0]
        versions = {row[key]: row["source_updated_at"] for row in lake.read_current(cards, SLUG).to_pylist()}
        rows = lake.read_current(table, SLUG).to_pylist()
        return [row for row in rows if versions[row[key]] == row["source_updated_at"]]


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with installation(control_url, tmp_path_factory.mktemp("cards")) as found:
        sandbox = found.add_company(SLUG, seed=7, days=30)
        assert found.load(SLUG, FIRST, TODAY).status == "done"
        yield Place(found, sandbox)


def moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(int(str(seconds)), UTC) if seconds else None


def cards_of(place: Place, kind: str) -> dict[int, Json]:
    return getattr(place.sandbox.world.amocrm, kind)


def test_every_planted_card_is_there(place: Place) -> None:
    inventory, lake = Inventory(place.sandbox.world), place.installation.lake
    for table, kind in ((DEAL, "deals"), (CONTACT, "contacts"), (COMPANY, "companies")):
        rows = lake.read_current(table, SLUG).to_pylist()
        assert {row[table.key[0]] for row in rows if not row["is_deleted"]} == inventory.ids(kind), table.name


@pytest.mark.parametrize(
    ("table", "cards", "kind", "kinds"),
    [
        (DEAL_FIELD, DEAL, "leads", 23),
        (CONTACT_FIELD, CONTACT, "contacts", 4),
        (COMPANY_FIELD, COMPANY, "companies", 5),
    ],
    ids=["deals", "contacts", "companies"],
)
def test_every_value_of_every_field_is_the_planted_one(
    place: Place, table: Table, cards: Table, kind: str, kinds: int
) -> None:
    """`kinds`: so many types of fields are planted."""
    planted: dict[tuple[int, int, int], tuple[Json, Json]] = {
        (card_id, field["field_id"], position): (field, item)
        for card_id, card in cards_of(place, kind).items()
        for field in card["custom_fields_values"] or []
        for position, item in enumerate(field["values"])
    }
    stored = {(row[cards.key[0]], row["field_id"], row["position"]): row for row in place.in_force(table, cards)}
    assert stored.keys() == planted.keys()
    assert len({field["field_type"] for field, _ in planted.values()}) == kinds
    for key, (field, item) in planted.items():
        row, value = stored[key], item.get("value")
        for name in ("field_code", "field_name", "field_type"):
            assert row[name] == field[name]
        assert (row["enum_id"], row["enum_code"]) == (item.get("enum_id"), item.get("enum_code"))
        assert (row["value_text"] if isinstance(value, str | None) else orjson.loads(row["value_text"])) == value
        if field["field_type"] in ("numeric", "monetary", "price"):
            assert row["value_number"] == float(str(value))


@pytest.mark.parametrize(
    ("table", "cards", "kind"),
    [(DEAL_TAG, DEAL, "leads"), (CONTACT_TAG, CONTACT, "contacts")],
    ids=["deals", "contacts"],
)
def test_every_tag_is_the_planted_one(place: Place, table: Table, cards: Table, kind: str) -> None:
    planted = {
        (card_id, tag["id"], tag["name"])
        for card_id, card in cards_of(place, kind).items()
        for tag in card["_embedded"]["tags"]
    }
    rows = place.in_force(table, cards)
    assert {(row[cards.key[0]], row["tag_id"], row["name"]) for row in rows} == planted
    assert len(rows) == len(planted) > 0


def test_every_task_is_the_planted_one(place: Place) -> None:
    stored = {row["task_id"]: row for row in place.installation.lake.read_current(TASK, SLUG).to_pylist()}
    planted = place.sandbox.world.amocrm.tasks
    assert stored.keys() == {task["id"] for task in planted}
    for task in planted:
        row, owner = stored[task["id"]], task["entity_type"]
        result = task["result"]
        assert {name: row[name] for name in row if name != "source_updated_at"} == {
            "task_id": task["id"],
            "deal_id": task["entity_id"] if owner == "leads" else None,
            "contact_id": task["entity_id"] if owner == "contacts" else None,
            "company_id": task["entity_id"] if owner == "companies" else None,
            "responsible_id": task["responsible_user_id"],
            "task_type_id": task["task_type_id"],
            "text": task["text"],
            "result": (result.get("text") or None) if isinstance(result, dict) else None,
            "created_at": moment(task["created_at"]),
            "due_at": moment(task["complete_till"]),
            "is_completed": task["is_completed"],
            "completed_at": moment(task["updated_at"]) if task["is_completed"] else None,
        }
    assert {task["entity_type"] for task in planted} >= {"leads", "contacts", None}


def planted_marks(card: Json) -> Json:
    found: Json = dict.fromkeys(CHOSEN_COLUMNS)
    for field in card["custom_fields_values"] or []:
        if field["field_type"] == "tracking_data" and str(field["field_code"]).startswith("UTM_"):
            found[field["field_code"].lower()] = field["values"][0]["value"]
    return found


def planted_choice(card: Json) -> Json:
    found = planted_marks(card) | {"utm_source": None}
    for field in card["custom_fields_values"] or []:
        if field["field_id"] == SOURCE.field_id:
            found["utm_source"] = SOURCES[field["values"][0]["enum_id"]]
        if field["field_id"] == BUDGET.field_id:
            found["budget"] = float(field["values"][0]["value"])
    return found


def chosen_of(rows: Iterable[Json]) -> dict[int, Json]:
    return {row["deal_id"]: {name: row[name] for name in CHOSEN_COLUMNS} for row in rows if not row["is_deleted"]}


def test_marks_of_advertising_are_columns_of_the_deal_and_no_budget_is_guessed(place: Place) -> None:
    planted = {deal_id: planted_marks(card) for deal_id, card in cards_of(place, "leads").items()}
    assert chosen_of(place.installation.lake.read_current(DEAL, SLUG).to_pylist()) == planted
    for name in CHOSEN_COLUMNS:
        assert any(card[name] for card in planted.values()) == (name != "budget"), name


def test_the_first_load_of_a_program_that_knows_the_columns_fills_what_an_older_one_stored(place: Place) -> None:
    found = place.installation
    before = deal_files(found)
    for path in found.lake.folder(DEAL, SLUG).glob("*.parquet"):
        pq.write_table(pq.read_table(path.path).drop_columns(list(CHOSEN_COLUMNS)), path.path)
    assert not any(found.lake.read_current(DEAL, SLUG).column("utm_source").to_pylist())
    assert found.load(SLUG, TODAY, TODAY).status == "done"
    after = deal_files(found)
    assert after["current.parquet"] == before["current.parquet"]
    assert after["baseline.parquet"] == before["baseline.parquet"]


def test_the_next_load_fills_all_stored_deals_by_another_choice_and_the_one_after_it_changes_nothing(
    place: Place,
) -> None:
    found = place.installation
    set_deal_columns(found.control, SLUG, CHOICE, actor="test", clock=found.clock)
    assert found.load(SLUG, TODAY, TODAY).status == "done"
    planted = {deal_id: planted_choice(card) for deal_id, card in cards_of(place, "leads").items()}
    assert chosen_of(found.lake.read_current(DEAL, SLUG).to_pylist()) == planted
    older = chosen_of(found.lake.read_baseline(DEAL, SLUG).to_pylist())
    assert sum(values["budget"] is not None for values in older.values()) > 3
    assert older == {deal_id: planted[deal_id] for deal_id in older}
    before = deal_files(found)
    assert found.load(SLUG, TODAY, TODAY).status == "done"
    assert deal_files(found) == before


def deal_files(found: Installation) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in found.lake.folder(DEAL, SLUG).glob("*.parquet")}
