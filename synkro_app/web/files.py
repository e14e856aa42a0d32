"""Files that people download: every request is judged by the rights of the session that asks.

Streamlit's own download addresses are open to whoever learns them; these are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import data_flow, journal, plan, reports, warehouse_schema
from synkro_app.cabinet.services.journal import Filters
from synkro_app.cabinet.texts import LANGUAGES
from synkro_app.web.account import Account
from synkro_resources.control.sessions import SessionUser
from synkro_resources.model.errors import SynkroError, UserInputError

MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "sql": "application/sql; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}
REPORT, JOURNAL = "/files/{tenant}/report/{doc_id}.{format}", "/files/{tenant}/journal.csv"
STATEMENT = "/files/{tenant}/statement-{month}.xlsx"
SCRIPT, DATA_FLOW = "/files/{tenant}/synkro-supabase.sql", "/files/{tenant}/synkro-data-flow-{language}.md"

Made = tuple[str, bytes]
"""A file's name and content."""


@dataclass(frozen=True, slots=True)
class Files:
    """The routes of files."""

    account: Account

    def routes(self) -> list[Route]:
        return [
            Route(REPORT, self.report, methods=["GET"]),
            Route(JOURNAL, self.journal, methods=["GET"]),
            Route(SCRIPT, self.script, methods=["GET"]),
            Route(DATA_FLOW, self.data_flow, methods=["GET"]),
            Route(STATEMENT, self.statement, methods=["GET"]),
        ]

    async def report(self, request: Request) -> Response:
        return await self._answer(request, _report)

    async def journal(self, request: Request) -> Response:
        return await self._answer(request, _journal)

    async def script(self, request: Request) -> Response:
        return await self._answer(request, _script)

    async def data_flow(self, request: Request) -> Response:
        return await self._answer(request, _data_flow)

    async def statement(self, request: Request) -> Response:
        return await self._answer(request, _statement)

    async def _answer(
        self, request: Request, make: Callable[[Installation, SessionUser, Request], Made | None]
    ) -> Response:
        user = await self.account.user(request)
        if user is None:
            return PlainTextResponse("", 401)
        place = Installation(self.account.settings, self.account.control, self.account.clock)
        try:
            made = await run_in_threadpool(make, place, user, request)
        except UserInputError as error:
            what, remedy = error.what.in_language(user.language), error.remedy.in_language(user.language)
            return PlainTextResponse(f"{what} {remedy}", 400)
        except SynkroError:  # what is not there and what is not for this person look the same
            return PlainTextResponse("", 404)
        if made is None:
            return PlainTextResponse("", 404)
        name, content = made
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "cache-control": "no-store",
        }
        return Response(content, media_type=MIME[name.rpartition(".")[2]], headers=headers)


def report_address(tenant: str, doc_id: str, file_format: str) -> str:
    """Where a report's file is."""
    return f"/files/{tenant}/report/{quote(doc_id, safe='')}.{file_format}"


def journal_address(tenant: str, filters: Filters) -> str:
    """Where the record is, as a file."""
    query = f"from={filters.first_day}&to={filters.last_day}"
    for name, value in (("actor", filters.actor), ("action", filters.action)):
        query += "" if value is None else f"&{name}={quote(value, safe='')}"
    return f"/files/{tenant}/journal.csv?{query}"


def script_address(tenant: str) -> str:
    """Where the SQL of the client's database is, as a file."""
    return SCRIPT.format(tenant=tenant)


def data_flow_address(tenant: str, language: str) -> str:
    """Where the sheet for a security officer is, as a file."""
    return DATA_FLOW.format(tenant=tenant, language=language)


def statement_address(tenant: str, month: date) -> str:
    """Where the statement of the month that holds the day is, as a file."""
    return STATEMENT.format(tenant=tenant, month=f"{month:%Y-%m}")


def _statement(place: Installation, user: SessionUser, request: Request) -> Made | None:
    tenant, month = (str(request.path_params[name]) for name in ("tenant", "month"))
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    return f"synkro_{tenant}_{first:%Y-%m}.xlsx", plan.statement(place, user, tenant, first)


def _script(place: Installation, user: SessionUser, request: Request) -> Made:
    text = warehouse_schema.script(place, user, str(request.path_params["tenant"]))
    return "synkro-supabase.sql", text.encode()


def _data_flow(place: Installation, user: SessionUser, request: Request) -> Made:
    tenant, language = (str(request.path_params[name]) for name in ("tenant", "language"))
    text = data_flow.sheet(place, user, tenant, language if language in LANGUAGES else LANGUAGES[0])
    return f"synkro-data-flow-{language}.md", text.encode()


def _report(place: Installation, user: SessionUser, request: Request) -> Made | None:
    tenant, doc_id, wanted = (str(request.path_params[name]) for name in ("tenant", "doc_id", "format"))
    found = reports.files(place, user, tenant, doc_id)
    file = next((item for item in found if item.format == wanted), None)
    return None if file is None else (file.name, reports.open_file(place, user, tenant, file))


def _journal(place: Installation, user: SessionUser, request: Request) -> Made | None:
    query, tenant = request.query_params, str(request.path_params["tenant"])
    try:
        days = [date.fromisoformat(query.get(name, "")) for name in ("from", "to")]
    except ValueError:
        return None
    filters = Filters(*days, actor=query.get("actor"), action=query.get("action"))
    return f"synkro_{tenant}_{days[0]}_{days[1]}.csv", journal.export(place, user, tenant, filters)
