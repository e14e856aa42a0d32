"""Telegram's limits: no part is refused, no tag or emoji is torn, nothing links by itself or is lost in silence."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synkro_assets.reports.delivery.telegram_text import (
    ENTITIES_PER_PART,
    LINKS_PER_PART,
    PART_LIMIT,
    SHORTENED,
    brief,
    pack,
    render,
    split_line,
)
from synkro_assets.reports.delivery.visible_text import units, visible, visible_runs
from synkro_resources.model.report import Block, BlockKind, Line, ReportDocument, Run, Section, text_line


def section(priority: int, *lines: Line, title: str = "") -> Section:
    return Section(
        code=f"s{priority}", title=title, priority=priority, blocks=(Block(kind=BlockKind.FIGURES, lines=lines),)
    )


def document(*sections: Section, kind: str = "custom", title: str = "", subtitle: str = "") -> ReportDocument:
    return ReportDocument(
        doc_id="d",
        package_id="p",
        tenant="acme",
        report_id=f"{kind}:x",
        revision=1,
        kind=kind,
        language="ru",
        title=title,
        subtitle=subtitle,
        sections=sections,
    )


def nowhere(reference: str) -> str | None:
    return None


AC01 = [[text_line("x" * size)] for size in (1200, 1500, 1400, 900)] + [[text_line("y" * 100)] * 50]


def test_ac01_whole_sections_are_packed_and_a_long_one_is_split_between_lines() -> None:
    sizes = [units("\n".join("".join(run.text for run in line) for line in part)) for part in pack(AC01)]
    assert sizes == [2702, 2302, 3938, 1110]


@pytest.mark.parametrize("kind", ["custom", "week"])
def test_ac01_the_section_of_the_highest_number_is_dropped_and_the_report_says_so(kind: str) -> None:
    first, *others = (section(priority, *lines) for priority, lines in enumerate(AC01))
    found = render(document(first, *others, kind=kind, title="T"), nowhere)
    header = units("T") + 2
    assert [part.units for part in found] == [2702 + header, 2335]
    assert found[-1].plain.endswith(SHORTENED["ru"])


def test_ac02_a_line_of_emoji_is_cut_between_them() -> None:
    pieces = split_line(text_line("🔥" * 2100))
    assert [units(piece[0].text) for piece in pieces] == [4000, 200]


def test_ac03_masked_values_become_labels_and_markup_of_a_client_is_shown_not_used() -> None:
    quote = "Звоните [PHONE_T322PMVO], <b>срочно</b> & на example.ru"
    found = render(document(section(0, text_line(quote)), title="T"), nowhere)[0].html
    assert found.split("\n\n")[1] == "Звоните [телефон], &lt;b&gt;срочно&lt;/b&gt; &amp; на example.\u2060ru"


def test_ac04_nothing_in_a_quote_links_or_commands_by_itself() -> None:
    assert visible("/start @name цена 1500.50") == "/\u2060start @\u2060name цена 1500.50"


def test_numbers_and_dates_stay_as_they_are() -> None:
    assert visible("07.09.2026 в 10:00, 1 500.50 ₽, а/я 5, и/или") == "07.09.2026 в 10:00, 1 500.50 ₽, а/я 5, и/или"


def test_later_parts_are_numbered_in_their_first_line() -> None:
    found = render(document(section(0, *[text_line("y" * 100)] * 60), title="Отчёт"), nowhere)
    assert found[1].plain.splitlines()[0].endswith(" (2/3)")


def test_links_beyond_the_budget_become_plain_text() -> None:
    line: Line = tuple(Run(text=f"№{number} ", link=f"deal:{number}") for number in range(60))
    found = render(document(section(0, line), title="T"), lambda reference: f"https://x.example/{reference}")
    assert found[0].html.count("<a ") == LINKS_PER_PART
    assert "№59" in found[0].plain


def test_a_document_that_cannot_fit_still_says_where_it_is() -> None:
    huge = section(0, *[text_line("y" * 100)] * 400)
    found = render(document(huge, kind="day", title="Утро"), nowhere)
    assert len(found) == 1
    assert SHORTENED["ru"] in found[0].plain
    assert found[0].plain.startswith("Утро")


class _Strict(HTMLParser):
    """Accepts only what Telegram does, strictly nested."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.entities = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("b", "i", "a")
        self.open.append(tag)
        self.entities += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


