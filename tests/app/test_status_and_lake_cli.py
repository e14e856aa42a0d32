"""Operators see what is amiss and what to do about it, and can build tables anew without hurting a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli import main
from synkro_resources.control.check_remedies import remedy_of
from synkro_resources.control.days import CheckResult, save_check_results
from synkro_resources.control.locks import tenant_lock
from synkro_resources.model.errors import Sentence
from synkro_resources.model.tables import TABLES
from synkro_resources.model.tables.crm import DEAL
from tests.pipeline import END, Installation, installation

pytestmark = pytest.mark.xdist_group("status_cli")

SLUG, EMPTY, DAY = "told", "told-empty", date(2026, 11, 18)
Command = Callable[..., Result]


@pytest.fixture(scope="module")
def place(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(control_url, tmp_path_factory.mktemp("status-cli")) as found:
        for slug in (SLUG, EMPTY):
            found.add_company(slug, seed=5, days=20)
        assert found.load(SLUG, date(2026, 11, 19), date(2026, 11, 19)).status == "done"
        assert found.load(SLUG, DAY, DAY).status == "done"
        yield found


@pytest.fixture
def command(place: Installation) -> Command:
    return lambda *words: CliRunner().invoke(main, list(words))


def test_a_healthy_client_has_nothing_that_needs_a_person(command: Command) -> None:
    told = command("status", "--tenant", SLUG)
    assert told.exit_code == 0, told.output
    assert "amocrm: загружен 0 ч назад. amocrm: loaded 0 h ago." in told.output
    assert "!" not in told.output


def test_what_is_amiss_is_told_with_what_to_do_in_both_languages(place: Installation, command: Command) -> None:
    told = command("status", "--tenant", EMPTY)
    assert told.exit_code == 1
    assert "! radist: ещё не загружался." in told.output
    assert remedy_of("freshness").ru in told.output
    lost = CheckResult(DEAL.name, "keys_unique", DAY, "r", False, True, END, Sentence("Повторы.", "Repeated."), {})
    save_check_results(place.control, EMPTY, [lost])
    told = command("status", "--tenant", EMPTY)
    assert f"! {DAY} {DEAL.name} keys_unique: Повторы. Repeated." in told.output
    assert remedy_of("keys_unique").ru in told.output
    assert remedy_of("keys_unique").en in told.output


def test_tables_are_the_same_bytes_when_they_are_built_anew(place: Installation, command: Command) -> None:
    paths = {
        table.name: Path(str(place.lake.path(table, SLUG, "current"))) for table in TABLES.values() if table.has_current
    }
    before = {name: path.read_bytes() for name, path in paths.items() if path.exists()}
    assert DEAL.name in before
    paths[DEAL.name].write_bytes(b"not a table any more")
    told = command("lake", "rebuild", "--tenant", SLUG)
    assert told.exit_code == 0, told.output
    rows = place.lake.read_current(DEAL, SLUG).num_rows
    assert f"/{len(paths)}  {DEAL.name}: {rows} rows" in told.output
    assert {name for name in before if paths[name].read_bytes() != before[name]} == set()


def test_one_table_can_be_built_alone_and_a_mistyped_one_is_refused(place: Installation, command: Command) -> None:
    told = command("lake", "rebuild", "--tenant", SLUG, "--table", DEAL.name)
    assert told.output.startswith(f"1/1  {DEAL.name}: ")
    told = command("lake", "rebuild", "--tenant", SLUG, "--table", "normalized/turn")
    assert (told.exit_code, "not folded" in told.output) == (2, True)
    told = command("lake", "rebuild", "--tenant", EMPTY, "--table", DEAL.name)
    assert told.output == f"1/1  {DEAL.name}: nothing is stored\n"
    assert not place.lake.folder(DEAL, EMPTY).exists()


def test_nothing_is_built_anew_while_a_run_of_the_client_works(place: Installation, command: Command) -> None:
    with tenant_lock(place.control, SLUG, wait_s=0):
        told = command("lake", "rebuild", "--tenant", SLUG)
        assert told.exit_code == 1
        assert "уже идёт другая загрузка" in told.output
        assert command("lake", "rebuild", "--tenant", EMPTY).exit_code == 0
