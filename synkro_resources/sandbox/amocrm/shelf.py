"""One collection of an account, sorted by whatever is asked for, so that a page of a long history costs a bisection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from synkro_resources.sandbox.amocrm.filters import Json, OneOf, Range, Test

Id = int | str
Key = tuple[float, Any]
"""A field's value and the row's id, which breaks ties."""

CHECKED_ROWS = 20_000
"""Up to so many rows a shelf compares itself with the account before every use (about 1 ms), since tests and world
builders write into the account directly. Greater collections may change their size, or change through `put`."""

WINDOW_FIELDS = frozenset(("id", "created_at", "updated_at", "closed_at", "complete_till", "closest_task_at"))
"""Fields worth an order of their own when a filter has a range of them."""

_first: Callable[[tuple[Key, Json]], Key] = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive rows of a sorted list: what a filter and an order have chosen."""

    rows: Sequence[Json]
    low: int
    high: int
    descending: bool = False

    @classmethod
    def of(cls, rows: Sequence[Json]) -> Span:
        return cls(rows, 0, len(rows))

    def __len__(self) -> int:
        return max(self.high - self.low, 0)

    def part(self, start: int, stop: int) -> list[Json]:
        """The rows from `start` to before `stop`, in the asked direction."""
        start, stop = min(start, len(self)), min(stop, len(self))
        if not self.descending:
            return list(self.rows[self.low + start : self.low + stop])
        return list(self.rows[self.high - stop : self.high - start])[::-1]


class _Order:
    """All rows of a shelf by one field; rows without a value stand at 0."""

    def __init__(self, rows: Collection[Json], field: str, key: str) -> None:
        self._field, self._key = field, key
        pairs = sorted(((self._key_of(row), row) for row in rows), key=_first)
        self.keys = [pair[0] for pair in pairs]
        self.rows = [pair[1] for pair in pairs]
        self.nulls = {row[key] for row in rows if row.get(field) is None}
        self._places: dict[Id, Key] | None = None

    def _key_of(self, row: Json) -> Key:
        return row.get(self._field) or 0, row[self._key]

    def bounds(self, window: Range | None) -> tuple[int, int]:
        """The places between which the rows of `window` lie."""
        low, high = 0, len(self.keys)
        if window is not None and window.low is not None:
            after = bisect_right if window.exclusive else bisect_left
            low = after(self.keys, window.low, key=itemgetter(0))
        if window is not None and window.high is not None:
            before = bisect_left if window.exclusive else bisect_right
            high = before(self.keys, window.high, key=itemgetter(0))
        return low, high

    def put(self, row: Json) -> None:
        self.drop(row[self._key])
        key = self._key_of(row)
        place = bisect_left(self.keys, key)
        self.keys.insert(place, key)
        self.rows.insert(place, row)
        if row.get(self._field) is None:
            self.nulls.add(row[self._key])
        self._known()[row[self._key]] = key

    def drop(self, row_id: Id) -> None:
        key = self._known().pop(row_id, None)
        if key is None:
            return
        place = bisect_left(self.keys, key)
        del self.keys[place], self.rows[place]
        self.nulls.discard(row_id)

    def _known(self) -> dict[Id, Key]:
        if self._places is None:
            self._places = {key[1]: key for key in self.keys}
        return self._places


