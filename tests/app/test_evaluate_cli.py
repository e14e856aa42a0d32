"""The command that decides about a release runs without a provider, and says by its exit code whether gates fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from synkro_app.cli import main


def test_it_runs_offline_and_writes_both_reports(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    subprocess.run([sys.executable, "-m", "synkro_assets.evaluation", "--write-gold", str(gold)], check=True)
    gold.write_text("\n".join(gold.read_text(encoding="utf-8").splitlines()[:3]), encoding="utf-8")
    report = tmp_path / "report"
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "synkro_app.cli", "evaluate", "--no-orders"),
            *("--gold", str(gold), "--report", str(report)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    told = orjson.loads((report / "evaluation.json").read_bytes())
    assert told["statuses"] == {"ok": 3}
    fails = [gate["name"] for gate in told["gates"] if gate["verdict"] == "fail"]
    assert ended.returncode == (1 if fails else 0), ended.stderr
    assert all(one["seen"] and one["clean"] for one in told["planted"])
    assert "quotes found in their messages" in ended.stdout
    assert (report / "evaluation.md").read_text(encoding="utf-8").startswith("# Labels of dialogs")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--yes"],
        ["--again"],
        ["--export", "gold.jsonl"],
        ["--tenant", "acme", "--base-url", "https://example.org/v1"],
        ["--tenant", "acme", "--gold", "README.md"],
    ],
)
def test_a_companys_evaluation_takes_its_own_provider_and_marks_and_nothing_else(arguments: list[str]) -> None:
    refused = CliRunner().invoke(main, ["evaluate", *arguments])
    assert refused.exit_code == 2
    assert "--tenant" in refused.output


def test_an_address_without_a_model_is_refused() -> None:
    refused = CliRunner().invoke(main, ["evaluate", "--base-url", "https://example.org/v1"])
    assert refused.exit_code == 2
    assert "--model" in refused.output
