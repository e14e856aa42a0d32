"""An erased person is in no file and no row any more, everybody else keeps every row, and no load brings them back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Text, cast, select

from synkro_resources.control.database import Database
from synkro_resources.control.erasures import erasures_of, suppressed_hashes
from synkro_resources.control.tables import metadata
from synkro_resources.control.tables.base import is_tenant_scoped
from synkro_resources.erasure.person import erase_person
from synkro_resources.erasure.tenant import Installation as Places
from synkro_resources.lake import Lake, RowSpool
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.crm import CONTACT_PHONE
from synkro_resources.model.tables.dialogs import DIALOG, MESSAGE
from synkro_resources.model.tables.raw import AMOCRM_CONTACTS, AMOCRM_LEADS, RADIST_MESSAGES, quarantine_of
from tests.pipeline import Installation, installation

pytestmark = pytest.mark.xdist_group("person-erasure")

FIRST, LAST, TODAY = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
TENANT, NEIGHBOUR = "forget-a", "forget-b"
NOT_DIGIT = re.compile(r"[^0-9]")


class Killed(BaseException):
    """Stands for a process that ends: nothing catches it."""


@pytest.fixture
def loaded(control_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Two companies with the same ids of vendors, loaded; one has a report."""
    with installation(control_url, tmp_path / f"cell-{tmp_path.name[-6:]}") as found:
        yield found


def load_both(found: Installation, tenant: str, neighbour: str, *, with_report: bool) -> None:
    for slug, seed in ((tenant, 11), (neighbour, 11)):
        found.add_company(slug, seed)
        request = found.load(slug, FIRST, LAST)
        assert request.status == "done", request
    if with_report:
        assert found.report(tenant, LAST).status == "done"


def places(found: Installation) -> Places:
    return Places(found.control, found.settings.lake_root, None, found.clock, backup_days=30)


def a_person(lake: Lake, tenant: str) -> str:
    """The phone with the most messages that the CRM knows, too."""
    contacts = set(lake.read_current(CONTACT_PHONE, tenant).column("phone_norm").to_pylist())
    phones = {
        row["dialog_id"]: row["phone_norm"]
        for row in lake.read_current(DIALOG, tenant).to_pylist()
        if row["phone_norm"] in contacts and row["phone_norm"]
    }
    messages = lake.read_days(MESSAGE, tenant, lake.days(MESSAGE, tenant)).column("dialog_id").to_pylist()
    [(dialog, _)] = Counter(item for item in messages if item in phones).most_common(1)
    return phones[dialog]


def lake_texts(root: str, tenant: str) -> Iterator[tuple[str, str]]:
    """Every value of every row of the tenant's files, and the names of the files."""
    for path in Path(root).rglob("*"):
        if path.is_file() and tenant in path.parts:
            yield str(path), path.name
            if path.suffix == ".parquet":
                for row in pq.ParquetFile(path).read().to_pylist():
                    for value in row.values():
                        yield str(path), str(value)


def control_texts(db: Database, tenant: str) -> Iterator[tuple[str, str]]:
    with db.tenant(tenant) as connection:
        for table in metadata.sorted_tables:
            if is_tenant_scoped(table) and not table.schema:
                for row in connection.execute(select(*(cast(column, Text) for column in table.columns))):
                    for value in row:
                        yield table.name, str(value)


def mentions(found: Installation, tenant: str, phone: str) -> list[str]:
    texts = [*lake_texts(found.settings.lake_root, tenant), *control_texts(found.control, tenant)]
    return [place for place, text in texts if phone[-10:] in NOT_DIGIT.sub("", text) and is_phone(text, phone)]


def is_phone(text: str, phone: str) -> bool:
    """The ten digits one after another with at most signs between, and no further digit around."""
    return re.search(rf"(?<!\d)(\+?[78]\D{{0,3}})?{r'[^0-9]{0,3}'.join(phone[-10:])}(?!\d)", text) is not None


