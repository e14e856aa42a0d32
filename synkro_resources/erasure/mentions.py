"""Finding and removing one phone in texts and JSON: as people type it, with spaces, brackets, any prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from synkro_resources.http.jsonvalues import canonical_json
from synkro_resources.rules.phones import normalize_crm_phone, normalize_radist_phone, split_phones

REMOVED = "[удалено]"
RUSSIAN_DIGITS = 11
NATIONAL_DIGITS = 10
_BETWEEN = r"[\s\u00a0().\-\u2010-\u2015/]{0,3}"
_NOT_DIGIT = re.compile(r"[^0-9]")


@dataclass(frozen=True)
class Phone:
    """One phone as digits with the country code."""

    digits: str

    @property
    def essential(self) -> str:
        """The digits that every way of writing it has: a Russian number may begin with 7, 8, or neither."""
        russian = len(self.digits) == RUSSIAN_DIGITS and self.digits[0] == "7"
        return self.digits[-NATIONAL_DIGITS:] if russian else self.digits

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        spaced = _BETWEEN.join(self.essential)
        prefix = rf"(?:\+?[78]{_BETWEEN})?" if self.essential != self.digits else r"\+?"
        return re.compile(rf"(?<![0-9]){prefix}\(?{spaced}(?![0-9])")

    def is_written_as(self, typed: str | None) -> bool:
        """Whether a phone field of a vendor holds this phone, alone or among several."""
        return any(
            self.digits in (normalize_crm_phone(part), normalize_radist_phone(part)) for part in split_phones(typed)
        )

    def may_be_in(self, text: str) -> bool:
        """A quick look: False is certain."""
        return self.essential in _NOT_DIGIT.sub("", text)

    def without(self, text: str) -> str:
        """The text with every writing of the phone replaced."""
        return self.pattern.sub(REMOVED, text) if self.may_be_in(text) else text

    def without_in(self, value: Any) -> Any:
        """A JSON value without the phone: texts are cut, numbers become null, names of fields are cut, too."""
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return {self.without(str(name)): self.without_in(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.without_in(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return None if self.is_number(value) else value
        return value

    def is_number(self, value: float) -> bool:
        """Whether a number in a field is this phone; vendors turn typed phones into numbers."""
        whole = int(value) if value == value and abs(value) < 1e18 else 0  # NaN is not itself
        return str(whole) in (self.digits, self.essential, f"8{self.essential}")

    def without_in_json(self, text: str) -> str:
        """JSON text without the phone; text that is no JSON is cut as text. Unchanged texts stay as they are."""
        if not self.may_be_in(text):
            return text
        try:
            parsed: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            return self.without(text)
        cut = self.without_in(parsed)
        return text if cut == parsed else canonical_json(cut)
