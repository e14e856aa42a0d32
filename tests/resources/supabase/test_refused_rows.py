"""One row that the client's database does not take must cost that row, never its batch, and must not be forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from synkro_resources.lake import Lake
from synkro_resources.model.errors import IntegrationError
from synkro_resources.model.tables.crm import CONTACT_PHONE, DEAL
from synkro_resources.sandbox.supabase.switches import SupabaseSwitches
from synkro_resources.supabase import DirectWriter, RestWriter, WarehouseWriter
from synkro_resources.supabase.fingerprints import marks
from synkro_resources.supabase.refusals import HIDDEN, MAX_REFUSED, shown_key
from synkro_resources.supabase.verify import compare
from tests.resources.supabase.projects import as_owner, deals, stored
from tests.resources.supabase.test_verify import DAY, dated

SECRET = "Пётр Тайный"
BAD = (1, 1200, 2499)
ROWS = deals(*((number, 1, SECRET if number in BAD else f"сделка {number}") for number in range(1, 2_501)))
LEFT_OUT = {("1",), ("1200",), ("2499",)}
OWN_RULES = {
    "23514": f"alter table synkro_deal add constraint own check (name <> '{SECRET}')",
    "22001": f"""create function own() returns trigger language plpgsql as $$ begin
        if new.name = '{SECRET}' then raise exception '%', new.name using errcode = '22001'; end if; return new; end $$;
        create trigger own before insert or update on synkro_deal for each row execute function own()""",
}


@pytest.mark.parametrize("code", OWN_RULES)
def test_a_refused_row_goes_aside_and_the_rest_of_its_batch_is_stored(
    writer: WarehouseWriter, project: str, code: str
) -> None:
    as_owner(project, OWN_RULES[code])
    written = writer.upsert(DEAL, ROWS)
    assert written.rows == ROWS.num_rows - len(BAD)
    assert {row[0] for row in stored(project)} == set(range(1, 2_501)) - set(BAD)
    assert {row.key for row in written.refused} == LEFT_OUT
    assert {row.code for row in written.refused} == {code}
    assert SECRET not in repr(written)


def test_a_refused_row_is_told_and_not_called_a_difference_until_the_client_takes_it(
    writer: WarehouseWriter, project: str, tmp_path: Path
) -> None:
    lake = Lake(str(tmp_path))
    lake.write_days(DEAL, "acme", [DAY], dated(ROWS))
    as_owner(project, OWN_RULES["23514"])
    refused = writer.upsert(DEAL, ROWS).refused
    told = compare(lake, "acme", DEAL, writer, repair=True, refused=refused)
    assert (told.verdict, told.rows_resent, {row.key for row in told.refused}) == ("equal", 0, LEFT_OUT)
    tried_again = compare(lake, "acme", DEAL, writer, repair=True)
    assert (tried_again.verdict, {row.key for row in tried_again.refused}) == ("equal", LEFT_OUT)
    assert compare(lake, "acme", DEAL, writer, repair=False).verdict == "differs"
    as_owner(project, "alter table synkro_deal drop constraint own")
    mended = compare(lake, "acme", DEAL, writer, repair=True)
    assert (mended.verdict, mended.rows_resent, mended.refused) == ("repaired", len(BAD), ())
    assert len(stored(project)) == ROWS.num_rows


def test_a_refused_row_that_has_changed_is_tried_as_a_new_one(
    writer: WarehouseWriter, project: str, tmp_path: Path
) -> None:
    as_owner(project, OWN_RULES["23514"])
    refused = writer.upsert(DEAL, deals((1, 1, SECRET))).refused
    lake = Lake(str(tmp_path))
    lake.write_days(DEAL, "acme", [DAY], dated(deals((1, 2, "теперь можно"))))
    assert compare(lake, "acme", DEAL, writer, repair=True, refused=refused).verdict == "repaired"


def test_a_table_that_takes_hardly_anything_is_an_error_and_not_hundreds_of_bad_rows(
    writer: WarehouseWriter, project: str
) -> None:
    as_owner(project, "alter table synkro_deal add constraint own check (deal_id < 0)")
    with pytest.raises(IntegrationError) as caught:
        writer.upsert(DEAL, ROWS.slice(0, MAX_REFUSED + 50))
    assert caught.value.code == "supabase.rows_refused"
    assert "ограничения" in caught.value.remedy.ru


def test_a_single_row_that_the_project_finds_too_large_goes_aside(rest: RestWriter, switches: SupabaseSwitches) -> None:
    switches.max_body_bytes = 5_000
    written = rest.upsert(DEAL, deals((1, 1, "a"), (2, 1, "x" * 6_000), (3, 1, "c")))
    assert [(row.key, row.code) for row in written.refused] == [(("2",), "413")]
    assert rest.count(DEAL) == 2


def test_the_rows_of_a_refused_group_of_keys_are_found_by_their_whole_key(
    writer: WarehouseWriter, project: str
) -> None:
    rows = CONTACT_PHONE.from_rows(
        [
            {
                "contact_id": 1 + number // 3,
                "position": number % 3,
                "phone_norm": f"7900000000{number}",
                "source_updated_at": ROWS.column("source_updated_at")[0].as_py(),
            }
            for number in range(9)
        ]
    )
    writer.upsert(CONTACT_PHONE, rows)
    asked = rows.slice(2, 5)
    assert writer.marks(CONTACT_PHONE, asked) == marks(CONTACT_PHONE, asked)
    assert len(stored(project, "synkro_contact_phone")) == 9


def test_a_key_that_is_personal_data_is_never_shown() -> None:
    by_phone = replace(CONTACT_PHONE, key=("contact_id", "phone_norm"))
    assert shown_key(by_phone, ("5", "79000000001")) == {"contact_id": "5", "phone_norm": HIDDEN}


def test_a_refusal_in_the_middle_leaves_nothing_of_a_load_that_fails_later(project: str, direct: DirectWriter) -> None:
    as_owner(
        project,
        OWN_RULES["23514"],
        """create function full() returns trigger language plpgsql as $$ begin
        raise exception 'full' using errcode = '53100'; end $$""".replace("function full", "function disk_full"),
        """create trigger disk_full before insert on synkro_deal for each row when (new.deal_id = 2500)
        execute function disk_full()""",
    )
    with pytest.raises(IntegrationError) as caught:
        direct.upsert(DEAL, ROWS)
    assert caught.value.code == "supabase.53100"
    assert stored(project) == []
