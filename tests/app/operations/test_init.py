"""A bare server is prepared by one command that loses nothing when it is run again and opens nothing to strangers."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from synkro_app.cli import main
from synkro_resources.settings import Settings

URL = "https://cabinet.example.ru"


def _init(folder: Path, *words: str) -> str:
    told = CliRunner().invoke(main, ["init", "--dir", str(folder), "--account", "daemon", *words])
    assert told.exit_code == 0, told.output
    return told.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "srv"


def test_running_it_again_keeps_keys_and_what_people_have_written(folder: Path) -> None:
    first = _init(folder, "--public-url", URL, "--email", "op@example.ru")
    assert "--operator --email op@example.ru" in first
    assert "OAuth" not in first
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = _init(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert "записан" not in again
    file = folder / "synkro.env"
    file.write_text(f"{file.read_text()}# by hand\nSYNKRO_MAX_CONCURRENT_RUNS=4\n")
    _init(folder, "--public-url", "https://other.example.ru", "--port", "8600")
    text = file.read_text()
    assert "SYNKRO_PUBLIC_URL=https://other.example.ru\n" in text
    assert "SYNKRO_CABINET_PORT=8501\n" in text  # written already: a person's value stays
    assert text.endswith("# by hand\nSYNKRO_MAX_CONCURRENT_RUNS=4\n")
    assert (folder / "state" / "secret.keys").read_bytes() == before[folder / "state" / "secret.keys"]


def test_only_the_owner_reads_settings_and_keys_and_the_settings_are_valid(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _init(folder, "--public-url", URL)
    for path in (folder / "synkro.env", folder / "state" / "secret.keys"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in (folder, folder / "state"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for line in (folder / "synkro.env").read_text().splitlines():
        if not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    settings = Settings.load()
    assert (settings.state_dir, settings.public_url, settings.allow_sandbox) == (folder / "state", URL, False)


def test_the_units_run_our_program_as_the_account_and_systemd_accepts_them(folder: Path) -> None:
    _init(folder)
    units = {path.name: _unit(path) for path in folder.glob("synkro*.[st]*[er]")}
    assert units.keys() == {"synkro.service", "synkro-nightly.service", "synkro-nightly.timer"}
    service = units["synkro.service"]["Service"]
    assert service["ExecStart"] == [service["ExecStart"][0]]
    program = Path(service["ExecStart"][0].partition(" ")[0])
    assert os.access(program, os.X_OK)
    assert service["KillMode"] == ["mixed"]  # the supervisor stops its children in order
    assert service["User"] == ["daemon"]
    assert service["ReadWritePaths"] == [str(folder)]
    backup, prune = units["synkro-nightly.service"]["Service"]["ExecStart"]
    for line in (service["ExecStart"][0], backup, prune):
        words = line.split()
        shown = CliRunner().invoke(main, [*words[1:2], "--help"])
        assert shown.exit_code == 0
        assert all(word in shown.output for word in words if word.startswith("--"))
    if shutil.which("systemd-analyze"):
        paths = [str(path) for path in folder.glob("synkro*.[st]*[er]")]
        told = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
        assert [line for line in told.stderr.splitlines() if str(folder) in line] == []


def test_the_site_passes_websockets_and_never_logs_an_address_that_is_a_secret(folder: Path, tmp_path: Path) -> None:
    _init(folder, "--public-url", URL)
    text = (folder / "nginx-synkro.conf").read_text()
    assert "server_name cabinet.example.ru;" in text
    for line in (
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection $synkro_connection;",
        "proxy_set_header Host $http_host;",
    ):
        assert line in text
    found = re.search(r"location ~ (\S+) \{([^}]*)\}", text)
    assert found is not None
    for secret in ("/hooks/telegram/1.x", "/hooks/radist/x", "/invite/x", "/reset/x", "/amocrm/callback"):
        assert re.search(found[1], secret)
    assert "access_log off;" in found[2]
    assert "error_log /dev/null crit;" in found[2]
    assert text.count("{") == text.count("}")
    if shutil.which("nginx"):
        whole = tmp_path / "nginx.conf"
        whole.write_text(f"events {{}}\nhttp {{ include {folder}/nginx-synkro.conf; }}\n")
        subprocess.run(["nginx", "-t", "-c", whole], check=True, capture_output=True)


def test_without_https_it_says_what_is_off_and_why(folder: Path) -> None:
    for words in ((), ("--public-url", "http://cabinet.example.ru")):
        told = _init(folder, *words)
        assert "amoCRM возвращает человека только на адрес https" in told
        assert "webhooks of Telegram and Radist: they come to https only" in told
        assert "certbot --nginx -d" not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--public-url", "https://a.example/;evil"), "Not the address of a site"),
        (("--public-url", "https://a.example }"), "Not the address of a site"),
        (("--public-url", "ftp://a.example"), "Not the address of a site"),
        (("--account", "a b"), "Not the name of an account"),
        (("--dir", "/srv/a b"), "This path cannot be used"),
    ],
)
def test_what_could_break_out_of_the_files_is_refused(folder: Path, words: tuple[str, str], said: str) -> None:
    told = CliRunner().invoke(main, ["init", "--dir", str(folder), *words])
    assert (told.exit_code, said in told.output) == (1, True), told.output
    assert not folder.exists()


def test_the_demos_folder_is_never_taken(folder: Path) -> None:
    (folder / "sandbox").mkdir(parents=True)
    told = CliRunner().invoke(main, ["init", "--dir", str(folder)])
    assert (told.exit_code, "The demo lives in" in told.output) == (1, True)
    assert not (folder / "state").exists()


def _unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Sections and their values; names may be repeated in systemd's files."""

    class Many(dict[str, str]):
        def __setitem__(self, key: str, value: object) -> None:
            super().__setitem__(key, [*self.get(key, []), *value] if isinstance(value, list) else value)  # pyright: ignore

    parser = configparser.RawConfigParser(strict=False, dict_type=Many)
    parser.optionxform = str
    parser.read(path)
    return {name: {key: value.split("\n") for key, value in parser.items(name)} for name in parser.sections()}