def rows(root: str, tenant: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for path in sorted(Path(root).rglob("*.parquet")):
        if tenant in path.parts:
            for row in pq.ParquetFile(path).read().to_pylist():
                found[(str(path.relative_to(root)), str(row))] += 1
    return found


def test_a_person_is_erased_everywhere_and_no_later_load_brings_them_back(loaded: Installation) -> None:
    load_both(loaded, TENANT, NEIGHBOUR, with_report=True)
    root, lake = loaded.settings.lake_root, loaded.lake
    phone = a_person(lake, TENANT)
    typed = f"8 ({phone[1:4]}) {phone[4:7]}-{phone[7:9]}-{phone[9:]}"
    now = loaded.clock.now()
    aside = quarantine_of(AMOCRM_LEADS)
    spool = RowSpool(aside)
    for text in (f'{{"name": "Звонок {typed}"}}', '{"name": "другой"}'):
        spool.add(LAST, now, {"reason": "no_id", "put_aside_at": now, "raw": text})
    lake.write_days(aside, TENANT, [LAST], spool)
    assert mentions(loaded, TENANT, phone)
    before, neighbour = rows(root, TENANT), rows(root, NEIGHBOUR)
    neighbours_bytes = {
        path: path.read_bytes() for path in Path(root).rglob("*") if NEIGHBOUR in path.parts and path.is_file()
    }

    certificate = erase_person(places(loaded), loaded.keyring, TENANT, typed, actor="test")

    assert mentions(loaded, TENANT, phone) == []
    assert phone[-10:] not in str(certificate)
    assert certificate["found"]["dialogs"] >= 1
    assert certificate["found"]["contacts"] >= 1
    assert certificate["removed"]["lake_rows"]["radist/messages"] >= certificate["found"]["messages"] > 0
    assert certificate["removed"]["lake_rows"]["quarantine/amocrm/leads"] == 1
    after = rows(root, TENANT)
    dropped, new = before - after, after - before
    # A row that is new is an old one with the phone cut out: as many as the certificate names, nothing more.
    assert sum(new.values()) == sum(certificate["removed"].get("lake_rows_with_the_phone_cut_out", {}).values())
    assert sum(dropped.values()) - sum(new.values()) == sum(certificate["removed"]["lake_rows"].values())
    assert {path: path.read_bytes() for path in neighbours_bytes} == neighbours_bytes
    assert rows(root, NEIGHBOUR) == neighbour
    assert mentions(loaded, NEIGHBOUR, phone)  # the same person at the neighbour's is the neighbour's
    hashes = suppressed_hashes(loaded.control, TENANT)
    assert len(hashes) == 1 + certificate["found"]["contacts"] + certificate["found"]["dialogs"]

    assert loaded.load(TENANT, FIRST, LAST).status == "done"
    assert mentions(loaded, TENANT, phone) == []
    messages = lake.read_days(RADIST_MESSAGES, TENANT, [FIRST, LAST])
    theirs = lake.read_days(RADIST_MESSAGES, NEIGHBOUR, [FIRST, LAST])
    assert 0 < messages.num_rows < theirs.num_rows
    contacts = set(lake.read_current(AMOCRM_CONTACTS, TENANT).column("id").to_pylist())
    others = set(lake.read_current(AMOCRM_CONTACTS, NEIGHBOUR).column("id").to_pylist())
    assert len(others - contacts) == certificate["found"]["contacts"]

    again = erase_person(places(loaded), loaded.keyring, TENANT, typed, actor="test")
    assert again["found"] == dict.fromkeys(again["found"], 0)
    assert again["subject"] == certificate["subject"]


def test_an_erasure_of_a_person_that_was_killed_anywhere_ends_the_same(loaded: Installation) -> None:
    tenant, neighbour = f"{TENANT}-killed", f"{NEIGHBOUR}-killed"
    load_both(loaded, tenant, neighbour, with_report=False)
    root = loaded.settings.lake_root
    phone = a_person(loaded.lake, tenant)
    stop_at = 0
    while True:
        stop_at += 3
        steps = iter(range(stop_at))

        def kill(step: str, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise Killed(step)

        try:
            certificate = erase_person(places(loaded), loaded.keyring, tenant, phone, actor="test", on_step=kill)
        except Killed:
            assert stop_at < 1_000
            continue
        break
    assert stop_at > 9  # it was killed several times on its way
    whole = erase_person(places(loaded), loaded.keyring, neighbour, phone, actor="test")
    assert mentions(loaded, tenant, phone) == []
    assert certificate["found"] == whole["found"]

    def named(slug: str) -> dict[str, list[str]]:
        lake = Lake(root)
        return {
            name: sorted(
                str(row[table.key[0]]) for row in lake.read_days(table, slug, lake.days(table, slug)).to_pylist()
            )
            for name, table in TABLES.items()
        }

    assert named(tenant) == named(neighbour)
    stored = erasures_of(loaded.control, tenant, actor="test")
    assert [item.certificate for item in stored] == [certificate]
    assert "ids" not in certificate
