"""`synkro demo`: the whole road with an invented company, from two vendors to a delivered report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import click
import httpx
from rich.console import Console

from synkro_app.operations.demo_world import OWNER, SLUG, ZONE, connect_tenant, prepare_client_database, stored_world
from synkro_app.operations.follow import follow_request
from synkro_app.operations.foreground import TICK_S, say_step, stopped_in_the_end
from synkro_app.operations.stack import SUPABASE_DEMO, Stack
from synkro_resources.checks import run_check
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import StoredCheck, list_integrations
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.outbox import deliveries
from synkro_resources.control.run_requests import RunRequest, create_request
from synkro_resources.model.errors import Sentence, TransientError
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.sandbox.credentials import report_chat_id
from synkro_resources.settings import Settings

LOADED_DAYS = 14
DATA_LIMIT = timedelta(minutes=10)  # about half a minute on two idle cores
REPORT_LIMIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that lies in the sandbox's Telegram."""

    message_id: int
    text: str


def demo_stack(say: Callable[[Sentence], None]) -> Stack:
    """The stack with the sandbox beside it; the world ends now."""
    settings = Settings.load()
    return Stack(sandbox=stored_world(settings.state_dir, settings.present), say=say)


def prepare_demo(stack: Stack) -> None:
    """Create the demo's tenant, people and integrations in a started stack; safe to repeat."""
    readiness = cast("Mapping[str, object]", _json(f"{stack.sandbox_url}/control/ready"))
    without_rest = not readiness.get("supabase_rest")
    if without_rest:
        why = readiness.get("supabase_rest_reason")
        say_step(Sentence(f"Supabase пишем напрямую, без PostgREST: {why}", f"Supabase directly, no PostgREST: {why}"))
    direct = prepare_client_database(stack.databases.create(SUPABASE_DEMO), direct=without_rest)
    connect_tenant(stack.settings, stack.sandbox_url, direct_supabase=direct)


def check_connections(stack: Stack) -> dict[IntegrationKind, StoredCheck]:
    """Check every connection of the demo as its owner would in the wizard, all at once; says how each one stands."""
    settings = stack.settings
    db, keyring = Database.from_settings(settings), Keyring.from_settings(settings)

    def check(kind: IntegrationKind) -> StoredCheck:
        return run_check(db, keyring, SLUG, kind, clock=settings.present, allow_sandbox=settings.allow_sandbox)

    try:
        kinds = [integration.kind for integration in list_integrations(db, SLUG)]
        with ThreadPoolExecutor(max_workers=len(kinds)) as pool:
            checked = dict(zip(kinds, pool.map(check, kinds), strict=True))
    finally:
        db.close()
    for kind, result in checked.items():
        say_step(Sentence(f"Подключение {kind}: {result.status}", f"connection {kind}: {result.status}"))
        for finding in result.findings:
            if finding.status != "ok":
                say_step(finding.what)
    return checked


def run_demo(*, exit_when_done: bool) -> None:
    """Start everything, load 14 days, deliver yesterday's report, say where to look; then run until Ctrl-C.

    Raises:
        SynkroError: what failed and what to do; with `exit_when_done` also when the report did not arrive.
    """
    started = time.monotonic()
    console = Console()
    stack = demo_stack(say_step)
    with stopped_in_the_end(stack):
        today = stack.settings.present.now().astimezone(ZoneInfo(ZONE)).date()
        day = today - timedelta(days=1)
        loaded = Period.custom(today - timedelta(days=LOADED_DAYS - 1), today)  # the report shows who waits now
        stack.start(meanwhile=lambda: _introduce(stack, loaded))
        _make_report(stack, day, loaded, console)
        delivered = delivered_report(stack, day)
        if not delivered:
            raise _nothing_arrived()
        _tell(stack, day, delivered[0], time.monotonic() - started)
        if exit_when_done:
            return
        while True:
            stack.tick()
            time.sleep(TICK_S)


