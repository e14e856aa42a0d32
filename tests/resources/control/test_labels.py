"""Stored analyses: written once per key, read as they were known at an instant, never across tenants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from synkro_resources.control.analyses import Analysis, Finding, save_analysis, supersede
from synkro_resources.control.database import Database
from synkro_resources.control.labels import read_labels
from synkro_resources.control.tenants import Tenant

MIDNIGHT = datetime(2026, 9, 14, tzinfo=UTC)
DAY = timedelta(days=1)


def analysis(key: str, *, episode: str = "e1", until: datetime = MIDNIGHT, status: str = "ok") -> Analysis:
    return Analysis(
        analysis_key=key,
        episode_key=episode,
        content_hash=f"hash of {key}",
        content_until=until,
        variant="full",
        versions={"rubric": "r1", "taxonomy": "t1"},
        status=status,
        created_at=until,
    )


def finding(key: str, code: str = "order", value: str = "yes") -> Finding:
    return Finding(key, "intent", code, value, "applicable", ["m1", "m2"], "вероятно", detail_masked="завтра")


def known(db: Database, tenant: Tenant, until: datetime = MIDNIGHT) -> list[str]:
    return sorted(read_labels(db, tenant.slug, until=until).analyses["analysis_key"])


def test_the_newest_answer_before_the_cut_off_holds(control_db: Database, tenant_a: Tenant) -> None:
    save_analysis(control_db, tenant_a.slug, analysis("old", until=MIDNIGHT - DAY), [finding("f1")])
    save_analysis(control_db, tenant_a.slug, analysis("new"), [finding("f2", "payment")])
    save_analysis(control_db, tenant_a.slug, analysis("later", until=MIDNIGHT + DAY))
    labels = read_labels(control_db, tenant_a.slug, until=MIDNIGHT)
    assert labels.analyses[["analysis_key", "rubric"]].to_numpy().tolist() == [["new", "r1"]]
    row = labels.findings.iloc[0]
    assert (row["episode_key"], row["code"], row["message_ids"], row["detail"]) == (
        "e1",
        "payment",
        ["m1", "m2"],
        "завтра",
    )
    assert known(control_db, tenant_a, MIDNIGHT - DAY) == ["old"]


def test_a_failed_attempt_does_not_hide_an_older_answer(control_db: Database, tenant_a: Tenant) -> None:
    save_analysis(control_db, tenant_a.slug, analysis("answer", until=MIDNIGHT - DAY))
    save_analysis(control_db, tenant_a.slug, analysis("failed", status="budget"))
    save_analysis(control_db, tenant_a.slug, analysis("alone", episode="e2", status="budget"))
    assert known(control_db, tenant_a) == ["alone", "answer"]


def test_a_superseded_analysis_is_left_out(control_db: Database, tenant_a: Tenant) -> None:
    save_analysis(control_db, tenant_a.slug, analysis("first"))
    save_analysis(control_db, tenant_a.slug, analysis("second", until=MIDNIGHT - DAY))
    supersede(control_db, tenant_a.slug, "first", "second")
    assert known(control_db, tenant_a) == ["second"]


def test_saving_again_replaces_what_the_analysis_said(control_db: Database, tenant_a: Tenant) -> None:
    save_analysis(control_db, tenant_a.slug, analysis("a"), [finding("f1"), finding("f2", "payment")])
    for _ in range(2):
        save_analysis(control_db, tenant_a.slug, analysis("a"), [finding("f1", value="no")])
    rows = read_labels(control_db, tenant_a.slug, until=MIDNIGHT).findings
    assert rows[["finding_id", "value"]].to_numpy().tolist() == [["f1", "no"]]


def test_another_tenant_sees_nothing(control_db: Database, tenant_a: Tenant, tenant_b: Tenant) -> None:
    save_analysis(control_db, tenant_a.slug, analysis("a"), [finding("f1")])
    labels = read_labels(control_db, tenant_b.slug, until=MIDNIGHT)
    assert (len(labels.analyses), len(labels.findings), labels.missing) == (0, 0, "not_analysed")


def test_a_report_reads_the_answers_of_its_own_episodes_only(control_db: Database, tenant_a: Tenant) -> None:
    for episode in ("e1", "e2", "e3"):
        save_analysis(control_db, tenant_a.slug, analysis(episode, episode=episode), [finding(f"f-{episode}")])
    labels = read_labels(control_db, tenant_a.slug, until=MIDNIGHT, episode_keys=["e1", "e3", "not analysed"])
    assert sorted(labels.analyses["episode_key"]) == ["e1", "e3"]
    assert sorted(labels.findings["finding_id"]) == ["f-e1", "f-e3"]
    assert len(read_labels(control_db, tenant_a.slug, until=MIDNIGHT, episode_keys=[]).analyses) == 0
