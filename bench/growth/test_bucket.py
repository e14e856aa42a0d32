"""A lake in a bucket holds the same rows as one on disk, from the vendors to the delivered report and to erasure."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.client import BaseClient
from upath import UPath

from bench.growth.installation import variables
from bench.growth.services import started
from synkro_app.operations.ports import LOOPBACK, free_port
from synkro_resources.erasure.places import erase_from_lake, lake_counts, tenant_folders
from synkro_resources.lake import Lake
from synkro_resources.lake.root import lake_path
from synkro_resources.lake.safe_files import replacing_file
from synkro_resources.model.tables import TABLES
from tests.pipeline import Installation, installation

SLUG, SEED, BUCKET, PREFIX = "bucket-shop", 11, "synkro-lake", "cells/main"
DAY = date(2026, 11, 19)
CONTENT_IN_NAME = re.compile(r"\.[0-9a-f]{12}\.")
SANDBOX_PORT = re.compile(rb"127\.0\.0\.1:\d+")
MESSAGE = TABLES["normalized/message"]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseClient]:
    """An empty bucket of a real S3 server (moto), with the settings that lead to it in the environment."""
    port, log = free_port(25_000), tmp_path_factory.mktemp("s3") / "moto.log"
    settings = {
        "SYNKRO_S3_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",
        "SYNKRO_S3_REGION": "ru-central1",
        "SYNKRO_S3_KEY_ID": "synkro",
        "SYNKRO_S3_SECRET_KEY": "growth",
    }
    words = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    with started(words, log, port), variables(settings):
        client = boto3.client(
            "s3",
            endpoint_url=settings["SYNKRO_S3_ENDPOINT_URL"],
            region_name=settings["SYNKRO_S3_REGION"],
            aws_access_key_id="synkro",
            aws_secret_access_key="growth",
        )
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": settings["SYNKRO_S3_REGION"]}
        )
        yield client


def test_a_bucket_holds_what_a_disk_holds(
    tmp_path: Path, bucket: BaseClient, new_control_database: Callable[[], str]
) -> None:
    with _reported(new_control_database(), tmp_path / "disk") as (disk, delivered):
        expected, texts = _by_name(_local_files(Path(disk.settings.lake_root))), delivered
    with (
        variables({"SYNKRO_LAKE_URL": f"s3://{BUCKET}/{PREFIX}"}),
        _reported(new_control_database(), tmp_path / "s3") as (stored, delivered),
    ):
        assert delivered == texts
        found = _by_name(_bucket_files(bucket))
        assert set(found) == set(expected)
        tables = [name for name in expected if name.endswith(".parquet")]
        assert len(tables) > 100
        assert {name for name in tables if _rows(found[name]) != _rows(expected[name])} == set()
        root = stored.settings.lake_root
        assert len(tenant_folders(root, SLUG)) == len({tuple(name.split("/")[:2]) for name in expected})
        assert sum(table["files"] for table in lake_counts(root, SLUG).values()) == len(found)
        erase_from_lake(root, SLUG)
        assert _bucket_files(bucket) == {}


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(bucket: BaseClient) -> None:
    path = lake_path(f"s3://{BUCKET}/broken") / "normalized" / "message" / "shop" / "2026-11-18.parquet"
    with replacing_file(path) as file:
        file.write(b"whole")
    with pytest.raises(OSError, match="half way"):
        _write_half(path)
    assert path.read_bytes() == b"whole"
    assert bucket.list_objects_v2(Bucket=BUCKET, Prefix="broken/")["KeyCount"] == 1


def test_what_another_process_has_written_is_seen_at_once(bucket: BaseClient) -> None:
    """A cabinet lives for weeks beside workers on other machines: it may not remember what a folder held."""
    lake = Lake(f"s3://{BUCKET}/seen")
    assert lake.days(MESSAGE, SLUG) == []
    content = BytesIO()
    pq.write_table(MESSAGE.empty(), content)
    bucket.put_object(
        Bucket=BUCKET, Key=f"seen/{'/'.join(MESSAGE.asset_key)}/{SLUG}/{DAY}.parquet", Body=content.getvalue()
    )
    assert lake.days(MESSAGE, SLUG) == [DAY]
    assert lake.read_days(MESSAGE, SLUG, [DAY]).num_rows == 0


@contextmanager
def _reported(control_url: str, folder: Path) -> Iterator[tuple[Installation, list[str]]]:
    folder.mkdir()
    with installation(control_url, folder) as place:
        company = place.add_company(SLUG, SEED, days=8)
        assert place.report(SLUG, DAY).status == "done"  # loads what it needs
        yield place, company.delivered()


def _write_half(path: UPath) -> None:
    with replacing_file(path) as file:
        file.write(b"half")
        raise OSError("half way")


def _local_files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _bucket_files(bucket: BaseClient) -> dict[str, bytes]:
    pages = bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{PREFIX}/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key[len(PREFIX) + 1 :]: bucket.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _by_name(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without the digits of the content in names: workbooks lead to cards, whose addresses have the vendors' ports."""
    return {CONTENT_IN_NAME.sub(".", name): content for name, content in files.items()}


def _rows(content: bytes) -> bytes:
    """The rows as text; the ports of the emulated vendors, which stand in raw JSON, are left out."""
    return SANDBOX_PORT.sub(b"", repr(pq.read_table(BytesIO(content)).to_pylist()).encode())
