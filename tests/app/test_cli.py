"""The command line: quick to answer, clear when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from synkro_app import cli
from synkro_resources.model.errors import ConfigurationError, Sentence

HEAVY = {"dagster", "pandas", "numpy", "pyarrow", "streamlit", "sqlalchemy", "pydantic", "httpx", "openai", "telegram"}


def test_help_answers_at_once_because_nothing_heavy_is_imported() -> None:
    code = "import sys, synkro_app.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_help_names_every_command_without_importing_one() -> None:
    shown = CliRunner().invoke(cli.main, ["--help"])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_listed_command_exists(name: str) -> None:
    command = cli.main.get_command(click.Context(cli.main), name)
    assert isinstance(command, click.Command)


def test_a_failure_is_told_in_both_languages_with_its_remedy_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @click.command()
    def failing() -> None:
        raise ConfigurationError("x.y", Sentence("Плохо.", "Bad."), Sentence("Сделайте так.", "Do this."))

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda _self, _ctx, _name: failing)
    shown = CliRunner().invoke(cli.main, ["up"])
    assert shown.exit_code == 1
    assert "Ошибка: Плохо. Сделайте так." in shown.output
    assert "Error:  Bad. Do this." in shown.output
    assert "Traceback" not in shown.output
