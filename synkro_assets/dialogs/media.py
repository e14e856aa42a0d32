"""Attachments of messages: what is known of each, and the files of those that were downloaded.

A file lies in the lake at `radist/media/<tenant>/<day>/<message_id>`, beside the table of its day.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import orjson
import pyarrow as pa

from synkro_resources.http.jsonvalues import JsonObject, as_object, as_text, as_whole
from synkro_resources.lake import Lake
from synkro_resources.lake.safe_files import replacing_file
from synkro_resources.model.tables import DAY_COLUMN
from synkro_resources.model.tables.raw import RADIST_MEDIA
from synkro_resources.radist.media import MediaClient, MediaStatus

MOST_FILES = 500
MOST_SECONDS = 300.0
"""Bounds of one run: a first load of months must not keep the report waiting. What is left comes with the next runs."""

MOST_ATTEMPTS = 5

BATCH_ROWS = 10_000
"""Messages whose JSON is held as Python objects at a time."""

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
"""Message ids are UUIDs; anything else becomes a hash, because it would be a piece of a path."""


def describe_media(messages: pa.Table, known: pa.Table) -> pa.Table:
    """A row for every message with an attachment; what is `known` of earlier ones stays as it is.

    Both tables come with the day column; so does the result.
    """
    rows = {row["message_id"]: row for row in known.to_pylist()}
    for day, message, attachment in _attachments(messages):
        if message["message_id"] not in rows:
            rows[message["message_id"]] = {
                "message_id": message["message_id"],
                "chat_id": message["chat_id"],
                "created_at": message["created_at"],
                "kind": attachment.kind,
                "name": attachment.name,
                "mime": attachment.mime,
                "size": attachment.size,
                "status": MediaStatus.DESCRIBED.value,
                "attempts": 0,
                DAY_COLUMN: day,
            }
    return _table(rows)


@dataclass(slots=True)
class FetchBudget:
    """What one run may download, and what it did. `left`: files that it had no room for or that failed for now."""

    most_files: int = MOST_FILES
    most_seconds: float = MOST_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    asked: int = 0
    stored: int = 0
    left: int = 0
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = self.monotonic() + self.most_seconds

    @property
    def is_spent(self) -> bool:
        return self.asked >= self.most_files or self.monotonic() > self._deadline


class MediaStore:
    """One tenant's files in the lake."""

    def __init__(self, lake: Lake, tenant: str) -> None:
        self._folder = lake.folder(RADIST_MEDIA, tenant)
        self._tenant = tenant

    def write(self, day: date, message_id: str, body: bytes) -> str:
        """Store a file whole or not at all; returns its path below the lake's root."""
        name = message_id if FILE_NAME.fullmatch(message_id) else hashlib.sha256(message_id.encode()).hexdigest()
        with replacing_file(self._folder / day.isoformat() / name) as file:
            file.write(body)
        return "/".join([*RADIST_MEDIA.asset_key, self._tenant, day.isoformat(), name])


def fetch_media(
    described: pa.Table, messages: pa.Table, client: MediaClient, store: MediaStore, budget: FetchBudget
) -> pa.Table:
    """`described` after downloading what has not been judged yet, oldest first, within the run's budget."""
    rows: dict[str, JsonObject] = {row["message_id"]: row for row in described.to_pylist()}
    addresses = {message["message_id"]: attachment.url for _, message, attachment in _attachments(messages)}
    for message_id, row in sorted(rows.items(), key=lambda item: (str(item[1]["created_at"]), item[0])):
        url = addresses.get(message_id)
        if url is None or not _is_wanted(row):
            continue
        if (as_whole(row["size"]) or 0) > client.limit_bytes:
            row["status"] = MediaStatus.TOO_LARGE.value
            continue
        if budget.is_spent:
            budget.left += 1
            continue
        budget.asked += 1
        download = client.fetch(url, as_text(row["mime"]))
        row |= {"status": download.status.value, "attempts": (as_whole(row["attempts"]) or 0) + 1}
        budget.left += _is_wanted(row)
        if download.status is MediaStatus.STORED:
            budget.stored += 1
            day = cast("date", row[DAY_COLUMN])
            row |= {
                "bytes": len(download.body),
                "sha256": hashlib.sha256(download.body).hexdigest(),
                "path": store.write(day, message_id, download.body),
            }
    return _table(rows)


def _is_wanted(row: JsonObject) -> bool:
    if row["status"] == MediaStatus.DESCRIBED:
        return True
    return row["status"] == MediaStatus.FAILED and (as_whole(row["attempts"]) or 0) < MOST_ATTEMPTS


@dataclass(frozen=True, slots=True)
class _Attachment:
    kind: str
    url: str | None
    name: str | None
    mime: str | None
    size: int | None


def _attachments(messages: pa.Table) -> Iterator[tuple[date, JsonObject, _Attachment]]:
    """Day, row and attachment of the messages whose own object has a link or a media type."""
    needed = messages.select(["message_id", "chat_id", "created_at", "raw", DAY_COLUMN])
    for row in (row for batch in needed.to_batches(max_chunksize=BATCH_ROWS) for row in batch.to_pylist()):
        body = as_object(orjson.loads(row["raw"]))
        kind = as_text(body.get("message_type")) or ""
        media = as_object(body.get(kind))
        url, mime = as_text(media.get("url")), as_text(media.get("mime_type"))
        if kind and (url or mime):
            yield (
                row[DAY_COLUMN],
                row,
                _Attachment(kind, url, as_text(media.get("name")), mime, as_whole(media.get("size"))),
            )


def _table(rows: dict[str, JsonObject]) -> pa.Table:
    ordered = [rows[message_id] for message_id in sorted(rows)]
    if not ordered:
        return RADIST_MEDIA.empty_days()
    days = pa.array([row[DAY_COLUMN] for row in ordered], pa.date32())
    return RADIST_MEDIA.from_rows(ordered).append_column(pa.field(DAY_COLUMN, pa.date32()), days)
