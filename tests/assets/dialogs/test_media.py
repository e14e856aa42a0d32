"""Attachments in the lake: described for everybody, downloaded where wanted, and each judged once."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pyarrow as pa
import pytest

from synkro_assets.dialogs.media import MOST_ATTEMPTS, FetchBudget, MediaStore, describe_media, fetch_media
from synkro_resources.http import TokenBucket
from synkro_resources.http.jsonvalues import JsonObject
from synkro_resources.lake import Lake
from synkro_resources.model.tables.raw import RADIST_MEDIA, RADIST_MESSAGES
from synkro_resources.model.tables.schema import DAY_COLUMN
from synkro_resources.radist.media import MediaClient
from tests.assets.dialogs.small_radist import NOON, WINDOW

CDN = "https://radist2.cdn.radist.online/whatsapp/79000000001/"
DAY = WINDOW.first_day


def messages(*rows: JsonObject) -> pa.Table:
    table = RADIST_MESSAGES.from_rows(
        [
            {
                "message_id": row["message_id"],
                "chat_id": 37,
                "created_at": NOON + timedelta(minutes=number),
                "no_zone": False,
                "raw": orjson.dumps(row).decode(),
            }
            for number, row in enumerate(rows)
        ]
    )
    return table.append_column(pa.field(DAY_COLUMN, pa.date32()), pa.array([DAY] * len(rows), pa.date32()))


def image(message_id: str, **more: object) -> JsonObject:
    media: JsonObject = {"url": f"{CDN}{message_id}", "mime_type": "image/jpeg", "size": 3, "name": "фото.jpg"}
    return {"message_id": message_id, "message_type": "image", "image": media | more}


class Shelf:
    """Media of one tenant, loaded again and again; `answers` says what the CDN does, by message."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(str(folder))
        self.answers: dict[str, int | bytes] = {}
        self.asked: list[str] = []

    def load(self, table: pa.Table, *, most_files: int = 500) -> FetchBudget:
        with MediaClient(transport=httpx.MockTransport(self._answer), limiter=TokenBucket(10_000)) as client:
            described = describe_media(table, self.known())
            budget = FetchBudget(most_files)
            found = fetch_media(described, table, client, MediaStore(self.lake, "demo"), budget)
        self.lake.write_days(RADIST_MEDIA, "demo", [DAY], found)
        return budget

    def known(self) -> pa.Table:
        return self.lake.read_days(RADIST_MEDIA, "demo", [DAY], missing_ok=True)

    def rows(self) -> dict[str, JsonObject]:
        return {row["message_id"]: row for row in self.known().to_pylist()}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.asked.append(name)
        answer = self.answers.get(name, b"\xff\xd8\xff")
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, content=answer, headers={"content-type": "image/jpeg"})


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_attachments_are_described_without_asking_anybody() -> None:
    """The default: sizes and types are known, no file of a client is copied unless the tenant wants it."""
    voice: JsonObject = {"message_id": "m2", "message_type": "voice", "voice": {"url": f"{CDN}m2"}}
    text: JsonObject = {"message_id": "m3", "message_type": "text", "text": {"text": "hi"}}
    found = describe_media(messages(image("m1"), voice, text), RADIST_MEDIA.empty_days()).to_pylist()
    assert [(row["message_id"], row["kind"], row["status"], row["mime"], row["size"]) for row in found] == [
        ("m1", "image", "described", "image/jpeg", 3),
        ("m2", "voice", "described", None, None),
    ]
    assert "cdn.radist.online" not in str(found)


def test_a_file_lies_beside_its_days_table_with_its_hash(shelf: Shelf, tmp_path: Path) -> None:
    body = b"\xff\xd8\xff picture"
    shelf.answers["m1"] = body
    found = shelf.load(messages(image("m1")))
    row = shelf.rows()["m1"]
    assert (found.stored, found.left) == (1, 0)
    assert row["path"] == f"radist/media/demo/{DAY}/m1"
    assert (tmp_path / str(row["path"])).read_bytes() == body
    assert (row["bytes"], row["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert shelf.lake.days(RADIST_MEDIA, "demo") == [DAY]


def test_what_was_judged_is_never_asked_for_again(shelf: Shelf) -> None:
    """Rule 13: «media gone» must not become an endless knocking at the CDN."""
    shelf.answers |= {"m2": 404, "m3": 403, "m4": 401}
    table = messages(image("m1"), image("m2"), image("m3"), image("m4"), image("m5", size=50_000_000))
    shelf.load(table)
    assert {key: row["status"] for key, row in shelf.rows().items()} == {
        "m1": "stored",
        "m2": "gone",
        "m3": "gone",
        "m4": "refused",
        "m5": "too_large",
    }
    assert sorted(shelf.asked) == ["m1", "m2", "m3", "m4"]
    shelf.load(table)
    assert len(shelf.asked) == 4


def test_a_failed_download_is_tried_again_but_not_for_ever(shelf: Shelf) -> None:
    shelf.answers["m1"] = 503
    for _ in range(MOST_ATTEMPTS + 3):
        shelf.load(messages(image("m1")))
    assert len(shelf.asked) == MOST_ATTEMPTS
    shelf.answers["m2"] = 503
    shelf.load(messages(image("m2")))
    shelf.answers["m2"] = b"\xff\xd8\xff"
    assert shelf.load(messages(image("m2"))).stored == 1


def test_a_run_takes_so_many_files_and_the_next_ones_the_others(shelf: Shelf) -> None:
    """A first load of months must not hold back the report."""
    table = messages(*(image(f"m{number}") for number in range(5)))
    found = shelf.load(table, most_files=2)
    assert (found.stored, found.left) == (2, 3)
    assert shelf.asked == ["m0", "m1"], "the oldest first: they are the first to be gone"
    shelf.load(table, most_files=2)
    assert shelf.load(table, most_files=2).left == 0
    assert shelf.asked == [f"m{number}" for number in range(5)]


def test_a_message_id_cannot_lead_out_of_the_tenants_folder(shelf: Shelf, tmp_path: Path) -> None:
    evil = "../../other/2026-11-18"
    shelf.load(messages(image(evil) | {"image": {"url": f"{CDN}x", "mime_type": "image/jpeg"}}))
    path = str(shelf.rows()[evil]["path"])
    assert path.startswith(f"radist/media/demo/{DAY}/")
    assert ".." not in path
    files = [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()]
    assert sorted(files) == sorted([path, f"radist/media/demo/{DAY}.parquet"])


def test_erasing_a_tenant_takes_the_files_along(shelf: Shelf, tmp_path: Path) -> None:
    shelf.load(messages(image("m1")))
    shelf.lake.erase_tenant(RADIST_MEDIA, "demo")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
