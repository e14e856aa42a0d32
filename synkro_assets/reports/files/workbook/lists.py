"""Sheets of rows: what each row of a package list says in its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from synkro_assets.reports.files.workbook.cells import Cell, Resolve, ShareCell, linked, local
from synkro_assets.reports.files.workbook.codes import in_words
from synkro_assets.reports.files.workbook.words import SAYINGS, STATUSES, pick
from synkro_resources.model.package import Package, PackageRow


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows of one package for people of one language."""

    package: Package
    resolve: Resolve
    language: str

    def say(self, code: str) -> str:
        return pick(SAYINGS[code], self.language)

    def name(self, kind: str, key: object) -> str:
        """The display name of an id or code, else the code itself."""
        return "" if key is None else self.package.names.get(kind, {}).get(str(key), str(key))

    def manager(self, row: PackageRow) -> str:
        return self.say("nobody") if row.manager_id is None else self.name("manager", row.manager_id)

    def deal(self, row: PackageRow) -> Cell:
        return None if row.deal_id is None else linked(f"deal:{row.deal_id}", f"№{row.deal_id}", self.resolve)

    def opening(self, row: PackageRow) -> Cell:
        """A link to the message or the deal that the row is about; no link where the renderer knows no address."""
        references = [f"message:{row.extra['message_id']}"] if row.extra.get("message_id") else []
        references += [f"deal:{row.deal_id}"] if row.deal_id is not None else []
        address = next(filter(None, map(self.resolve, references)), None)
        return linked(references[0], self.say("open"), lambda _: address) if address else None

    def message(self, row: PackageRow) -> Cell:
        found = row.extra.get("message_id")
        return None if found is None else linked(f"message:{found}", str(found), self.resolve)

    def moment(self, value: object) -> Cell:
        """An instant in tenant time; rows hold instants as ISO text inside `extra`."""
        if isinstance(value, str) and value:
            value = datetime.fromisoformat(value)
        return local(value, self.package.zone) if isinstance(value, datetime) else None

    def yes(self, value: object) -> Cell:
        return None if value is None else self.say("yes" if value else "no")

    def plain(self, value: object) -> Cell:
        """A number as a number, several codes joined, anything else as text."""
        match value:
            case None:
                return None
            case bool():
                return self.yes(value)
            case int() | float() | str():
                return value
            case list() | tuple():
                return ", ".join(str(item) for item in value)
            case _:
                return str(value)

    def names(self, kind: str, value: object) -> Cell:
        """One code or several, each by its display name."""
        if isinstance(value, (list, tuple)):
            return ", ".join(self.name(kind, item) for item in value)
        return None if value is None else self.name(kind, value)

    def word(self, kind: str, value: object) -> Cell:
        """One code or several of a kind, in words; yes and no stay yes and no."""
        if isinstance(value, (list, tuple)):
            return ", ".join(in_words(kind, str(item), self.language) for item in value)
        if value is None or value == "" or isinstance(value, bool):
            return self.plain(value) or None
        return in_words(kind, str(value), self.language)

    def reason(self, value: object) -> Cell:
        return self.say("not_given") if value in (None, "") else self.name("reason", value)

    def status(self, code: object) -> Cell:
        found = STATUSES.get(str(code))
        return pick(found, self.language) if found else self.plain(code)


RowCells = Callable[[RowReader, PackageRow], Sequence[Cell]]


def episode_cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
    extra = row.extra
    return (
        row.episode_key,
        row.dialog_id,
        read.deal(row),
        read.opening(row),
        read.word("channel", extra.get("channel")),
        read.moment(extra.get("start")),
        read.moment(extra.get("last")),
        read.word("side", extra.get("opened_by")),
        read.manager(row),
        read.word("attribution", row.attribution),
        read.plain(extra.get("frt")),
        read.yes(extra.get("off_hours")),
        read.plain(extra.get("turns")),
        ShareCell(value) if isinstance(value := extra.get("in_sla"), float) else read.plain(value),
        read.yes(extra.get("unanswered")),
        read.word("intent", extra.get("intents")),
        read.word("topic", extra.get("topics")),
        read.names("objection", extra.get("objections")),
        read.word("mood", extra.get("sentiment_start")),
        read.word("mood", extra.get("sentiment_end")),
        read.plain(extra.get("checklist")),
        read.names("lost_reason", extra.get("lost_reason")),
        read.word("band", row.band or extra.get("band")),
        read.word("skip", extra.get("skip_reason")),
    )


def unanswered_cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
    return (
        read.deal(row),
        row.amount,
        read.manager(row),
        read.moment(row.at),
        row.age_min,
        read.plain(row.extra.get("age_calendar_h")),
        read.opening(row),
    )


def no_deal_cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
    return (
        row.dialog_id,
        read.moment(row.at),
        read.word("intent", row.extra.get("intent")),
        read.plain(row.extra.get("quote")),
        read.status(row.extra.get("status", row.list_code)),
    )


def silent_cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
    return (
        read.deal(row),
        read.moment(row.at),
        read.moment(row.extra.get("deadline")),
        row.amount,
        read.manager(row),
        read.status(row.list_code),
    )


def lost_cells(mismatches: dict[int, PackageRow]) -> RowCells:
    """Lost deals; `mismatches` holds the deals where the dialog names another reason."""

    def cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
        other = mismatches.get(row.deal_id or 0)
        about = other or row
        return (
            read.deal(row),
            row.amount,
            read.moment(row.at),
            read.plain(row.extra.get("reason")) or read.reason(row.extra.get("reason_id")),
            read.names("lost_reason", about.extra.get("dialog_reason")),
            read.yes(False) if other else read.yes(row.extra.get("same_reason")),
            read.plain(about.extra.get("quote")),
            read.message(about),
        )

    return cells


def objection_cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
    extra = row.extra
    return (
        read.deal(row),
        row.episode_key,
        read.names("objection", extra.get("code")),
        read.plain(extra.get("quote")),
        read.word("handled", extra.get("handled")),
        read.plain(extra.get("answer_quote")),
        read.word("outcome", extra.get("outcome")),
        read.word("band", row.band),
    )


def checklist_cells(read: RowReader, row: PackageRow) -> Sequence[Cell]:
    """An item of one episode; failed items are without an answer of their own, because the list says it."""
    extra = row.extra
    critical = True if row.list_code == "critical_fail" else extra.get("critical")
    answer = extra.get("answer", "no")
    return (
        row.episode_key,
        read.names("item", extra.get("item")),
        read.plain(extra.get("version")) or read.package.versions.get("rubric"),
        read.yes(answer != "not_applicable"),
        read.word("answer", answer),
        read.plain(extra.get("weight")),
        read.yes(critical),
        read.plain(extra.get("quote")),
        read.message(row),
        read.word("band", row.band),
        read.plain(extra.get("review")),
    )
