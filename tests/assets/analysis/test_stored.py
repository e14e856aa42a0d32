"""What readers of the lake get of the analysis: what a day stands on, each finding once, the same each time."""

from __future__ import annotations

from datetime import UTC, date, datetime

from synkro_resources.control.analyses import Analysis, DayLink, Finding, analyses_of_days, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant

DAY, AT = date(2026, 11, 18), datetime(2026, 11, 18, 9, tzinfo=UTC)


def analysis(key: str, episode: str) -> Analysis:
    return Analysis(key, episode, "hash", AT, "full", {"rubric": "r1", "model": "m"}, "ok", AT)


def test_days_labelled_before_each_twin_had_its_answer_say_whose_messages_the_findings_name(
    control_db: Database, tenant_a: Tenant, tenant_b: Tenant
) -> None:
    found = Finding("f1", "intent", "order", "yes", "applicable", ["m1"], "точно")
    save_analysis(control_db, tenant_a.slug, analysis("k", "1:a"), [found])
    link_days(control_db, tenant_a.slug, [DayLink(DAY, episode, "k", False) for episode in ("2:b", "1:a")])
    answers, findings = analyses_of_days(control_db, tenant_a.slug, [DAY])
    assert [row["episode_key"] for row in answers] == ["1:a", "2:b"]
    assert {row["asked_episode_key"] for row in answers} == {"1:a"}
    assert [row["finding_id"] for row in findings if row["episode_key"] == row["asked_episode_key"]] == ["f1"]
    assert analyses_of_days(control_db, tenant_b.slug, [DAY]) == ([], [])
