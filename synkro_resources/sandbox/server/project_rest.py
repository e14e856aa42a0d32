"""The real PostgREST of the sandbox tenants: one child per database, or the reason why there is none."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synkro_resources.sandbox.credentials import supabase_jwt_secret
from synkro_resources.sandbox.supabase.binary import BinaryUnavailable, require_postgrest
from synkro_resources.sandbox.supabase.process import PostgrestProcess
from synkro_resources.sandbox.supabase.project import authenticator_url, prepare_project

_PASSWORD_FILE = "authenticator.password"  # noqa: S105  # a file name

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ProjectRest:
    """The running children by tenant; `reason` says why a tenant has none."""

    running: dict[str, PostgrestProcess] = field(default_factory=dict[str, PostgrestProcess])
    reason: str = "no database was given for the sandbox's Supabase"

    def url(self, slug: str) -> str | None:
        process = self.running.get(slug)
        return process.url if process else None

    def ready(self, slug: str) -> bool:
        process = self.running.get(slug)
        return process is not None and process.ready()

    def stop(self) -> None:
        for process in self.running.values():
            process.stop()


def start_project_rest(databases: Mapping[str, str], state: Path) -> ProjectRest:
    """Prepare every tenant's database (superuser URL) as a hosted project and put a PostgREST in front of it.

    Main thread only. A machine without PostgREST is not an error: the databases are prepared for the direct path.
    """
    rest = ProjectRest()
    if not databases:
        return rest
    password = _password(state)
    for url in databases.values():
        prepare_project(url, password)
    try:
        binary = require_postgrest(state)
    except BinaryUnavailable as reason:
        rest.reason = str(reason)
        _log.warning("Supabase works by direct connection only, PostgREST is not available: %s", reason)
        return rest
    rest.reason = "PostgREST ended"
    try:
        for slug, url in databases.items():
            process = PostgrestProcess(
                binary,
                authenticator_url(url, password),
                supabase_jwt_secret(slug),
                log_file=state / "logs" / f"postgrest-{slug}.log",
            )
            process.start()
            rest.running[slug] = process
    except BaseException:
        rest.stop()
        raise
    return rest


def _password(state: Path) -> str:
    """The authenticator's password, kept so that a restart does not lock out a project that is still served."""
    path = state / _PASSWORD_FILE
    if path.is_file():
        return path.read_text()
    state.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(24)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(password)
    return password
