"""A client's checklist by commands: what is printed can be edited and read again, and nothing applies by mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.database import Database
from synkro_resources.control.rubrics import active_rubric, rubrics_of, save_trial
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.rubric import R1
from synkro_resources.model.rubric_edit import content_of


@pytest.fixture
def slug(control_db: Database, tenant_a: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_db.url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CLOCK", "2026-11-20T12:00:00Z")
    return tenant_a.slug


def call(command: str, slug: str, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["rubric", command, "--tenant", slug, *arguments], input=answer)


def test_the_printed_checklist_is_the_file_that_edit_reads_and_apply_asks_first(
    control_db: Database, slug: str, tmp_path: Path
) -> None:
    printed = call("show", slug)
    assert printed.exit_code == 0, printed.output
    assert tomllib.loads(printed.output) == content_of(R1)
    file = tmp_path / "mine.toml"
    file.write_text(printed.output.replace("weight = 5", "weight = 4", 1).replace("weight = 14", "weight = 15", 1))
    made = call("edit", slug, "--file", str(file))
    assert made.exit_code == 0, made.output
    assert "version r1.1" in made.output
    assert active_rubric(control_db, slug) == R1

    assert call("apply", slug, "--version", "r1.1", answer="n\n").exit_code != 0
    assert active_rubric(control_db, slug) == R1
    assert call("apply", slug, "--version", "r1.1", "--yes").exit_code == 0
    assert (active_rubric(control_db, slug).version, active_rubric(control_db, slug).by_code["CK01"].weight) == (
        "r1.1",
        4,
    )
    found = {"answered": 2, "episodes": 3, "calls": 4, "cost": 1.5, "currency": "RUB", "items": {}}
    save_trial(control_db, slug, "r1.1", found | {"mean_before": 50.0, "mean_after": 60.0})
    listed = call("show", slug, "--list").output
    assert "r1.1  active" in listed
    assert "tried on 2 dialogs" in listed
    assert "r1  applied before" in listed


def test_a_spoilt_file_and_an_unknown_version_are_refused_in_words(
    control_db: Database, slug: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    for text, told in (("CK01 = 5", "tables"), ("[CK01", "TOML"), ("[CK01]\nweight = 7", "Сумма весов 102")):
        file.write_text(text, encoding="utf-8")
        refused = call("edit", slug, "--file", str(file))
        assert refused.exit_code != 0
        assert told in refused.output
    assert "r9" in call("apply", slug, "--version", "r9", "--yes").output
    assert "Нет новой версии" in call("dry-run", slug, "--yes").output
    assert set(rubrics_of(control_db, slug)) == {"r1"}
