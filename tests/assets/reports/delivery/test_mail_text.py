"""What a client wrote stays text in a mail: it adds no markup, no link and no second subject."""

from __future__ import annotations

from html.parser import HTMLParser

from synkro_assets.reports.delivery.mail_text import render_mail
from synkro_resources.model.report import Block, BlockKind, ReportDocument, Run, Section
from tests.assets.reports.packages import HOSTILE, resolve

TAGS = {"h1", "h2", "p", "b", "i", "a", "br"}


class Reader(HTMLParser):
    """Collects tags, addresses and words."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words += data


def report(*runs: Run) -> ReportDocument:
    block = Block(kind=BlockKind.QUOTE, lines=(runs,))
    section = Section(code="example", title="<i>Пример</i>", priority=7, blocks=(block,))
    return ReportDocument(
        doc_id="d1",
        package_id="p1",
        tenant="acme",
        report_id="week:2026-W37",
        revision=1,
        kind="week",
        language="ru",
        title='Отчёт <script>"x"</script>',
        subtitle="",
        sections=(section,),
    )


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_nothing_that_a_client_wrote_becomes_markup_or_a_link() -> None:
    mail = render_mail(report(Run(text=HOSTILE), Run(text=" пишите example.com [PHONE_ABCDEFGH]")), resolve)
    seen = read(mail.html)
    assert seen.tags <= TAGS
    assert seen.addresses == []
    assert '<script>"x"</script>' in seen.words
    assert "[телефон]" in seen.words
    assert "example.com" not in mail.html  # mail programs would make a link of it
    assert "\n" not in mail.html


def test_links_are_made_of_ids_alone() -> None:
    runs = (Run(text="№101", style="bold", link="deal:101"), Run(text="список", link="list:silent"))
    assert read(render_mail(report(*runs), resolve).html).addresses == ["https://crm.test/leads/101"]
