"""Companies with a history behind the cabinet, written at once: for `bench.cabinet`.

The reports are stored by the product's own functions, the many rows of loads, checks, runs and labels by SQL that
multiplies them: what a year of `medium` leaves behind, without a year of loads.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
from sqlalchemy import Connection, text

from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.sessions import open_session
from synkro_resources.control.tables.reports import report, report_package, report_package_metric, report_package_row
from synkro_resources.control.tenants import add_tenant
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.lake import Lake
from synkro_resources.model.clock import SystemClock
from synkro_resources.model.ids import IntegrationKind, Role
from synkro_resources.model.package import Package, PackageMetric, PackageRow, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.report import Block, BlockKind, ReportDocument, Section, text_line
from synkro_resources.model.tables import DAY_COLUMN, TABLES
from synkro_resources.model.tables.crm import MANAGER
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.sandbox.credentials import SandboxCredentials
from synkro_resources.settings import Settings

ACTOR = "bench"
ZONE = "Europe/Moscow"
PASSWORD = "a long enough password 7"
CHECKS = ("keys_unique", "schema", "source_counts", "own_account")
LONG, SHORT = 365, 30
"""Days of history of a company that has been here for a year, and of the others."""
REFRESHES = {LONG: 8, SHORT: 3}
"""Loads of today per day, beside the daily report."""
EPISODES_A_DAY = 60
MANAGERS = range(9_001_001, 9_001_009)
LISTS = {
    "episodes": 60,
    "new_episodes": 40,
    "first_response": 40,
    "judged": 60,
    "unanswered": 15,
    "no_deal": 8,
    "won": 6,
    "lost": 12,
    "silent_open": 140,
    "checklist_answer": 200,
    "checklist_fail": 40,
}
"""Rows of each list of a package, as a day of the demo has them, three times as many dialogs."""

_LOADS = """
INSERT INTO source_run (tenant, source, step, day, status, finished_at, rows_source, rows_stored, rows_quarantined,
    rows_duplicate)
SELECT :tenant, split_part(name, '/', 1), split_part(name, '/', 2), day::date, 'ok',
    least(day + interval '1 day 1 hour', CAST(:now AS timestamptz)), 120, 118, 0, 2
FROM unnest(CAST(:raw AS text[])) AS name, generate_series(CAST(:first AS date), :today, '1 day') AS day
"""
_DAYS = """
INSERT INTO day_state (tenant, day, layer, loaded_at, changed_at, complete, versions)
SELECT :tenant, day::date, layer, day + interval '1 day 1 hour', day + interval '1 day 1 hour', true, '{}'
FROM unnest(ARRAY['raw', 'derived']) AS layer, generate_series(CAST(:first AS date), :today, '1 day') AS day
"""
_CHECKS = """
INSERT INTO check_result (tenant, asset, check_name, day, run_id, passed, blocking, what_ru, what_en, details,
    checked_at)
SELECT :tenant, asset, check_name, day::date, 'r', true, true, '', '', '{"rows": 118}', day + interval '1 day 2 hours'
FROM unnest(CAST(:tables AS text[])) AS asset, unnest(CAST(:checks AS text[])) AS check_name,
    generate_series(CAST(:first AS date), :today, '1 day') AS day
"""
_REQUESTS = """
INSERT INTO run_request (tenant, request_id, kind, period_kind, first_day, last_day, requested_by, reason, status,
    stage, attempt, plan, created_at, finished_at, error_code, what_ru, what_en, remedy_ru, remedy_en, is_refinement)
SELECT :tenant, to_char(day, 'YYYYMMDD') || '-' || turn, CASE turn WHEN 0 THEN 'report' ELSE 'refresh' END, 'day',
    day::date, day::date, CASE turn WHEN 0 THEN 'schedule:day' ELSE 'clock' END, 'schedule', 'done', '', 1, '{}',
    day + interval '6 hours' + turn * interval '1 hour', day + interval '6 hours 5 minutes' + turn * interval '1 hour',
    '', '', '', '', '', false
FROM generate_series(CAST(:first AS date), :today, '1 day') AS day, generate_series(0, :refreshes) AS turn
"""
_RUNS = """
INSERT INTO run (tenant, run_id, request_id, job, stage, chunk, attempt, first_day, last_day, status, started_at,
    heartbeat_at, finished_at, error_code, what_ru, what_en, remedy_ru, remedy_en)
