"""People link a dialog to its client by hand; who did it and when must be known afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.analyses import InjectionEvent, save_analysis
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.database import Database
from synkro_resources.control.days import mark_day, stale_days
from synkro_resources.control.injection_events import list_injections
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.model.tables import DAY_COLUMN, Table
from synkro_resources.model.tables.crm import CONTACT
from synkro_resources.model.tables.dialogs import DIALOG, EPISODE
from synkro_resources.settings import Settings
from tests.resources.control.test_labels import analysis

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 18)
Command = Callable[..., Result]


@pytest.fixture
def dialog(
    control_url: str, control_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tenant_a: Tenant
) -> Command:
    """`synkro dialog …` for a client whose dialog 5 spoke on the 18th and whose contact 7 is loaded."""
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CLOCK", NOON.isoformat())
    lake = Lake(Settings.load().lake_root)

    def store(table: Table, row: dict[str, object]) -> None:
        rows = table.from_rows([row | {"source_updated_at": NOON}])
        lake.write_days(table, tenant_a.slug, [DAY], rows.append_column(DAY_COLUMN, pa.array([DAY], pa.date32())))

    store(DIALOG, {"dialog_id": 5, "channel": "telegram", "is_group": False})
    store(CONTACT, {"contact_id": 7, "is_deleted": False})
    flags = dict.fromkeys(("started_before_window", "labelable", "analysable", "is_duplicate_phone"), False)
    counts = {"client_messages": 1, "manager_messages": 0}
    moments = dict.fromkeys(("start_at", "first_visible_at", "last_at"), NOON)
    store(EPISODE, {"episode_key": "5:a", "dialog_id": 5, "channel": "telegram", **flags, **counts, **moments})
    mark_day(control_db, tenant_a.slug, DAY, "derived", NOON, True, derived_at=NOON)
    return lambda *words: CliRunner().invoke(main, ["dialog", *words, "--tenant", tenant_a.slug])


def actions(db: Database, tenant: Tenant) -> list[tuple[str, str, str | None]]:
    return [
        (event.actor, event.action, event.target)
        for event in tenant_events(db, tenant.slug)
        if event.action.startswith("dialog.")
    ]


def test_a_link_is_listed_marks_its_day_and_is_on_record(
    dialog: Command, control_db: Database, tenant_a: Tenant
) -> None:
    assert dialog("links").output == ""
    told = dialog("link", "--dialog", "5", "--contact", "7")
    assert (told.exit_code, told.output) == (0, "linked; 1 loaded days will be derived again\n")
    assert dialog("links").output == "5 -> 7  cli  2026-11-20 12:00\n"
    assert stale_days(control_db, tenant_a.slug, DAY, DAY) == {DAY: "dialog_link"}
    assert actions(control_db, tenant_a) == [("cli", "dialog.link", "5")]


def test_a_link_that_is_taken_back_is_no_longer_listed_and_is_on_record(
    dialog: Command, control_db: Database, tenant_a: Tenant
) -> None:
    dialog("link", "--dialog", "5", "--contact", "7")
    told = dialog("unlink", "--dialog", "5")
    assert (told.exit_code, told.output) == (0, "unlinked; 1 loaded days will be derived again\n")
    assert dialog("links").output == ""
    assert sorted(actions(control_db, tenant_a)) == [("cli", "dialog.link", "5"), ("cli", "dialog.unlink", "5")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("link", "--dialog", "6", "--contact", "7"), "Диалога 6 нет среди загруженных."),
        (("link", "--dialog", "5", "--contact", "8"), "Контакта 8 нет среди загруженных."),
        (("unlink", "--dialog", "5"), "Диалог 5 не связан вручную."),
    ],
)
def test_a_mistyped_number_is_refused_and_leaves_no_record(
    dialog: Command, control_db: Database, tenant_a: Tenant, words: tuple[str, ...], said: str
) -> None:
    told = dialog(*words)
    assert told.exit_code == 1
    assert said in told.output
    assert actions(control_db, tenant_a) == []


def test_orders_to_the_analyst_wait_until_a_person_has_looked(
    dialog: Command, control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    events = [InjectionEvent("m1", "pattern"), InjectionEvent("m1", "model")]
    for tenant, key in ((tenant_a, "5:a"), (tenant_b, "6:b")):
        save_analysis(control_db, tenant.slug, analysis("flagged", episode=key), injections=events)
    waiting = dialog("flagged").output.splitlines()
    assert [line.partition("  2026")[0] for line in waiting] == ["5:a  message m1  model", "5:a  message m1  pattern"]
    assert dialog("flagged", "--review", "5:a", "--by", "Ольга").output == "5:a: 2 reviewed\n"
    assert dialog("flagged", "--review", "5:a").output == "5:a: 0 reviewed\n"
    assert dialog("flagged").output == ""
    assert dialog("flagged", "--all").output.count("reviewed by Ольга") == 2
    deeds = [(item.actor, item.target) for item in tenant_events(control_db, tenant_a.slug)]
    assert deeds.count(("Ольга", "5:a")) == 1
    assert [item.reviewed_at for item in list_injections(control_db, tenant_b.slug)] == [None, None]


def test_another_tenants_flagged_dialog_cannot_be_reviewed(
    dialog: Command, control_db: Database, tenant_b: Tenant
) -> None:
    save_analysis(
        control_db, tenant_b.slug, analysis("flagged", episode="6:b"), injections=[InjectionEvent("m1", "model")]
    )
    result = dialog("flagged", "--review", "6:b")
    assert result.exit_code != 0
    assert "нет сообщений, похожих на команды для ИИ" in result.output
    assert [item.reviewed_by for item in list_injections(control_db, tenant_b.slug)] == [None]
