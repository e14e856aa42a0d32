"""What the database or PostgREST would refuse, decided from the request alone: the switches about schema and rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from synkro_resources.sandbox.supabase.switches import SupabaseSwitches

WRITES = frozenset(("POST", "PATCH", "PUT"))

NOT_FILTERS = frozenset(("select", "columns", "on_conflict", "order", "limit", "offset", "apikey"))
"""Parameters that do not choose rows; `and`, `or`, `not` and every column do."""

CONFLICTS = frozenset(("23503", "23505"))
"""Codes that PostgREST answers with 409 instead of 400."""


def refusal(request: Request, table: str, body: bytes, switches: SupabaseSwitches) -> Response | None:
    """The answer instead of PostgREST's, or None; `table` is empty for the root, functions have none."""
    if switches.schema_hidden:
        return problem(406, "PGRST106", "The schema must be one of the following: api")
    if not table:
        return None
    writes = request.method in WRITES
    if table in switches.missing_tables:
        return missing_table(table, switches)
    if writes and (table in switches.stale_tables or switches.stale_writes > 0):
        if table not in switches.stale_tables:
            switches.stale_writes -= 1
        return missing_table(table, switches) if switches.newer_codes else JSONResponse({}, 404)
    query = parse_qsl(request.url.query, keep_blank_values=True)
    if switches.safeupdate and request.method in ("PATCH", "DELETE") and not _has_filter(query):
        verb = "UPDATE" if request.method == "PATCH" else "DELETE"
        return problem(400, "21000", f"{verb} requires a WHERE clause")
    rows = _rows(body) if writes else []
    if refused := _column(table, rows, query, switches, writes=writes):
        return refused
    if writes and table in switches.no_unique_on and any(name == "on_conflict" for name, _ in query):
        message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
        return problem(400, "42P10", message)
    if 0 < switches.timeout_above_rows < len(rows):
        return problem(500, "57014", "canceling statement due to statement timeout")
    return _poisoned(table, rows, switches)


def missing_table(table: str, switches: SupabaseSwitches) -> Response:
    if switches.newer_codes:
        return problem(404, "PGRST205", f"Could not find the table 'public.{table}' in the schema cache")
    return problem(404, "42P01", f'relation "public.{table}" does not exist')


def expired(switches: SupabaseSwitches) -> Response:
    """The answer to a token whose time is over."""
    code = "PGRST303" if switches.newer_codes else "PGRST301"
    answer = problem(401, code, "JWT expired")
    answer.headers["www-authenticate"] = 'Bearer error="invalid_token", error_description="JWT expired"'
    return answer


def problem(status: int, code: str, message: str, details: str | None = None) -> JSONResponse:
    return JSONResponse({"code": code, "details": details, "hint": None, "message": message}, status)


def with_fewer_rows(query: str, max_rows: int) -> str:
    """The query with a `limit` of at most `max_rows`, which PostgREST treats as its own setting."""
    pairs = parse_qsl(query, keep_blank_values=True)
    asked = next((int(value) for name, value in pairs if name == "limit" and value.isdigit()), max_rows)
    kept = [(name, value) for name, value in pairs if name != "limit"]
    return urlencode([*kept, ("limit", str(min(asked, max_rows)))])


def _has_filter(query: list[tuple[str, str]]) -> bool:
    return any(name not in NOT_FILTERS for name, _ in query)


def _rows(body: bytes) -> list[Mapping[str, object]]:
    """The rows of a JSON body; PostgREST itself judges what is no JSON."""
    try:
        value: object = json.loads(body) if body else []
    except ValueError:
        return []
    rows = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, object]", row) for row in rows if isinstance(row, dict)]


def _column(
    table: str,
    rows: list[Mapping[str, object]],
    query: list[tuple[str, str]],
    switches: SupabaseSwitches,
    *,
    writes: bool,
) -> Response | None:
    """A refusal for a column that the older tables do not have."""
    missing = set(switches.missing_columns.get(table, []))
    if not missing:
        return None
    written = {name for row in rows for name in row}
    written |= {part.strip('"') for name, value in query if name == "columns" for part in value.split(",")}
    if writes and (unknown := sorted(missing & written)):
        return problem(400, "PGRST204", f"Column '{unknown[0]}' of relation '{table}' does not exist")
    named = {name.partition("->")[0] for name, _ in query if name not in NOT_FILTERS}
    for name, value in query:
        if name in ("select", "order"):
            named |= {part.partition(".")[0].partition("->")[0].strip() for part in value.split(",")}
    if unknown := sorted(missing & named):
        return problem(400, "42703", f"column {table}.{unknown[0]} does not exist")
    return None


def _poisoned(table: str, rows: list[Mapping[str, object]], switches: SupabaseSwitches) -> Response | None:
    """One bad row refuses the batch; as at the database, the details hold what nobody should log."""
    if not switches.poison:
        return None
    for row in rows:
        text = json.dumps(row, ensure_ascii=False)
        if switches.poison in text:
            code = switches.poison_code
            status = 409 if code in CONFLICTS else 400
            return problem(status, code, f'a row of relation "{table}" was refused', f"Failing row contains ({text}).")
    return None
