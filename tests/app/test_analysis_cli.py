"""A client sees what labels cost before and after, and a mistyped limit changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from synkro_app.cli import main
from synkro_resources.control.ai_ledger import AiLedger, CallResult, PlannedCall
from synkro_resources.control.ai_usage import ai_usage, estimate_labels
from synkro_resources.control.analyses import Analysis, DayLink, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import Tenant, tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import IntegrationKind

DAY = date(2026, 11, 20)


def labelled(db: Database, tenant: str, clock: FixedClock) -> None:
    """Two days with three episodes, one of which cost two calls."""
    ledger = AiLedger(db, tenant, clock)
    for number, day in enumerate((19, 20, 20)):
        key = f"k{number}"
        analysis = Analysis(key, f"e{number}", key, clock.now(), "full", {}, "ok", clock.now())
        save_analysis(db, tenant, analysis)
        link_days(db, tenant, [DayLink(date(2026, 11, day), f"e{number}", key, cache_hit=False)])
        for _ in range(2 if number == 0 else 1):
            planned = PlannedCall("compatible", "host", "m", 1, "text", Decimal(1), "RUB", analysis_key=key)
            call = ledger.reserve(planned, DAY)
            assert call is not None
            ledger.settle(call, CallResult(200, Decimal("0.50"), 1, 100, 0, 10), DAY)


def test_the_month_and_the_price_of_more_days_are_told_from_what_was_paid(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock
) -> None:
    assert estimate_labels(control_db, tenant_a.slug, 30).cost is None
    labelled(control_db, tenant_a.slug, control_clock)
    usage = ai_usage(control_db, tenant_a.slug, DAY)
    assert (usage.calls, usage.tokens, usage.spent, usage.currency) == (4, 440, Decimal("2.00"), "RUB")
    assert (usage.statuses, usage.labelled_days) == ({"ok": 3}, 2)
    estimate = estimate_labels(control_db, tenant_a.slug, 30)
    assert (estimate.episodes, estimate.calls, estimate.cost) == (45, 60, Decimal(30))
    assert ai_usage(control_db, tenant_b.slug, DAY).calls == 0


def test_a_company_whose_days_were_labelled_again_still_learns_what_more_days_would_cost(
    control_db: Database, tenant_a: Tenant, control_clock: FixedClock
) -> None:
    labelled(control_db, tenant_a.slug, control_clock)
    before = estimate_labels(control_db, tenant_a.slug, 30)
    for number, day in enumerate((19, 20, 20)):
        again = DayLink(date(2026, 11, day), f"e{number}", f"k{number}", cache_hit=True)
        link_days(control_db, tenant_a.slug, [again])
    assert estimate_labels(control_db, tenant_a.slug, 30) == before
    assert before.episodes == 45


def test_the_command_shows_and_sets_limits(
    control_db: Database,
    tenant_a: Tenant,
    control_clock: FixedClock,
    keyring: Keyring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_db.url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_CLOCK", "2026-11-20T12:00:00Z")
    labelled(control_db, tenant_a.slug, control_clock)

    def synkro(*words: str) -> str:
        result = CliRunner().invoke(main, ["analysis", *words, "--tenant", tenant_a.slug])
        return result.output if result.exit_code == 0 else f"failed: {result.output}"

    public: dict[str, str | int | bool] = {"base_url": "https://llm.example/v1", "model": "m-1"}
    set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.AI, public, {}, "test")
    refused = synkro("set", "--monthly-cap", "1500,50")
    assert "The price of m-1 is unknown" in refused or "Цена модели m-1 неизвестна" in refused
    assert tenant_settings(control_db, tenant_a.slug).ai_monthly_cap is None, "it could never be reached"
    public |= {"price_in": "1", "price_out": "4"}
    set_integration(control_db, keyring, tenant_a.slug, IntegrationKind.AI, public, {}, "test")
    assert "version" in synkro("set", "--monthly-cap", "1500,50", "--history", "all")
    chosen = tenant_settings(control_db, tenant_a.slug)
    assert (chosen.ai_monthly_cap, chosen.label_history) == (Decimal("1500.50"), "all")
    shown = synkro("show", "--days", "10")
    assert "4 calls, 440 tokens, 2.00 RUB (limit 1500.50)" in shown
    assert "10 more days: about 15 episodes, 20 calls, 10.00 RUB" in shown
    assert synkro("set", "--monthly-cap", "-5").startswith("failed")
    assert synkro("set", "--monthly-cap", "много").startswith("failed")
    assert tenant_settings(control_db, tenant_a.slug).ai_monthly_cap == Decimal("1500.50")
    synkro("set", "--monthly-cap", "none")
    assert tenant_settings(control_db, tenant_a.slug).ai_monthly_cap is None