SELECT tenant, 'run-' || request_id, request_id, 'tenant_day_data', 'data-0', 0, 1, first_day, last_day, 'done',
    created_at, finished_at, finished_at, '', '', '', '', ''
FROM run_request WHERE tenant = :tenant
"""
_STEPS = """
INSERT INTO run_step (tenant, run_id, asset, first_day, last_day, status, started_at, finished_at, rows_in, rows_out,
    requests, error_code, what_ru, what_en, remedy_ru, remedy_en, retryable)
SELECT tenant, run_id, asset, first_day, last_day, 'done', started_at, finished_at, 100, 98, 2, '', '', '', '', '',
    false
FROM run, unnest(CAST(:tables AS text[])) AS asset WHERE tenant = :tenant
"""
_AUDIT = """
INSERT INTO audit_event (tenant, at, actor, action, target, reason, details)
SELECT :tenant, day + turn * interval '40 minutes', 'user:' || CAST(:person AS text), 'dialog.read', 'episode', '', '{}'
FROM generate_series(CAST(:first AS date), :today, '1 day') AS day, generate_series(0, 19) AS turn
"""
_DELIVERIES = """
INSERT INTO delivery (tenant, delivery_id, report_id, package_id, revision, channel, destination_id, part_no, parts,
    content_hash, delivery_key, payload, state, attempts, is_resend, created_at, next_at, sent_at, last_error_code,
    last_error_text, expires_at)
SELECT :tenant, package_id, report_id, package_id, 1, 'telegram', CAST(:chat AS text), 1, 1, '', package_id, '{}',
    'sent', 1, false, built_at, built_at, built_at, '', '', built_at + interval '1 day'
FROM report_package WHERE tenant = :tenant
"""
_NOTICES = """
INSERT INTO notice (tenant, notice_id, audience, kind, subject, code, step, what_ru, what_en, remedy_ru, remedy_en,
    page, raised_at, told_at, times_told, recovered_at)
SELECT :tenant, 'n-' || day::date, 'admins', 'data_old', 'amocrm', 'data.old', '', 'Данные устарели.', 'Data are old.',
    '', '', '/data', day, day, 1, day + interval '2 hours'
FROM generate_series(CAST(:first AS date), :today, '1 day') AS day
"""
_TOLD = """
INSERT INTO delivery (tenant, delivery_id, report_id, package_id, revision, channel, destination_id, part_no, parts,
    content_hash, delivery_key, payload, state, attempts, is_resend, created_at, next_at, sent_at, last_error_code,
    last_error_text, expires_at)
SELECT :tenant, notice_id, 'notice:' || notice_id, '', 1, 'telegram', CAST(:chat AS text), 1, 1, '', notice_id, '{}',
    'sent', 1, false, raised_at, raised_at, raised_at, '', '', raised_at + interval '1 day'
FROM notice WHERE tenant = :tenant
"""
_ANALYSES = """
INSERT INTO episode_analysis (tenant, analysis_key, episode_key, content_hash, content_until, variant, versions, status,
    answer, truncated, injection_flag, attempts, tokens_in, tokens_cached, tokens_out, cost, currency, created_at)
SELECT :tenant, episode, episode, episode, day + interval '15 hours', 'full',
    '{"rubric": "r1"}', 'ok', '{}', false, false, 1, 1500,
    0, 300, 0.002, 'USD', day + interval '1 day'
FROM (SELECT day, to_char(day, 'YYYYMMDD') || '-' || place AS episode
    FROM generate_series(CAST(:first AS date), :today, '1 day') AS day,
        generate_series(1, :episodes) AS place) AS made
"""
_ANALYSED_DAYS = """
INSERT INTO episode_analysis_day (tenant, day, episode_key, analysis_key, cache_hit, contact_id)
SELECT tenant, content_until::date, episode_key, analysis_key, false, hashtext(episode_key)
FROM episode_analysis WHERE tenant = :tenant
"""
_FINDINGS = """
INSERT INTO finding (tenant, finding_id, analysis_key, type, code, value, applicability, message_ids, band, "start",
    "end")
