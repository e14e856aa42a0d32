"""Examples on paper: the best and the worst dialogs in their own words, the same ones every time, never unproven."""

from __future__ import annotations

import io
from dataclasses import replace

from pypdf import PdfReader

from synkro_assets.reports.files.excerpts import bad_excerpts, good_excerpts
from synkro_assets.reports.files.pdf import write_pdf
from synkro_resources.model.package import Package, PackageRow
from tests.assets.reports.document.test_compose_period import WEEK, compose
from tests.assets.reports.files.test_pdf import no_address


def scored(key: str, score: float) -> PackageRow:
    return PackageRow("checklist", 0, key, f"d-{key}", deal_id=7, at=WEEK.as_of, extra={"score": score})


def answer(key: str, item: str, value: str, quote: str | None, band: str = "exact") -> PackageRow:
    said = {} if quote is None else {"quote": quote}
    extra = {"item": item, "answer": value, "message_id": f"m-{key}-{item}", **said}
    return PackageRow("checklist_answer", 0, key, f"d-{key}", deal_id=7, at=WEEK.as_of, band=band, extra=extra)


def critical(key: str, band: str) -> PackageRow:
    return PackageRow("critical_fail", 0, key, f"d-{key}", band=band, extra={"item": "CK02"})


def package(*rows: PackageRow) -> Package:
    return replace(WEEK, rows=rows)


FULL = package(
    *(
        scored(key, score)
        for key, score in {"a": 95, "b": 90, "c": 85, "d": 80, "e": 40, "f": 30, "g": 70, "h": 99}.items()
    ),
    *(answer(key, "CK01", "yes", f"приветствие {key}") for key in "abcdg"),
    answer("h", "CK01", "yes", None),  # the best score, but nothing to show
    *(answer(key, "CK02", "no", f"провал {key}") for key in "efgd"),
    critical("g", "exact"),
    critical("d", "likely"),
)


def test_the_best_dialogs_are_quoted_and_one_without_words_is_no_example() -> None:
    assert [excerpt.row.episode_key for excerpt in good_excerpts(FULL)] == ["a", "b", "c"]
    assert [said.quote for said in good_excerpts(FULL)[0].quotes] == ["приветствие a"]


def test_a_sure_critical_fail_goes_before_a_doubtful_one_and_that_before_the_lowest_score() -> None:
    found = bad_excerpts(FULL)
    assert [excerpt.row.episode_key for excerpt in found] == ["g", "d", "f"]
    assert found[0].failed == ("CK02",)
    assert found[0].quotes[0].message_id == "m-g-CK02"


def test_one_dialog_is_never_both_a_good_and_a_bad_example() -> None:
    alone = package(scored("a", 60), answer("a", "CK01", "yes", "здравствуйте"), answer("a", "CK03", "no", "нет"))
    assert [excerpt.row.episode_key for excerpt in good_excerpts(alone)] == ["a"]
    assert bad_excerpts(alone) == []


def test_the_order_of_rows_does_not_change_the_examples() -> None:
    turned = package(*reversed(FULL.rows))
    assert (good_excerpts(turned), bad_excerpts(turned)) == (good_excerpts(FULL), bad_excerpts(FULL))


def test_the_examples_stand_on_the_paper_with_the_messages_that_prove_them() -> None:
    content = write_pdf(FULL, compose(FULL), no_address, "ru")
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]
    (page,) = [text for text in pages if "Разобрать с командой" in text]
    for expected in (
        "Удачные разговоры",
        "«приветствие a»",
        "m-a-CK01",
        "«провал g»",
        "m-g-CK02",
        "Личные данные скрыты",
    ):
        assert expected in page


def test_without_scored_dialogs_there_is_no_page_of_examples() -> None:
    content = write_pdf(package(), compose(package()), no_address, "ru")
    assert not any("Удачные" in page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
