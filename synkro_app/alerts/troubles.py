"""What is amiss on the platform now, each with what an operator does about it (docs/runbook.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from synkro_app.alerts.dagster_health import DagsterHealth
from synkro_app.alerts.incidents import Trouble
from synkro_resources.control.fleet import ErrorClass, Fleet, TenantHealth, ai_costs
from synkro_resources.free_space import GIB
from synkro_resources.model.errors import Sentence
from synkro_resources.settings import Settings

DATABASE, DAGSTER, DAEMON, TICKS, DISK = "database", "dagster", "daemon", "ticks", "disk"
QUEUE, LATE, CONNECTION, ERRORS, COST = "queue", "late", "connection", "errors", "cost"
OF_DAGSTER = frozenset({DAEMON, TICKS})
OF_FLEET = frozenset({QUEUE, LATE, CONNECTION, ERRORS, COST})
SILENT_TICKS = timedelta(minutes=5)
"""The slowest of ours ticks once a minute."""
MANY_FAILURES = 5
MANY_TENANTS = 3
"""One run that fails is its tenant's news; a class of failures is the platform's."""


def of_database() -> Trouble:
    return Trouble(
        DATABASE,
        "control",
        Sentence("База данных не отвечает.", "The control database does not answer."),
        Sentence("Посмотрите сервер и его журнал (runbook, 3).", "Look at the server and its log (runbook, 3)."),
    )


def of_disk(free: int, settings: Settings, place: str) -> Iterator[Trouble]:
    """`place`: which disk, in a word."""
    if free < settings.alert_disk_gib * GIB:
        left = f"{free / GIB:.1f}"
        yield Trouble(
            DISK,
            place,
            Sentence(
                f"Заканчивается место на диске ({place}): {left} ГиБ.", f"Disk nearly full ({place}): {left} GiB."
            ),
            Sentence(
                "Удалите старые копии и журналы или увеличьте диск (runbook, 4).",
                "Remove old backups and logs, or enlarge the disk (runbook, 4).",
            ),
        )


def of_silent_dagster() -> Trouble:
    return Trouble(
        DAGSTER,
        "webserver",
        Sentence("Dagster не отвечает: о запусках ничего не известно.", "Dagster does not answer: runs are not known."),
        Sentence("Посмотрите logs/webserver.log (runbook, 1).", "Look at logs/webserver.log (runbook, 1)."),
    )


def of_dagster(health: DagsterHealth, now: datetime) -> Iterator[Trouble]:
    look = Sentence("Посмотрите logs/daemon.log (runbook, 1 и 2).", "Look at logs/daemon.log (runbook, 1 and 2).")
    for name in health.ill:
        yield Trouble(
            DAEMON, name, Sentence(f"Служба Dagster {name} молчит.", f"Dagster's daemon {name} does not beat."), look
        )
    for name, at in health.ticks.items():
        if at is not None and now - at > SILENT_TICKS:
            minutes = (now - at) // timedelta(minutes=1)
            what = Sentence(f"{name} не срабатывает уже {minutes} мин.", f"{name} has not ticked for {minutes} min.")
            yield Trouble(TICKS, name, what, look)


def of_fleet(found: Fleet, settings: Settings) -> Iterator[Trouble]:
    waited = found.oldest_wait
    if waited is not None and waited > timedelta(minutes=settings.alert_queue_min):
        minutes = waited // timedelta(minutes=1)
        yield Trouble(
            QUEUE,
            settings.cell,
            Sentence(
                f"Очередь стоит: старший запрос ждёт {minutes} мин, всего ждут {found.waiting}.",
                f"The queue is stuck: the oldest request has waited for {minutes} min, {found.waiting} wait.",
            ),
            Sentence("Посмотрите `synkro status` (runbook, 2).", "Look at `synkro status` (runbook, 2)."),
        )
    for tenant in found.tenants:
        yield from _of_tenant(tenant)
    for error in found.errors:
        if error.count >= MANY_FAILURES or len(error.tenants) >= MANY_TENANTS:
            yield _of_errors(error)
    spent = {currency: cost for currency, cost in ai_costs(found).items() if cost > settings.alert_ai_cost}
    if settings.alert_ai_cost and spent:
        sums = ", ".join(f"{cost:.2f} {currency}".strip() for currency, cost in spent.items())
        yield Trouble(
            COST,
            settings.cell,
            Sentence(
                f"ИИ с начала месяца стоит {sums}: больше предела {settings.alert_ai_cost:g}.",
                f"The AI has cost {sums} this month: above the cap of {settings.alert_ai_cost:g}.",
            ),
            Sentence("Посмотрите `synkro usage` по компаниям.", "Look at `synkro usage` of the companies."),
        )


def _of_tenant(one: TenantHealth) -> Iterator[Trouble]:
    slug = one.tenant.slug
    if one.level == "late":
        reports = Sentence(f", отчётов: {one.late_reports}", f", reports: {one.late_reports}")
        more = reports if one.late_reports else Sentence("", "")
        yield Trouble(
            LATE,
            slug,
            Sentence(
                f"{slug}: отчёт или данные опаздывают{more.ru}.", f"{slug}: a report or its data are late{more.en}."
            ),
            Sentence(f"`synkro requests list --tenant {slug}`.", f"`synkro requests list --tenant {slug}`."),
        )
    if one.tenant.status != "active":
        return
    for broken in one.broken:
        yield Trouble(
            CONNECTION,
            f"{slug}/{broken.kind}",
            Sentence(f"{slug}: {broken.kind} – {broken.what.ru}", f"{slug}: {broken.kind} – {broken.what.en}"),
            Sentence(
                f"`synkro integration check --tenant {slug} --kind {broken.kind}`.",
                f"`synkro integration check --tenant {slug} --kind {broken.kind}`.",
            ),
        )


def _of_errors(error: ErrorClass) -> Trouble:
    code, tenants = error.code or "unknown", len(error.tenants)
    return Trouble(
        ERRORS,
        code,
        Sentence(
            f"{code}: {error.count} сбоев за сутки, компаний: {tenants}. {error.what.ru}",
            f"{code}: {error.count} failures within a day, companies: {tenants}. {error.what.en}",
        ),
        is_event=True,
    )
