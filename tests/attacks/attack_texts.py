"""Texts that want to be statements: every argument of every function of the cabinet, and all statements of the code."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from synkro_app.cabinet.context import Installation
from synkro_resources.control.database import Database
from synkro_resources.control.sessions import SessionUser
from synkro_resources.control.tenants import Tenant
from synkro_resources.control.users import Membership
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import Role
from synkro_resources.settings import Settings
from tests.app.cabinet.test_isolation import FUNCTIONS, SAMPLES, sample

Seen = Callable[[str, object], None]
ROOT = Path(__file__).parents[2]
TEXTS = [
    "'; UPDATE tenant SET name = 'taken over'; --",
    "x' OR '1'='1",
    "\\'; RESET ROLE; UPDATE tenant SET name = 'taken over'; --",
    "%(name)s :name {name} $1 ? %s %%",
    "x'); COMMIT; UPDATE tenant SET name = 'taken over'; --",
    "\N{FULLWIDTH APOSTROPHE}; UPDATE tenant SET name = 'taken over'; --",
]
NO_SYNTAX = "42"
"""SQLSTATE class of syntax errors: a text that changes a statement but happens to break it is a hole as well."""

BUILT = {
    ("synkro_resources/control/migrate.py", "text(f'GRANT {role} TO CURRENT_USER{options}')"),
    ("synkro_app/web/session_watch.py", "connection.exec_driver_sql(f'LISTEN {CLOSED_CHANNEL}')"),
}
"""Statements with names that the code itself chose; PostgreSQL takes no values in their places."""
BUILT_BEGINNINGS = {
    "synkro_resources/control/migrate.py": "text(f'DO $$ BEGIN CREATE ROLE {role} ",
    "synkro_resources/erasure/warehouse.py": "cursor.execute(f'delete from {self._schema}.{name} where {condition}'",
}


@pytest.mark.parametrize("told", TEXTS)
def test_sql_in_every_argument_stays_a_text(
    told: str,
    control_db: Database,
    control_clock: FixedClock,
    tenant_a: Tenant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Seen,
) -> None:
    monkeypatch.setitem(SAMPLES, str, told)
    place = Installation(Settings.load(lake_url=str(tmp_path), state_dir=tmp_path), control_db, control_clock)
    member = Membership(tenant_a.slug, Role.OWNER, None, can_read_texts=True)
    owner = SessionUser("u1", "u1@example.com", "", "ru", "s1", (member,), tenant_a.slug, Role.OWNER, is_operator=True)
    given: dict[str, Any] = {"place": place, "user": owner, "tenant": tenant_a.slug}
    refused = 0
    for name, function in FUNCTIONS.items():
        hints = get_type_hints(function)
        parameters = inspect.signature(function).parameters
        try:
            function(**{one: given[one] if one in given else sample(hints[one]) for one in parameters})
        except DBAPIError as error:
            if (getattr(error.orig, "pgcode", None) or "").startswith(NO_SYNTAX):
                pytest.fail(f"{name}: {error}")
            refused += 1
        except Exception:  # noqa: BLE001  # a sample is rarely what a function wants: all but SQL is its own matter
            refused += 1
    with control_db.owner() as connection:
        taken = connection.scalar(text("SELECT count(*) FROM tenant WHERE name = 'taken over'"))
        login = connection.scalar(text("SELECT count(*) FROM pg_tables WHERE tablename = 'audit_event'"))
    assert (taken, login) == (0, 1)
    assert refused < len(FUNCTIONS), "nothing got as far as the database"
    record_property("seen", f"{len(FUNCTIONS)} functions with {len(TEXTS)} texts each, no statement changed")


def statements() -> Iterator[tuple[str, str]]:
    """Every statement that is put together where it is carried out: file and call."""
    for package in ("synkro_app", "synkro_assets", "synkro_resources/control", "synkro_resources/erasure"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.JoinedStr | ast.BinOp):
                    function = node.func
                    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                    if name in ("text", "execute", "exec_driver_sql", "executemany", "copy_expert"):
                        yield str(path.relative_to(ROOT)), ast.unparse(node)


def test_no_statement_of_the_control_database_is_put_together_from_texts(record_property: Seen) -> None:
    found = list(statements())
    for file, call in found:
        known = (file, call) in BUILT or call.startswith(BUILT_BEGINNINGS.get(file, "\0"))
        assert known, f"{file}: {call}"
    record_property("seen", f"{len(found)} statements are put together, all from names of our own")