class Shelf:
    """The rows of `source` by id and by field. Not thread-safe: its `Store` has the lock."""

    def __init__(self, source: Callable[[], Collection[Json]], *, key: str = "id", born: str = "created_at") -> None:
        self._source = source
        self.key = key
        self.born = born
        """The field before whose instant a row does not exist."""
        self._snapshot: list[Json] = []
        self._values: dict[str, list[Any]] = {}
        self._length = -1
        self._orders: dict[str, _Order] = {}
        self._narrowed: dict[tuple[str, tuple[OneOf, ...]], _Order] = {}
        """The last order of the rows that pass some tests: otherwise each page of a feed would test all its rows."""
        self._by_id: dict[Id, Json] | None = None
        self._latest = 0

    def find(self, row_id: Id, horizon: int) -> Json | None:
        """The row with this id, if it exists at `horizon` (unix seconds)."""
        self._refresh()
        row = self._rows_by_id().get(row_id)
        return row if row is not None and (row.get(self.born) or 0) <= horizon else None

    def choose(self, tests: Sequence[Test], *, by: str, descending: bool, horizon: int) -> Span:
        """The rows that exist at `horizon` and pass all `tests`, ordered by the field `by`, then by id."""
        self._refresh()
        wanted = list(tests)
        if self._latest > horizon:
            wanted.append(lambda row: (row.get(self.born) or 0) <= horizon)
        ids = next((test for test in wanted if isinstance(test, OneOf) and test.field == self.key), None)
        if ids is not None:
            found = self._with_ids(ids)
            return _sorted([row for row in found if all(test(row) for test in wanted)], by, self.key, descending)
        windows = [test for test in wanted if isinstance(test, Range) and test.field in WINDOW_FIELDS]
        window = next((test for test in windows if test.field == by), windows[0] if windows else None)
        narrowing = () if self._is_small() else tuple(test for test in wanted if isinstance(test, OneOf))
        order = self._order(window.field if window else by, narrowing)
        low, high = order.bounds(window)
        # Nulls stand at 0 and may lie between the bounds although they pass no range.
        rest = [test for test in wanted if test not in narrowing and (test is not window or order.nulls)]
        if not rest and (window is None or window.field == by):
            return Span(order.rows, low, high, descending)
        passed = [row for row in order.rows[low:high] if all(test(row) for test in rest)]
        if window is None or window.field == by:
            return Span(passed, 0, len(passed), descending)
        return _sorted(passed, by, self.key, descending)

    def put(self, row: Json) -> None:
        """`row` was added or changed."""
        if self._is_small():
            self._forget()
            return
        self._narrowed = {}
        for order in self._orders.values():
            order.put(row)
        if self._by_id is not None:
            self._by_id[row[self.key]] = row
        self._length = len(self._source())
        self._latest = max(self._latest, row.get(self.born) or 0)

    def drop(self, row_id: Id) -> None:
        """The row with this id was taken away."""
        if self._is_small():
            self._forget()
            return
        self._narrowed = {}
        for order in self._orders.values():
            order.drop(row_id)
        if self._by_id is not None:
            self._by_id.pop(row_id, None)
        self._length = len(self._source())

    def _refresh(self) -> None:
        rows = self._source()
        if len(rows) != self._length or (self._is_small() and not self._is_true(rows)):
            self._forget()
            self._length = len(rows)
            self._latest = max(((row.get(self.born) or 0) for row in rows), default=0)
            if self._is_small():
                self._snapshot = list(rows)
                self._values = {self.born: [row.get(self.born) for row in rows]}

    def _is_small(self) -> bool:
        return self._length <= CHECKED_ROWS

    def _is_true(self, rows: Collection[Json]) -> bool:
        """Whether nobody changed the rows or the fields we sorted by behind our back."""
        # Identical objects are not compared deeply, so this costs nearly nothing.
        if list(rows) != self._snapshot:
            return False
        return all([row.get(field) for row in rows] == values for field, values in self._values.items())

    def _forget(self) -> None:
        self._length = -1
        self._orders = {}
        self._narrowed = {}
        self._by_id = None

    def _order(self, field: str, narrowing: tuple[OneOf, ...] = ()) -> _Order:
        if narrowing:
            if (field, narrowing) not in self._narrowed:
                rows = [row for row in self._source() if all(test(row) for test in narrowing)]
                self._narrowed = {(field, narrowing): _Order(rows, field, self.key)}  # the last one asked for
            return self._narrowed[field, narrowing]
        if field not in self._orders:
            rows = self._source()
            self._orders[field] = _Order(rows, field, self.key)
            if self._is_small():
                self._values[field] = [row.get(field) for row in rows]
        return self._orders[field]

    def _rows_by_id(self) -> dict[Id, Json]:
        if self._by_id is None:
            self._by_id = {row[self.key]: row for row in self._source()}
        return self._by_id

    def _with_ids(self, ids: OneOf) -> list[Json]:
        known = self._rows_by_id()
        wanted: set[Id] = {*ids.wanted, *(int(item) for item in ids.wanted if item.isdecimal())}
        return [known[row_id] for row_id in wanted if row_id in known]


def _sorted(rows: list[Json], by: str, key: str, descending: bool) -> Span:
    rows.sort(key=lambda row: (row.get(by) or 0, row[key]))
    return Span(rows, 0, len(rows), descending)
