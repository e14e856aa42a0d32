"""The files for containers are what the tools accept and speak of settings that exist. Nothing is built or started."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.growth.services import required
from synkro_app.operations.dagster_home import PROJECT_DIR
from synkro_resources.settings import Settings

DEPLOY = PROJECT_DIR / "deploy"
MANIFESTS = sorted(path for path in (DEPLOY / "k8s").glob("*.yaml") if path.name != "kustomization.yaml")
SETTING = re.compile(r"SYNKRO_[A-Z0-9_]+")
OF_COMPOSE = {"SYNKRO_IMAGE"}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_knows_every_field(manifest: Path) -> None:
    _accepted([str(Path(sys.executable).with_name("kubernetes-validate")), "--strict", str(manifest)])


def test_every_manifest_is_applied() -> None:
    listed = yaml.safe_load((DEPLOY / "k8s" / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == {path.name for path in MANIFESTS}


def test_the_dockerfile_keeps_the_rules_of_hadolint() -> None:
    _accepted([str(Path(sys.executable).with_name("hadolint")), str(DEPLOY / "Dockerfile")])


def test_compose_accepts_its_file(tmp_path: Path) -> None:
    program = required("docker-compose")
    shutil.copytree(DEPLOY / "compose", tmp_path / "deploy" / "compose")
    example = tmp_path / "deploy" / "compose" / "synkro.env.example"
    example.rename(example.with_name("synkro.env"))
    _accepted([program, "--env-file", "synkro.env", "-f", "docker-compose.yml", "config", "-q"], example.parent)


def test_the_files_name_settings_that_exist() -> None:
    known = {f"SYNKRO_{name.upper()}" for name in Settings.model_fields} | OF_COMPOSE
    named = {name for path in DEPLOY.rglob("*") if path.is_file() for name in SETTING.findall(path.read_text())}
    assert named - known == set()


def _accepted(words: list[str], folder: Path = PROJECT_DIR) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
