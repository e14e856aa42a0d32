"""How an error is kept in a row: its code and its sentences in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from synkro_resources.model.errors import Sentence, SynkroError


class ErrorColumns(TypedDict):
    """The five columns that every table with errors has."""

    error_code: str
    what_ru: str
    what_en: str
    remedy_ru: str
    remedy_en: str


@dataclass(frozen=True, slots=True)
class StoredError:
    """What happened and what to do, as it was when it happened."""

    code: str
    what: Sentence
    remedy: Sentence


def error_columns(error: SynkroError | None) -> ErrorColumns:
    """The columns of `error`; empty strings for none."""
    if error is None:
        return {"error_code": "", "what_ru": "", "what_en": "", "remedy_ru": "", "remedy_en": ""}
    return {
        "error_code": error.code,
        "what_ru": error.what.ru,
        "what_en": error.what.en,
        "remedy_ru": error.remedy.ru,
        "remedy_en": error.remedy.en,
    }
