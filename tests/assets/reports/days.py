"""A small company's Monday, 7 September 2026, and the Monday before it, as the lake would hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from synkro_assets.reports.package.inputs import PackageInputs
from synkro_resources.model.tables.crm import LOSS_REASON, MANAGER, PIPELINE_STATUS
from synkro_resources.model.tables.dialogs import DIALOG
from synkro_resources.model.tenant_settings import TenantSettings, WorkCalendar
from synkro_resources.rules.metrics.health import StepLoad
from synkro_resources.rules.metrics.labels import Labels
from tests.resources.rules.calendars import MOSCOW, at
from tests.resources.rules.metrics.rows import (
    LOST,
    OPEN,
    VERSION,
    contact,
    deal,
    deal_contact,
    episode,
    message,
    move,
    phone,
    table,
    turn,
)

MONDAY = date(2026, 9, 7)
BEFORE = date(2026, 8, 31)
STEPS = frozenset({"radist/messages", "amocrm/leads"})
SETTINGS = TenantSettings(zone=MOSCOW, company_name="ООО «Пример»", work_calendar=WorkCalendar(public_holidays=None))
Rows = list[dict[str, object]]


def end_of(day: date) -> datetime:
    return at(f"{day + timedelta(days=1)}T00:00")


def known_at(day: date, *rows: Mapping[str, object]) -> Rows:
    """Rows as the partition of `day` holds them."""
    return [dict(row) | {"source_updated_at": end_of(day)} for row in rows]


def monday() -> PackageInputs:
    """Three clients on Monday: one answered in 6 minutes, one late, one never; two deals, one lost."""
    episodes = known_at(
        MONDAY,
        episode("a", "07 10:00", deal=201, contact=1, dialog=101),
        episode("b", "07 11:00", deal=202, contact=2, dialog=102),
        episode("c", "07 12:00", dialog=103),
    ) + known_at(BEFORE, episode("z", "08-31 10:00", dialog=104))
    turns = known_at(
        MONDAY,
        turn("a", "07 10:00", "07 10:06", dialog=101, manager=1),
        turn("a", "07 17:00", dialog=101, no=3, manager=1),
        turn("b", "07 11:00", "07 11:40", dialog=102, manager=2),
        turn("c", "07 12:00", "07 12:10", dialog=103),
        turn("c", "07 17:55", dialog=103, no=3),
    ) + known_at(BEFORE, turn("z", "08-31 10:00", "08-31 10:10", dialog=104))
    messages = [
        message(101, "07 10:00") | {"episode_key": "a"},
        message(102, "07 11:00") | {"episode_key": "b"},
        message(103, "07 12:00") | {"episode_key": "c"},
        message(102, "07 11:30", "manager") | {"episode_key": "b", "error_at": at("09-07 11:31")},
        message(104, "08-31 10:00") | {"episode_key": "z"},
    ]
    dialogs = [
        {
            "dialog_id": dialog,
            "channel": "whatsapp",
            "is_group": False,
            "last_activity_at": at("09-07 18:00"),
            "source_updated_at": VERSION,
        }
        for dialog in (101, 102, 103)
    ]
    loads = [
        StepLoad(step, day, True, at("2026-09-08T08:22"), 10, 10) for step in sorted(STEPS) for day in (BEFORE, MONDAY)
    ]
    return PackageInputs(
        episodes=table("episode", episodes),
        turns=table("turn", turns),
        messages=table("message", messages),
        dialogs=DIALOG.from_rows(dialogs),
        deals=table(
            "deal",
            [
                deal(201, 310_000, responsible=1, created="07 10:30"),
                deal(202, 0, status=LOST, responsible=2, reason=5),
            ],
        ),
        deal_contacts=table("deal_contact", [deal_contact(201, 1), deal_contact(202, 2)]),
        deal_events=table("event", [move(202, "07 15:00", OPEN, LOST)]),
        contacts=table("contact", [contact(1), contact(2)]),
        contact_phones=table("phone", [phone(1), phone(2)]),
        calls=table("call", []),
        managers=MANAGER.from_rows(
            [
                {"manager_id": 1, "name": "Анна", "is_active": True, "source_updated_at": VERSION},
                {"manager_id": 2, "name": "Игорь", "is_active": True, "source_updated_at": VERSION},
            ]
        ),
        statuses=PIPELINE_STATUS.from_rows([]),
        loss_reasons=LOSS_REASON.from_rows([{"loss_reason_id": 5, "name": "Дорого", "source_updated_at": VERSION}]),
        loads=loads,
        events_from=datetime(2026, 7, 1, tzinfo=UTC),
        history_from=BEFORE,
        labels=Labels.none("no_llm"),
        labels_before=Labels.none("no_llm"),
        loaded_days=frozenset({BEFORE, MONDAY}),
        mandatory=STEPS,
    )


def with_rows(inputs: PackageInputs, **tables: Rows) -> PackageInputs:
    """The same inputs with more rows: `turns=[…]`, `messages=[…]`."""
    import pyarrow as pa

    kinds = {"turns": "turn", "episodes": "episode", "messages": "message", "deals": "deal", "deal_events": "event"}
    return replace(
        inputs,
        **{name: pa.concat_tables([getattr(inputs, name), table(kinds[name], rows)]) for name, rows in tables.items()},
    )