SELECT tenant, analysis_key || code, analysis_key, 'checklist', code, 'yes', 'applicable', ARRAY['1'], 'вероятно', 0, 1
FROM episode_analysis, unnest(ARRAY['CK01', 'CK02', 'CK10', 'CK11', 'CK12']) AS code WHERE tenant = :tenant
"""
_INTEGRATIONS = "UPDATE integration SET status = 'ok', checked_at = :now WHERE tenant = :tenant"


@dataclass(frozen=True, slots=True)
class Company:
    """`cookie`: an open session of its owner, `operators`: of somebody of Synkro, of the first company only."""

    slug: str
    days: int
    cookie: str
    operators: str = ""


def build(settings: Settings, db: Database, keyring: Keyring, slugs: Sequence[str], long: int) -> list[Company]:
    """So many companies, the first `long` of which with a year behind them."""
    made: list[Company] = []
    for place, slug in enumerate(slugs):
        days = LONG if place < long else SHORT
        made.append(_company(settings, db, keyring, slug, days, like=slugs[0] if place else None))
    with db.owner() as connection:
        connection.execute(text("ANALYZE"))
    return made


def _company(settings: Settings, db: Database, keyring: Keyring, slug: str, days: int, *, like: str | None) -> Company:
    """`like`: whose reports it gets, too; the first company's are made."""
    clock = SystemClock()
    add_tenant(db, slug=slug, name="ООО", zone=ZONE, account=slug, cell=settings.cell, plan="pro", clock=clock)
    person = add_user(db, email=f"{slug}@example.org", name="Анна", password=PASSWORD, clock=clock)
    set_membership(db, person.user_id, slug, Role.OWNER, clock=clock)
    known = SandboxCredentials.for_tenant(slug, "http://127.0.0.1:1").by_kind()
    for kind in IntegrationKind:
        if kind in known:
            set_integration(db, keyring, slug, kind, known[kind].public, known[kind].secrets, ACTOR)
    chat = add_destination(db, slug, channel="telegram", chat_id="-1001", title="Отчёты", actor=ACTOR)
    now = clock.now()
    first = now.date() - timedelta(days=days - 1)
    tables = list(TABLES)
    given: dict[str, object] = {
        "tenant": slug,
        "now": now,
        "today": now.date(),
        "first": first,
        "raw": [name for name in tables if name.startswith(("amocrm/", "radist/"))],
        "tables": tables,
        "checks": list(CHECKS),
        "refreshes": REFRESHES[days],
        "person": person.user_id,
        "chat": chat.destination_id,
        "episodes": EPISODES_A_DAY,
    }
    if like is None:
        _reports(db, slug, now)
    with db.owner() as connection:
        if like is not None:
            _copy_reports(connection, slug, like, first)
        _fill(connection, given)
    if days == LONG:
        _lake(Lake(settings.lake_root), slug, now.date())
    cookie = open_session(db, person.user_id, clock, tenant=slug)
    if like is not None:
        return Company(slug, days, cookie)
    staff = add_user(db, email="operator@example.org", name="Олег", password=PASSWORD, clock=clock, operator=True)
    return Company(slug, days, cookie, open_session(db, staff.user_id, clock))


def _fill(connection: Connection, given: dict[str, object]) -> None:
    many = (_LOADS, _DAYS, _CHECKS, _REQUESTS, _RUNS, _STEPS, _AUDIT, _DELIVERIES, _NOTICES, _TOLD)
    for statement in (*many, _ANALYSES, _ANALYSED_DAYS, _FINDINGS, _INTEGRATIONS):
        connection.execute(text(statement), given)


