"""A report's numbers are the same in Telegram, in a mail, in the cabinet, in the workbook and on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import reports as service
from synkro_assets.reports.delivery.mail_text import render_mail
from synkro_assets.reports.delivery.telegram_text import render
from synkro_assets.reports.files.pdf import write_pdf
from synkro_assets.reports.files.workbook import write_workbook
from synkro_resources.control.database import Database
from synkro_resources.control.packages import get_package, save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.ids import Role
from synkro_resources.model.package import Package
from synkro_resources.model.report import ReportDocument
from synkro_resources.rules.formats import half_up
from synkro_resources.settings import Settings
from tests.app.cabinet.test_destination_rights import person
from tests.assets.reports.document.test_compose import NOBODY, UNTIL
from tests.assets.reports.document.test_compose import PACKAGE as DAY
from tests.assets.reports.document.test_compose import compose as compose_day
from tests.assets.reports.document.test_compose_period import WEEK, compose

Numbers = dict[str, tuple[int, ...]]

IN_TEXT = {
    "new_episodes": r"Новых обращений ([\d ]+) \(([\d ]+)\)",
    "frt_median": r"медиана (\d+) мин \((\d+)\)",
    "frt_p90": r"90-й процентиль (\d+) мин \((\d+)\)",
    "in_sla": r"Ответы в срок \(15 мин\): (\d+) % ▲ лучше, было (\d+) %",
    "unanswered": r"Без ответа на конец недели (\d+) \((\d+)\)",
    "checklist_mean": r"Чек-лист (\d+) из 100 \((\d+)\)",
    "won": r"Закрыто успешно (\d+) \((\d+)\)",
    "lost": r"отказов (\d+) \((\d+)\)",
    "objection": r"Возражение «дорого» в (\d+) из (\d+) сделок",
    "mismatch": r"в (\d+) из (\d+) причина в CRM расходится",
    "Игорь": r"Игорь: (\d+) мин · (\d+) % · (\d+) · (\d+)",
    "Мария": r"Мария: (\d+) мин · (\d+) % · (\d+) · (\d+)",
    "Анна": r"Анна: (\d+) мин · (\d+) % · (\d+) · (\d+)",
}
"""Where a reader finds each figure in a text: the present value and the one before, or both parts of a share."""

IN_SUMMARY = {
    "new_episodes": "Новых обращений",
    "frt_median": "Первый ответ, медиана",
    "frt_p90": "Первый ответ, 90-й процентиль",
    "in_sla": "Ответы в срок",
    "unanswered": "Без ответа на конец периода",
    "checklist_mean": "Чек-лист, средняя оценка",
    "won": "Закрыто успешно",
    "lost": "Отказов",
}
"""The row of a figure in the workbook's summary."""
PARTS = {"objection": "Сделки с возражением: дорого", "mismatch": "Причина в CRM расходится с диалогом"}
"""Rows that are read as numerator and denominator."""


def read_text(text: str) -> Numbers:
    """Every figure of `IN_TEXT`; one that is not there fails the test by its name."""
    seen = " ".join(text.replace("\u00a0", " ").split())
    found: Numbers = {}
    for name, pattern in IN_TEXT.items():
        match = re.search(pattern, seen)
        assert match is not None, f"{name} is not in: {seen}"
        found[name] = tuple(int(group.replace(" ", "")) for group in match.groups())
    return found


def read_workbook(content: bytes) -> Numbers:
    """The same figures from typed cells, rounded as a text rounds them."""
    book = load_workbook(io.BytesIO(content), read_only=True)
    rows = {str(row[1]): row for row in book["Итоги"].iter_rows(min_row=2, values_only=True)}

    def whole(value: object, *, is_share: bool = False) -> int:
        assert isinstance(value, int | float), value
        return half_up(value * 100) if is_share else half_up(value)

    found: Numbers = {
        name: (whole(rows[label][2], is_share=name == "in_sla"), whole(rows[label][7], is_share=name == "in_sla"))
        for name, label in IN_SUMMARY.items()
    }
    found |= {name: (whole(rows[label][3]), whole(rows[label][4])) for name, label in PARTS.items()}
    for row in book["Менеджеры"].iter_rows(min_row=2, values_only=True):
        if row[0] in IN_TEXT:
            found[str(row[0])] = (whole(row[2]), whole(row[4], is_share=True), whole(row[6]), whole(row[8]))
    return found


def page() -> None:
    """What the cabinet's page of reports draws of a document."""
    import streamlit as st

    from synkro_app.cabinet.components.report_view import draw_document

    draw_document(st.session_state["document"])


def read_cabinet(document: ReportDocument) -> str:
    """The words on the cabinet's page, as its reader sees them."""
    app = AppTest.from_function(page)
    app.session_state["document"] = document
    app.run()
    assert not app.exception
    drawn = [element.value for kind in (app.subheader, app.caption, app.markdown) for element in kind]
    return re.sub(r"\\(.)", r"\1", "\n".join(str(text) for text in drawn)).replace("**", "")


def read_mail(html: str) -> str:
    """The words of a mail, as its reader sees them."""
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"</(?:p|h1|h2)>", "\n", html)))


def no_address(_: str) -> None:
    return None


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock) -> Installation:
    return Installation(Settings.load(), control_db, control_clock)


def stored(place: Installation, tenant: str, package: Package, document: ReportDocument) -> ReportDocument:
    """The document as the cabinet's service hands it out after both were stored."""
    kept = save_package(place.control, replace(package, tenant=tenant))
    document = document.model_copy(update={"tenant": tenant, "package_id": kept.package_id})
    save_report(place.control, tenant, document)
    found = service.document(place, person(tenant, Role.OWNER), tenant, document.doc_id)
    assert found is not None
    return found


def test_the_numbers_of_a_report_are_the_same_in_all_forms(place: Installation, tenant_a: Tenant) -> None:
    document = stored(place, tenant_a.slug, WEEK, compose())
    package = get_package(place.control, tenant_a.slug, document.package_id)
    assert package is not None
    paper = PdfReader(io.BytesIO(write_pdf(package, document, no_address, "ru")))
    mail = render_mail(document, no_address)
    found: Mapping[str, Numbers] = {
        "telegram": read_text("\n".join(part.plain for part in render(document, no_address))),
        "mail": read_text(read_mail(mail.html)),
        "mail without markup": read_text(mail.plain),
        "cabinet": read_text(read_cabinet(document)),
        "paper": read_text(" ".join(one.extract_text() for one in paper.pages)),
        "workbook": read_workbook(write_workbook(package, document, no_address, "ru")),
    }
    assert found["telegram"]["in_sla"] == (81, 74)
    for form, numbers in found.items():
        assert numbers == found["telegram"], form


def test_who_waits_now_may_be_newer_in_the_cabinet_and_is_dated_there(place: Installation, tenant_a: Tenant) -> None:
    sent = compose_day()
    newer = compose_day(waiting=replace(NOBODY, as_of=UNTIL + timedelta(minutes=50)))
    shown = read_cabinet(stored(place, tenant_a.slug, DAY, newer)).replace("\u00a0", " ")
    told = sent.plain_text().replace("\u00a0", " ")
    assert ("Ждут ответа сейчас: 5" in told, "данные на 08:22" in told) == (True, True)
    assert ("Никто не ждёт ответа" in shown, "данные на 09:12" in shown) == (True, True)
    for line in ("Обращений 54 (49) · первый ответ 6 мин (7) · в срок 83 % (80 %)", "отказов 8 (6), без причины 3"):
        assert line in told
        assert line in shown
