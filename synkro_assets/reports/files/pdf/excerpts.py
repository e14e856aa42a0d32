"""The page of excerpts: good and bad dialogs in their own words, masked, each with the ids that lead to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import Flowable, KeepTogether, PageBreak

from synkro_assets.reports.files.excerpts import Excerpt, bad_excerpts, good_excerpts
from synkro_assets.reports.files.pdf.styles import HEADING, NOTE, TEXT, paragraph
from synkro_assets.reports.words.file_texts import FILE_TEXTS
from synkro_resources.model.package import Package
from synkro_resources.rules import formats


def excerpts_page(package: Package, language: str) -> Iterator[Flowable]:
    """Nothing at all where no dialog was scored."""
    words = FILE_TEXTS[language]
    good, bad = good_excerpts(package), bad_excerpts(package)
    if not good and not bad:
        return
    yield PageBreak()
    yield from _part(package, words["good_excerpts"], good, language)
    yield from _part(package, words["bad_excerpts"], bad, language)
    yield paragraph(words["excerpts_note"], NOTE)


def _part(package: Package, title: str, excerpts: Sequence[Excerpt], language: str) -> Iterator[Flowable]:
    if not excerpts:
        return
    yield paragraph(title, HEADING)
    for excerpt in excerpts:
        yield KeepTogether(list(_excerpt(package, excerpt, language)))


def _excerpt(package: Package, excerpt: Excerpt, language: str) -> Iterator[Flowable]:
    words, items = FILE_TEXTS[language], package.names.get("item", {})
    row = excerpt.row
    about = [
        words["excerpt_score"].format(score=formats.whole(round(excerpt.score))),
        "" if row.deal_id is None else words["excerpt_deal"].format(deal=row.deal_id),
        package.names.get("manager", {}).get(str(row.manager_id), ""),
        "" if row.at is None else formats.moment(row.at, package.zone, language),
    ]
    yield paragraph(" · ".join(part for part in about if part), TEXT)
    if excerpt.failed:
        named = ", ".join(f"«{items.get(code, code)}»" for code in excerpt.failed)
        yield paragraph(words["excerpt_failed"].format(items=named), TEXT)
    for said in excerpt.quotes:
        yield paragraph(f"«{said.quote}»", TEXT)
        name = items.get(said.item, said.item)
        yield paragraph(words["excerpt_source"].format(item=name, message=said.message_id), NOTE)
