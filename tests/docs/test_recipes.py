"""The recipes work as they are written: their blocks are applied to a copy of the code, and their tests run there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("recipes")]

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.M | re.S)
FOLDERS = ("synkro_app", "synkro_assets", "synkro_resources", "tests", "docs")


def follow(recipe: str, copy: Path) -> None:
    """Do in `copy` what the recipe's blocks say: write files, change lines, run commands."""
    for kind, file, content in BLOCK.findall((RECIPES / recipe).read_text(encoding="utf-8")):
        if file:
            assert not (copy / file).exists(), f"{recipe} writes over {file}"
            (copy / file).write_text(content, encoding="utf-8")
        elif kind == "diff":
            for one in re.split(r"(?m)^(?=--- a/)", content)[1:]:  # counted anew, a second file would look like lines
                run(copy, ["git", "apply", "--recount", "-"], one)
        else:
            assert kind == "sh", f"{recipe}: a block of {kind} is not followed"
            run(copy, ["bash", "-e"], content)


def run(copy: Path, command: list[str], told: str = "", **environment: str) -> None:
    done = subprocess.run(
        command,
        cwd=copy,
        input=told,
        env={**os.environ, "PYTHONPATH": str(copy), "GIT_CEILING_DIRECTORIES": str(copy.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} {told}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code after both recipes: they must not stand in each other's way."""
    copy = tmp_path_factory.mktemp("recipes")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder)
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, copy)
    (copy / ".venv").symlink_to(sys.prefix)
    follow("add-a-table.md", copy)
    follow("add-a-source.md", copy)
    return copy


def passes(copy: Path, postgres: PostgresServer, *tests: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    run(copy, command, SYNKRO_TEST_DATABASE_URL=postgres.url("postgres"))


def test_the_recipe_for_a_table_leads_to_a_table(copy: Path, postgres: PostgresServer) -> None:
    passes(copy, postgres, "tests/assets/dialogs/test_message_counts.py", "tests/docs/test_readme.py")
    assert "### normalized/message_count" in (copy / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_recipe_for_a_source_leads_to_rows_in_the_lake(copy: Path, postgres: PostgresServer) -> None:
    passes(copy, postgres, "tests/assets/crm/test_roles.py")
