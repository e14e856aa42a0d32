"""Figures with labels in a package: codes, scopes and lists, and the form they have without labels."""

from __future__ import annotations

from synkro_assets.reports.package.label_figures import (
    LabelFigures,
    agreement_metrics,
    label_figures,
    label_metrics,
    label_rows,
)
from synkro_resources.model.feedback import Verdict
from synkro_resources.model.package import PackageMetric
from synkro_resources.model.rubric import R1
from synkro_resources.model.tenant_settings import TenantSettings
from synkro_resources.rules.feedback import agreement
from synkro_resources.rules.metrics.labels import Labels
from synkro_resources.rules.metrics.lost import lost_deals
from tests.resources.rules.metrics.label_rows import checklist, found, labels
from tests.resources.rules.metrics.rows import LOST, OPEN, deal, episode, frame, history, local, message, move

START, END = local("07 00:00"), local("14 00:00")
KNOWN = labels(
    found("a", "intent", "price_specific"),
    found("a", "sentiment_end", value="negative"),
    found("a", "objection", "price", "raised"),
    found("a", "lost_reason", "trust"),
    *checklist("a", yes="01 02 05 10 11 12", no="03 09", undetermined="06"),
    *checklist("b", yes="01 11", no="02"),
)


def week(given: Labels) -> LabelFigures:
    assert START is not None
    assert END is not None
    deals = history([deal(1, 500, status=LOST, reason=7)], [move(1, "10 10:00", OPEN, LOST)])
    active = frame("episode", [episode("a", "08 10:00", deal=1, contact=1), episode("b", "08 10:00")])
    written = message(1, "08 10:05", "manager") | {"episode_key": "a"}
    return label_figures(
        given,
        active=active,
        episodes=active,
        messages=frame("message", [written]),
        deal_contacts=frame("deal_contact", []),
        history=deals,
        lost=lost_deals(deals, start=START, end=END, as_of=END, reasons={}),
        settings=TenantSettings.model_validate({"zone": "Europe/Moscow", "loss_reason_map": {7: "price"}}),
        start=START,
        end=END,
        as_of=END,
    )


def by_key(given: Labels) -> dict[tuple[str, str, str], PackageMetric]:
    return {(metric.code, metric.scope, metric.scope_id): metric for metric in label_metrics(week(given))}


def test_every_scope_has_its_figures() -> None:
    found_metrics = by_key(KNOWN)
    shares = {
        key: (metric.num, metric.den)
        for key, metric in found_metrics.items()
        if metric.unit == "share" and key[1] != "item"
    }
    assert shares == {
        ("no_deal", "tenant", ""): (1, 1),
        ("no_deal", "channel", "whatsapp"): (1, 1),
        ("mismatch", "tenant", ""): (1, 1),
        ("sentiment_negative", "tenant", ""): (1, 1),
        ("objection", "tenant", ""): (1, 1),
        ("objection", "objection", "price"): (1, 1),
        ("objection_handled", "tenant", ""): (0, 1),
        ("objection_handled", "objection", "price"): (0, 1),
        ("analysed", "tenant", ""): (2, 2),
    }
    assert (
        found_metrics["checklist_pass", "item", "CK01"].num,
        found_metrics["checklist_pass", "item", "CK02"].den,
    ) == (
        2,
        2,
    )
    mean = found_metrics["checklist_mean", "manager", "1"]
    assert (round(mean.value or 0, 1), mean.n, mean.display) == (63.1, 1, "few")
    assert found_metrics["critical_fails", "tenant", ""].value == 1
    assert found_metrics["critical_fails", "item", "CK02"].value == 1


def test_the_rows_behind_the_figures() -> None:
    everything = list(label_rows(week(KNOWN)))
    rows = [row for row in everything if row.list_code != "checklist_answer"]
    lists = [(row.list_code, row.episode_key) for row in rows]
    assert lists == [
        ("no_deal", "a"),
        ("lost_mismatch", "a"),
        ("objection", "a"),
        ("checklist", "a"),
        ("checklist_fail", "a"),
        ("checklist_fail", "a"),
        ("checklist_fail", "b"),
        ("critical_fail", "b"),
    ]
    mismatch, objection, fail = rows[1], rows[2], rows[4]
    assert (mismatch.extra["crm_reason"], mismatch.extra["dialog_reason"], mismatch.amount) == ("price", "trust", 500)
    assert (objection.extra, objection.manager_id) == ({"code": "price", "handled": None, "outcome": None}, 1)
    assert (fail.extra, len(fail.finding_ids), fail.band) == ({"item": "CK03"}, 1, "вероятно")


def test_every_item_of_every_scored_episode_is_kept_with_its_answer() -> None:
    rows = [row for row in label_rows(week(KNOWN)) if row.list_code == "checklist_answer"]
    failed = [row for row in label_rows(week(KNOWN)) if row.list_code == "checklist_fail"]
    assert len(rows) == 2 * len(R1.items)
    told = {(row.episode_key, row.extra["item"]) for row in rows if row.extra["answer"] == "no"}
    assert told == {(row.episode_key, row.extra["item"]) for row in failed}
    assert {row.extra["version"] for row in rows} == {"r1"}
    assert {row.extra["weight"] for row in rows} == {item.weight for item in R1.items}


def test_without_labels_every_figure_is_missing_with_its_reason() -> None:
    metrics = by_key(Labels.none("no_llm"))
    assert {key[0] for key in metrics} == {key[0] for key in by_key(KNOWN)} - {"checklist_pass"}
    missing = [metric for metric in metrics.values() if metric.code != "analysed"]
    assert {(metric.value, metric.display, metric.note) for metric in missing} == {(None, "na", "no_llm")}
    assert (metrics["analysed", "tenant", ""].num, metrics["analysed", "tenant", ""].den) == (0, 2)
    assert list(label_rows(week(Labels.none("no_llm")))) == []


def test_agreement_is_printed_with_its_interval_once_there_are_enough_marks() -> None:
    judged = [("checklist", "CK05", Verdict.RIGHT)] * 25 + [("checklist", "CK05", Verdict.WRONG)] * 5
    judged += [("intent", "order", Verdict.RIGHT)] * 17 + [("intent", "order", Verdict.DOUBTFUL)] * 2
    assert [metric.scope_id for metric in agreement_metrics(agreement(judged))] == ["CK05"]
    whole, item = agreement_metrics(agreement([*judged, ("checklist", "CK01", Verdict.WRONG)]))
    assert (whole.metric_no, whole.code, whole.scope, whole.num, whole.den) == (23, "agreement", "tenant", 42, 50)
    assert (round(whole.ci_low or 0, 2), round(whole.ci_high or 0, 2)) == (0.71, 0.92)
    assert (item.scope, item.scope_id, item.num, item.den) == ("item", "CK05", 25, 30)