def _reports(db: Database, slug: str, now: datetime) -> None:
    """A report for every day of the longest history, and for its weeks."""
    today = now.date()
    periods = [Period.day(today - timedelta(days=back)) for back in range(1, LONG)]
    periods += [Period.week_of(today - timedelta(days=7 * back)) for back in range(1, LONG // 7)]
    for period in sorted(periods, key=lambda one: one.last_day):
        package = _package(slug, period, min(now, datetime.combine(period.last_day, time(20), UTC)))
        stored = save_package(db, package)
        save_report(db, slug, _document(slug, stored.package_id, period))


def _copy_reports(connection: Connection, slug: str, like: str, first: date) -> None:
    wanted = "(SELECT package_id FROM report_package WHERE tenant = :like AND first_day >= :first)"
    for table in (report_package, report_package_metric, report_package_row, report):
        names = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "tenant")
        copy = f"INSERT INTO {table.name} (tenant, {names}) SELECT :tenant, {names} FROM {table.name}"
        where = f"WHERE tenant = :like AND package_id IN {wanted}"
        connection.execute(text(f"{copy} {where}"), {"tenant": slug, "like": like, "first": first})


def _package(slug: str, period: Period, at: datetime) -> Package:
    chance = random.Random(f"{slug} {period.report_id}")
    shown = ((0, "new_episodes"), (1, "frt_median"), (3, "in_sla"), (4, "unanswered"), (9, "won"), (9, "lost"))
    metrics = [PackageMetric(no, code, value=chance.uniform(1, 50), n=40, unit="episodes") for no, code in shown]
    metrics += [
        PackageMetric(1, f"frt_{part}", "manager", str(manager), value=chance.uniform(1, 50), n=9, unit="minutes")
        for manager in MANAGERS
        for part in ("median", "p90", "count", "share")
    ]
    metrics += [
        PackageMetric(20, "answers", "weekday_hour", f"{day}:{hour}", value=chance.uniform(1, 50), n=9, unit="minutes")
        for day in range(7)
        for hour in range(9, 20)
    ]
    rows = [
        PackageRow(
            code,
            no,
            episode_key=f"{period.last_day:%Y%m%d}-{no % EPISODES_A_DAY + 1}",
            dialog_id=str(no),
            deal_id=no,
            manager_id=chance.choice(MANAGERS),
            amount=chance.randrange(1_000, 900_000),
            age_min=chance.uniform(1, 3_000),
            at=at,
            extra={"intents": ["ready_to_buy"]} if code == "episodes" and no % 9 == 0 else {},
        )
        for code, count in LISTS.items()
        for no in range(1, count + 1)
    ]
    return Package(
        tenant=slug,
        period=period,
        zone=ZONE,
        as_of=at,
        data_until=at,
        built_at=at,
        working_days=1,
        prev_period=None,
        prev_note="",
        verdict=Verdict.OK,
        verdict_reasons=(),
        versions={},
        input_hash=period.report_id,
        metrics=tuple(metrics),
        rows=tuple(rows),
        health=(),
        names={"manager": {str(manager): f"Менеджер {manager}" for manager in MANAGERS}},
    )


def _document(slug: str, package_id: str, period: Period) -> ReportDocument:
    lines = tuple(text_line(f"Строка отчёта {number}") for number in range(12))
    blocks = (Block(kind=BlockKind.FIGURES, lines=lines, metric_refs=("0:new_episodes", "4:unanswered")),)
    return ReportDocument(
        doc_id=f"doc-{package_id}",
        package_id=package_id,
        tenant=slug,
        report_id=period.report_id,
        revision=1,
        kind=period.kind.value,
        language="ru",
        title=f"Отчёт · {period.first_day:%d.%m.%Y}",
        subtitle="ООО",
        sections=tuple(Section(code=f"s{no}", title=f"Раздел {no}", priority=1, blocks=blocks) for no in range(9)),
    )


def _lake(lake: Lake, slug: str, today: date) -> None:
    """The dialogs of the last two months, as the page of dialogs reads them."""
    days = [today - timedelta(days=back) for back in range(62)]
    rows = [_episode(day, place) for day in days for place in range(1, EPISODES_A_DAY + 1)]
    lake.write_days(EPISODE, slug, days, pa.Table.from_pylist(rows))
    now = datetime.combine(today, time(), UTC)
    managers: list[dict[str, object]] = [
        {"manager_id": one, "name": f"Менеджер {one}", "email": "", "is_active": True, "source_updated_at": now}
        for one in MANAGERS
    ]
    lake.write_days(MANAGER, slug, [today], pa.Table.from_pylist([{**one, DAY_COLUMN: today} for one in managers]))


def _episode(day: date, place: int) -> dict[str, object]:
    at = datetime.combine(day, time(6 + place % 12), UTC)
    known: dict[str, object] = {
        "episode_key": f"{day:%Y%m%d}-{place}",
        "dialog_id": place,
        "start_at": at,
        "first_visible_at": at,
        "last_at": at + timedelta(hours=1),
        "started_before_window": False,
        "client_messages": 4,
        "manager_messages": 4,
        "labelable": True,
        "analysable": True,
        "channel": "whatsapp",
        "contact_id": place,
        "is_duplicate_phone": False,
        "deal_id": place,
        "source_updated_at": at,
    }
    return {**dict.fromkeys(EPISODE.schema.names), **known, DAY_COLUMN: day}
