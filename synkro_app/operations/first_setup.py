"""`synkro init`: what a bare server needs before the first start. Safe to repeat: nothing that is there is lost."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from synkro_app.operations import server_files
from synkro_app.operations.server_files import Server
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.errors import RefusedError, Sentence
from synkro_resources.settings import Settings

OWNER_ONLY = 0o600
FOLDER_OWNER_ONLY = 0o700
SANDBOX_MARK = "sandbox"


@dataclass(frozen=True, slots=True)
class Written:
    """A file and whether this time changed it."""

    path: Path
    changed: bool


def set_up(server: Server, *, url_given: bool) -> list[Written]:
    """Make folders, keys, the environment file, the units and the site. `url_given`: the address replaces a stored one.

    Keys and variables that exist stay. Units and site are generated: they are written anew.

    Raises:
        RefusedError: `init.demo`. UserInputError: `init.…`.
    """
    server_files.checked_server(server)
    if (server.state_dir / SANDBOX_MARK).exists() or (server.folder / SANDBOX_MARK).exists():
        raise RefusedError(
            "init.demo",
            Sentence(f"В {server.folder} живёт демо.", f"The demo lives in {server.folder}."),
            Sentence("Для настоящей работы выберите другую папку.", "Choose another folder for real work."),
        )
    for folder in (server.folder, server.state_dir):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(FOLDER_OWNER_ONLY)
    had_keys = (server.state_dir / "secret.keys").exists()
    keys = Keyring.from_settings(Settings.load(state_dir=server.state_dir, secret_keys=""))
    files = [
        *([Written(keys.file, not had_keys)] if keys.file else []),
        _environment_file(server, url_given=url_given),
        _write(server.folder / server_files.UNIT, server_files.unit(server)),
        _write(server.folder / server_files.NIGHTLY, server_files.nightly_unit(server)),
        _write(server.folder / server_files.TIMER, server_files.nightly_timer()),
    ]
    if server.host:
        files.append(_write(server.folder / server_files.SITE, server_files.site(server)))
    _give(server)
    return files


def account_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def stored_url(folder: Path) -> str:
    """The public address of an earlier `init` in this folder."""
    file = folder / "synkro.env"
    return server_files.variable(file.read_text(encoding="utf-8"), "SYNKRO_PUBLIC_URL") if file.is_file() else ""


def _environment_file(server: Server, *, url_given: bool) -> Written:
    path = server.environment_file
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    values = {
        "SYNKRO_STATE_DIR": str(server.state_dir),
        "SYNKRO_PUBLIC_URL": server.public_url,
        "SYNKRO_CABINET_PORT": str(server.cabinet_port),
    }
    text = server_files.changed_variables(before, {"SYNKRO_PUBLIC_URL": server.public_url}) if url_given else before
    return _write(path, server_files.environment(text, values), OWNER_ONLY)


def _write(path: Path, text: str, mode: int = 0o644) -> Written:
    if path.is_file() and path.read_text(encoding="utf-8") == text and path.stat().st_mode & 0o777 == mode:
        return Written(path, False)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        file.write(text)
    unfinished.replace(path)
    return Written(path, True)


def _give(server: Server) -> None:
    """What root has made belongs to the service's account, as far as that exists already."""
    if os.geteuid() != 0 or not account_exists(server.account):
        return
    account = pwd.getpwnam(server.account)
    for path in (server.folder, server.state_dir, server.environment_file, server.state_dir / "secret.keys"):
        if path.exists():
            os.chown(path, account.pw_uid, account.pw_gid)