def delivered_report(stack: Stack, day: date) -> list[Delivered]:
    """The parts of this day's report that we sent and that lie in the sandbox's Telegram; empty unless all do."""
    db = Database.from_settings(stack.settings)
    try:
        parts = deliveries(db, SLUG, Period.day(day).report_id)
    finally:
        db.close()
    newest = max((part.revision for part in parts), default=0)
    sent = [part.message_id or "" for part in parts if part.revision == newest and part.state != "cancelled"]
    chat = _json(f"{stack.sandbox_url}/telegram/chats/{report_chat_id(SLUG)}?format=json")
    texts = {
        str(message["message_id"]): str(message.get("text") or message.get("caption") or "")
        for message in cast("list[Mapping[str, object]]", chat)
    }
    if not all(message_id in texts for message_id in sent):
        return []
    return [Delivered(int(message_id), texts[message_id]) for message_id in sent]


def _introduce(stack: Stack, loaded: Period) -> None:
    """Everything that needs no Dagster yet; its daemon finds the request for the data when it begins."""
    prepare_demo(stack)
    check_connections(stack)
    db = Database.from_settings(stack.settings)
    try:
        _ask(stack, db, RequestKind.DATA, loaded)
    finally:
        db.close()


def _make_report(stack: Stack, day: date, loaded: Period, console: Console) -> None:
    db = Database.from_settings(stack.settings)
    try:
        for kind, period, title, limit in (
            (RequestKind.DATA, loaded, f"Данные / Data {loaded.first_day:%d.%m}–{loaded.last_day:%d.%m}", DATA_LIMIT),
            (RequestKind.REPORT, Period.day(day), f"Отчёт / Report {day:%d.%m.%Y}", REPORT_LIMIT),
        ):
            console.print(title)
            request = _ask(stack, db, kind, period)
            finished = follow_request(
                db, SLUG, request.id, title=title, console=console, meanwhile=stack.tick, limit=limit
            )
            if finished.status != "done":
                raise _failed(title, finished)
    finally:
        db.close()


def _ask(stack: Stack, db: Database, kind: RequestKind, period: Period) -> RunRequest:
    """The open request of this kind and period: the one that was made before, or a new one."""
    return create_request(
        db,
        tenant=SLUG,
        kind=kind,
        period=period,
        requested_by="demo",
        reason="make demo",
        clock=stack.settings.present,
    )


def _tell(stack: Stack, day: date, last: Delivered, took_s: float) -> None:
    message = f"{stack.sandbox_url}/telegram/chats/{report_chat_id(SLUG)}/messages/{last.message_id}"
    first_line = last.text.strip().partition("\n")[0]
    click.echo(
        f"""
Готово за {took_s:.0f} с. Отчёт за {day:%d.%m.%Y} доставлен. / Ready in {took_s:.0f} s, the report is delivered.

  Отчёт в Telegram / Report:  {message}
                              «{first_line}»
  Кабинет / Cabinet:          {stack.settings.cabinet_url}
  Вход / Sign-in:             {OWNER.email}  {OWNER.password}
  Dagster (loopback):         {stack.settings.dagster_url}
  Песочница / Sandbox:        {stack.sandbox_url}

Дальше / Next:
  · откройте кабинет и нажмите «Сформировать отчёт» / open the cabinet and ask for a report
  · другой день в соседнем окне / another day from another shell:
      .venv/bin/synkro --demo run --tenant {SLUG} --day {day - timedelta(days=1)}
  · Ctrl-C останавливает всё, второй запуск продолжает / Ctrl-C stops everything, a second start continues
"""
    )


def _json(url: str) -> object:
    answer = httpx.get(url, timeout=10, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def _failed(title: str, request: RunRequest) -> TransientError:
    return TransientError(
        request.error_code or "demo.failed",
        Sentence(f"{title}: {request.what_ru or request.status}", f"{title}: {request.what_en or request.status}"),
        Sentence(
            request.remedy_ru or "Подробности – в журналах папки logs.",
            request.remedy_en or "The details are in the folder logs.",
        ),
    )


def _nothing_arrived() -> TransientError:
    return TransientError(
        "demo.nothing_arrived",
        Sentence(
            "Запрос выполнен, но сообщения в Telegram нет.", "The request is done, but no message lies in Telegram."
        ),
        Sentence(
            "Посмотрите шаг reports/sent_report_day в кабинете и журналы.",
            "Look at the step reports/sent_report_day in the cabinet and at the logs.",
        ),
    )