texts = st.text(st.sampled_from("абв xyz.!?/@#$<>&\"'👍🏽👨‍👩‍👧🇷🇺é\u00a01 2"), max_size=400)
runs = st.builds(
    Run,
    text=texts,
    style=st.sampled_from(["plain", "bold", "italic"]),
    link=st.sampled_from([None, "deal:1", "report"]),
)
documents = st.lists(
    st.builds(
        lambda priority, lines, title: section(priority, *lines, title=title),
        st.integers(0, 8),
        st.lists(st.lists(runs, min_size=1, max_size=12).map(tuple), max_size=30),
        st.sampled_from(["", "Раздел"]),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(sections=documents, kind=st.sampled_from(["day", "week", "custom"]))
def test_no_document_breaks_a_limit_or_a_tag(sections: list[Section], kind: str) -> None:
    found = render(document(*sections, kind=kind, title="Отчёт"), lambda _: "https://x.example/?a=1&b=2")
    assert 1 <= len(found) <= {"day": 1, "week": 2, "custom": 3}[kind]
    for part in found:
        parser = _Strict()
        parser.feed(part.html)
        assert parser.open == []
        assert parser.entities <= ENTITIES_PER_PART
        assert part.units <= PART_LIMIT
        assert unescape(re.sub("<[^>]+>", "", part.html)) == part.plain


@settings(max_examples=60, deadline=None)
@given(line=st.lists(runs.map(lambda run: run.model_copy(update={"text": run.text * 15})), min_size=1, max_size=8))
def test_cutting_a_long_line_loses_nothing_but_white_space(line: list[Run]) -> None:
    pieces = split_line(tuple(line))
    joined = "".join(run.text for piece in pieces for run in piece)
    assert re.sub(r"\s", "", joined) == re.sub(r"\s", "", "".join(run.text for run in line))
    seen = [visible_runs([run.text for run in piece]) for piece in pieces]
    assert all(sum(map(units, piece)) <= PART_LIMIT for piece in seen)


CHARACTERS = ("a", "я", "é", "\u0435\u0301", "👍🏽", "👨‍👩‍👧", "🇷🇺", "🇰🇿", "1️⃣", "❤️", "🔥", "[PHONE_T322PMVO]", "/", "@")


@settings(max_examples=80, deadline=None)
@given(
    some=st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=60),
    times=st.integers(60, 400),
    runs_of=st.integers(1, 5),
)
def test_a_cut_never_tears_a_character_or_a_masked_value(some: list[str], times: int, runs_of: int) -> None:
    whole = some * times
    size = len(whole) // runs_of + 1
    line = tuple(Run(text="".join(whole[at : at + size])) for at in range(0, len(whole), size))
    pieces = ["".join(run.text for run in piece) for piece in split_line(line)]
    assert "".join(pieces) == "".join(whole)
    ends = set(accumulate(len(character) for character in whole))
    assert set(accumulate(map(len, pieces))) <= ends


def test_a_line_of_flags_alone_is_cut_between_two_of_them() -> None:
    pieces = ["".join(run.text for run in piece) for piece in split_line(text_line("🇷🇺" * 1500))]
    assert [units(piece) for piece in pieces] == [4000, 2000]


def test_nothing_links_across_two_runs() -> None:
    assert visible_runs(["пишите на @", "name или example.", "ru"]) == ["пишите на @", "⁠name или example.", "⁠ru"]


@given(st.lists(texts, max_size=6))
def test_runs_together_are_seen_as_their_line(pieces: list[str]) -> None:
    assert "".join(visible_runs(pieces)) == visible("".join(pieces))


def test_what_replaces_a_part_is_header_status_and_the_way_to_the_cabinet() -> None:
    status = Section(
        code="status",
        title="",
        priority=0,
        blocks=(Block(kind=BlockKind.STATUS, lines=(text_line("Загружено 84 %"),)),),
    )
    found = brief(document(status, section(1, text_line("цифры")), title="Утро"), lambda _: "https://x.example/r")
    assert found.plain.split("\n\n") == ["Утро", "Загружено 84 %", SHORTENED["ru"]]
    assert '<a href="https://x.example/r">' in found.html
