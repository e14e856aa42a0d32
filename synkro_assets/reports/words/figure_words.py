"""One figure of a package as words: value, previous value in brackets, arrow (docs/report.md, «Formatting»)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from synkro_assets.reports.words.period_texts import TEXTS
from synkro_resources.model.package import Change, Package, PackageMetric
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.rules import formats
from synkro_resources.rules.statistics import MEDIAN_FROM_ROWS, P90_FROM_ROWS

Show = Callable[[float], str]
ARROWS = {Change.UP: "▲", Change.DOWN: "▼"}
MINUTES_WITHOUT_UNIT = 100
"""A previous value of two digits repeats only the number, minutes like the present one: «48 мин (71)»."""


@dataclass(frozen=True, slots=True)
class FigureWords:
    """Figures of one package in one language. Nothing is computed here but the rounding for display."""

    package: Package
    language: str

    def say(self, key: str, **values: object) -> str:
        return TEXTS[self.language][key].format(**values)

    def metric(self, number: int, code: str, scope: str = "tenant", scope_id: str = "") -> PackageMetric | None:
        return self.package.metric(number, code, scope, scope_id)

    def whole_of(self, number: int, code: str, scope: str = "tenant", scope_id: str = "") -> int:
        """The value as a whole number; 0 where the package does not have it."""
        found = self.metric(number, code, scope, scope_id)
        return 0 if found is None or found.value is None else formats.half_up(found.value)

    def count(self, number: int, code: str) -> str:
        """«263 (255)»."""
        found = self.metric(number, code)
        if found is None or found.value is None:
            return self.say("unknown")
        return formats.whole(int(found.value)) + self._before(found, lambda value: formats.whole(int(value)))

    def per_day(self, number: int, code: str) -> str:
        """«49,8 (48,2)», with the change if it was tested."""
        found = self.metric(number, code)
        if found is None or found.value is None:
            return self.say("unknown")

        def shown(value: float) -> str:
            return formats.decimal(value, 1, self.language)

        return shown(found.value) + self._before(found, shown) + self.change(found)

    def minutes(self, number: int, code: str, *, scope: str = "tenant", scope_id: str = "") -> str:
        """«6 мин (9) ▼ лучше»."""
        found = self.metric(number, code, scope, scope_id)
        if found is None or found.value is None:
            return formats.minutes(None, self.language)
        if found.display != "ok":
            return self.say("few")
        enough = (found.prev_n or 0) >= (P90_FROM_ROWS if code.endswith("p90") else MEDIAN_FROM_ROWS)
        before = self._before(found, self._bare_minutes) if enough else ""
        return formats.minutes(found.value, self.language) + before + self.change(found)

    def share(self, number: int, code: str, *, scope: str = "tenant", scope_id: str = "") -> str:
        """«81 % (74 %) ▲ лучше», «4 из 8»."""
        found = self.metric(number, code, scope, scope_id)
        if found is None or found.num is None or found.den is None:
            return self.say("unknown")
        before = self._before(found, lambda _: self.share_before(found)) if found.prev_n else ""
        return self.share_now(found) + before + self.change(found)

    def points(self, number: int, code: str, *, scope: str = "tenant", scope_id: str = "") -> str:
        """«78 (77), в пределах шума»; the caller says «из 100»."""
        found = self.metric(number, code, scope, scope_id)
        if found is None or found.value is None:
            return formats.minutes(None, self.language)
        if found.display not in ("ok", "few"):
            return self.say("few")
        return str(formats.half_up(found.value))

    def points_before(self, number: int, code: str) -> str:
        """« (77), в пределах шума»."""
        found = self.metric(number, code)
        if found is None:
            return ""
        return self._before(found, lambda value: str(formats.half_up(value))) + self.change(found)

    def share_now(self, found: PackageMetric) -> str:
        return formats.share(found.num or 0, found.den or 0, self.language)

    def share_before(self, found: PackageMetric) -> str:
        den = found.prev_n or 0
        return formats.share(formats.half_up((found.prev_value or 0) * den), den, self.language)

    def cohort(self, found: PackageMetric) -> str:
        """«августа», «7–13 сентября»: the cohort of a conversion figure, which its note names by its local days."""
        first, last = (date.fromisoformat(text) for text in found.note.removeprefix("cohort:").split(".."))
        if Period.month_of(first) == Period(PeriodKind.MONTH, first, last):
            return formats.of_month(first, self.language)
        return formats.period_name(first, last, self.language)

    def change(self, found: PackageMetric) -> str:
        """The arrow with its meaning, the remark that it may be chance, or nothing where nothing was tested."""
        if found.verdict is Change.NOISE:
            return self.say("noise")
        arrow = ARROWS.get(found.verdict) if found.verdict is not None else None
        if arrow is None:
            return ""
        if not found.polarity:
            return f" {arrow}"
        better = (found.verdict is Change.UP) == (found.polarity > 0)
        return f" {arrow} {self.say('better' if better else 'worse')}"

    def _before(self, found: PackageMetric, show: Show) -> str:
        return "" if found.prev_value is None else f" ({show(found.prev_value)})"

    def _bare_minutes(self, value: float) -> str:
        rounded = formats.half_up(value)
        return str(rounded) if 1 <= rounded < MINUTES_WITHOUT_UNIT else formats.minutes(value, self.language)
