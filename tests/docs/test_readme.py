"""What is not written down does not exist for its users: settings, assets and tables must be documented."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from synkro_assets.definitions import ASSETS, build_defs
from synkro_assets.partitions import tenant_periods
from synkro_resources.dictionary import dictionary
from synkro_resources.model.tables import TABLES
from synkro_resources.settings import Settings

ROOT = Path(__file__).parents[2]
SNAPSHOT = Path(__file__).parent / "asset_graph.json"


def test_every_setting_is_in_the_readmes_table_with_its_meaning() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        line = next((row for row in readme.splitlines() if row.startswith(f"| `SYNKRO_{name.upper()}` |")), "")
        assert str(field.description) in line, f"SYNKRO_{name.upper()} is not described in README.md"


def test_every_asset_says_what_it_is() -> None:
    for asset in ASSETS:
        assert len(asset.description) > 15, asset.name


def test_every_column_of_every_table_has_a_meaning_in_both_languages() -> None:
    for table in TABLES.values():
        assert table.ru
        assert table.en
        for column in table.columns:
            assert column.ru, (table.name, column.name)
            assert column.en, (table.name, column.name)


def test_the_data_dictionary_shows_the_tables_as_they_are() -> None:
    """After a change on purpose: `python -m synkro_resources.dictionary > docs/data.md`."""
    assert (ROOT / "docs" / "data.md").read_text(encoding="utf-8") == dictionary()


def test_the_asset_graph_changes_only_on_purpose() -> None:
    """Compares with a snapshot, so that an accidental key or dependency shows up in review.

    After a change on purpose: `python -m tests.docs.test_readme` writes the snapshot anew.
    """
    assert json.loads(SNAPSHOT.read_text()) == asset_graph()


def asset_graph() -> dict[str, list[str]]:
    partitions = tenant_periods(date(2026, 1, 1))
    graph: dict[str, list[str]] = {}
    for asset in ASSETS:
        built = asset.build(partitions)
        graph[asset.name] = sorted("/".join(key.path) for key in built.dependency_keys)
    return graph


def test_the_code_location_loads() -> None:
    settings = Settings(history_start=date(2026, 1, 1))
    definitions = build_defs(settings)
    definitions.validate_loadable(definitions)


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(asset_graph(), indent=1, sort_keys=True) + "\n")
