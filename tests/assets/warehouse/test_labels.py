"""What the analysis says reaches the client's database masked and complete, and a second load changes no byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from synkro_resources.control.integrations import set_integration
from synkro_resources.erasure.mentions import Phone
from synkro_resources.erasure.person_lake import Person, erase_person_from_lake
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.tables.analysis import ANALYSIS_TABLES, EPISODE_ANALYSIS, FINDING
from synkro_resources.sandbox.openai import openai_app
from synkro_resources.sandbox.serve import serve
from tests.pipeline import Installation, installation
from tests.resources.supabase.projects import as_writer, project, stored

__all__ = ["project"]

DAY = date(2026, 11, 18)


@pytest.fixture
def place(control_url: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(control_url, tmp_path) as found:
        yield found


def test_labels_reach_the_client_and_go_with_an_erased_dialog(
    place: Installation, project: str, tmp_path: Path
) -> None:
    slug = f"labels-{tmp_path.parent.name[-3:].strip('-')}"
    place.add_company(slug, seed=23, days=12)
    secrets = {"connection_string": as_writer(project)}
    set_integration(place.control, place.keyring, slug, IntegrationKind.SUPABASE, {}, secrets, "test")
    with serve(openai_app(clock=place.clock, api_key="sk", models=["sandbox-mini"])) as url:
        public = {"base_url": f"{url}/v1", "model": "sandbox-mini"}
        set_integration(place.control, place.keyring, slug, IntegrationKind.AI, public, {"api_key": "sk"}, "test")
        assert place.load(slug, DAY, DAY).status == "done"
        files = [Path(str(place.lake.path(table, slug, DAY))) for table in ANALYSIS_TABLES]
        before = [file.read_bytes() for file in files]
        assert place.load(slug, DAY, DAY).status == "done"
        assert [file.read_bytes() for file in files] == before
    analyses, findings = (place.lake.read_days(table, slug, [DAY]).to_pylist() for table in ANALYSIS_TABLES)
    assert {row["status"] for row in analyses} == {"ok"}
    assert {row["episode_key"] for row in findings} == {row["episode_key"] for row in analyses}
    assert len(stored(project, "synkro_episode_analysis")) == len(analyses) > 0
    assert len(stored(project, "synkro_finding")) == len(stored(project, "synkro_v_findings")) == len(findings) > 0

    dialog = findings[0]["dialog_id"]
    person = Person(Phone("70000000000"), dialogs=frozenset({dialog}))
    erase_person_from_lake(place.settings.lake_root, slug, person, lambda _: None)
    for table in (EPISODE_ANALYSIS, FINDING):
        left = place.lake.read_days(table, slug, [DAY]).column("dialog_id").to_pylist()
        assert left
        assert dialog not in left
