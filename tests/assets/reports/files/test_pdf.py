"""The report on paper: every headline figure of the package, no markup from outside, the same bytes again."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from synkro_assets.reports.files.charts import daily, render_svg, trend
from synkro_assets.reports.files.pdf import write_pdf
from synkro_assets.reports.files.pdf.styles import drawable
from synkro_assets.reports.words.file_texts import FILE_TEXTS
from synkro_resources.model.package import Package, PackageRow, Verdict
from synkro_resources.model.report import ReportDocument
from tests.assets.reports import packages
from tests.assets.reports.document.test_compose_period import MONTH, WEEK, compose


def no_address(reference: str) -> str | None:
    return f"https://crm.example/{reference.replace(':', '/')}" if reference.startswith("deal:") else None


def pages_of(package: Package, document: ReportDocument, language: str = "ru") -> list[str]:
    content = write_pdf(package, document, no_address, language)
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    return [" ".join(text.replace("\u00a0", " ").split()) for text in texts]


@pytest.mark.parametrize("package", [WEEK, MONTH], ids=["week", "month"])
def test_every_line_of_the_report_stands_on_the_paper(package: Package) -> None:
    document = compose(package)
    whole = " ".join(pages_of(package, document))
    for section in document.sections:
        if section.code in ("todo", "cabinet"):
            continue
        for block in section.blocks:
            for line in block.lines:
                told = " ".join("".join(run.text for run in line).replace("\u00a0", " ").split())
                assert told in whole, told


def test_people_stand_with_the_interval_of_their_share() -> None:
    package = packages.week()
    whole = " ".join(pages_of(package, packages.report_of(package)))
    for manager in package.scoped(3, "in_sla", "manager"):
        assert package.names["manager"][manager.scope_id] in whole
    assert FILE_TEXTS["ru"]["people_note"] in whole


def test_the_same_package_gives_the_same_bytes() -> None:
    document = compose(WEEK)
    assert write_pdf(WEEK, document, no_address, "ru") == write_pdf(WEEK, document, no_address, "ru")


def test_what_clients_and_crm_write_is_never_markup() -> None:
    hostile = '<a href="https://evil.example">жми</a> & <b>'
    package = replace(
        WEEK,
        names={**WEEK.names, "manager": {"1": hostile}, "reason": {"1": hostile}},
        rows=(PackageRow("lost", 1, deal_id=7, manager_id=1, at=WEEK.as_of, extra={"reason": hostile}),),
    )
    content = write_pdf(package, compose(package), no_address, "ru")
    reader = PdfReader(io.BytesIO(content))
    links = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
    assert all("evil" not in str(link) for link in links)


def test_an_empty_or_a_first_period_is_one_page() -> None:
    empty = replace(WEEK, verdict=Verdict.EMPTY, metrics=())
    assert len(pages_of(empty, compose(empty))) == 1
    first = replace(WEEK, prev_note="first", prev_period=None)
    assert len(pages_of(first, compose(first))) == 1


def test_a_long_table_stops_and_names_how_much_is_in_the_workbook() -> None:
    rows = tuple(PackageRow("lost", number, deal_id=number, at=WEEK.as_of) for number in range(1, 61))
    whole = " ".join(pages_of(replace(WEEK, rows=rows), compose(WEEK)))
    assert "ещё 35 в XLSX" in whole
    assert "№25 " in whole
    assert "№26 " not in whole


def test_an_english_report_is_english_on_every_page() -> None:
    names = {kind: {key: f"{kind}-{key}" for key in known} for kind, known in WEEK.names.items()}
    package = replace(WEEK, names=names)
    found = pages_of(package, compose(package, language="en"), "en")
    assert "How this was counted" in found[-1]
    assert not any("А" <= letter <= "я" for page in found for letter in page)


def test_the_days_of_a_chart_are_local_and_their_rows_are_those_of_the_package() -> None:
    package = packages.week()
    frame = daily(package)
    assert len(frame) == 7
    assert frame["episodes"].sum() == len(package.list_rows("new_episodes"))


def test_charts_are_drawn_without_a_browser_and_in_cyrillic() -> None:
    drawn = render_svg(trend(WEEK, "ru"))
    assert "Новых обращений" in drawn
    assert "DejaVu Sans" in drawn


def test_both_languages_have_the_same_words() -> None:
    assert FILE_TEXTS["ru"].keys() == FILE_TEXTS["en"].keys()


def test_signs_that_the_font_lacks_are_left_out_and_all_others_stay() -> None:
    assert drawable("Срочно 🔥 ₽ ▲▼ – «да» 👨‍👩‍👧") == "Срочно  ₽ ▲▼ – «да»"
    assert drawable(" как есть ") == " как есть "


def test_shares_of_data_health_have_a_comma_in_russian() -> None:
    package = packages.week()
    assert "98,0 %" in pages_of(package, packages.report_of(package))[-1]
