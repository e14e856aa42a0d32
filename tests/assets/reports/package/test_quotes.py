"""Whoever reads a row reads the very words that it stands on, and nobody's phone."""

from __future__ import annotations

from synkro_assets.reports.package.quotes import LONGEST, with_quotes
from synkro_resources.model.package import PackageRow
from synkro_resources.rules.metrics.labels import Labels
from tests.resources.rules.metrics.label_rows import analysis, found


def labels(*findings: dict[str, object], flagged: bool = False) -> Labels:
    return Labels.of([analysis("A") | {"injection_flag": flagged}], findings)


def quoted(row: PackageRow, known: Labels) -> dict[str, object]:
    (shown,) = with_quotes([row], known, "ru")
    return shown.extra


def test_a_row_shows_the_words_of_its_finding_with_labels_for_personal_data() -> None:
    said = found("A", "objection", "price", "raised", messages=["m4"]) | {
        "quote": "Дорого, звоните [PHONE_T322PMVO] ⏎ жду"
    }
    reply = found("A", "objection_reply", "price", "handled", messages=["m5"]) | {"quote": "Без зеркала 15 400 ₽"}
    row = PackageRow("objection", 1, episode_key="A", finding_ids=(str(said["finding_id"]),), extra={"code": "price"})
    assert quoted(row, labels(said, reply)) == {
        "code": "price",
        "message_id": "m4",
        "quote": "Дорого, звоните [телефон] жду",
        "answer_quote": "Без зеркала 15 400 ₽",
    }


def test_a_waiting_client_is_quoted_by_what_they_wait_for() -> None:
    said = found("A", "needs_reply", value="yes", messages=["m7"]) | {"quote": "Когда привезёте шкаф?"}
    row = PackageRow("unanswered", 1, episode_key="A")
    assert quoted(row, labels(said))["quote"] == "Когда привезёте шкаф?"
    assert quoted(row, labels(said, flagged=True)) == {}
    assert quoted(PackageRow("unanswered", 1, episode_key="B"), labels(said)) == {}


def test_a_long_quote_is_cut_and_a_row_without_words_stays_as_it_is() -> None:
    long = found("A", "intent", "order", messages=["m1"]) | {"quote": "очень " * 50}
    row = PackageRow("no_deal", 1, episode_key="A", finding_ids=(str(long["finding_id"]),))
    assert len(str(quoted(row, labels(long))["quote"])) <= LONGEST
    silent = found("A", "checklist", "CK10", "yes") | {"quote": None}
    row = PackageRow(
        "checklist_answer", 1, episode_key="A", finding_ids=(str(silent["finding_id"]),), extra={"item": "CK10"}
    )
    assert quoted(row, labels(silent)) == {"item": "CK10"}
