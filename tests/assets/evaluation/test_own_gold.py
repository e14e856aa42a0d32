"""What a company's people marked measures the company's own model: at a price that is asked for, and within limits."""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from starlette.applications import Starlette

from synkro_app.cli import main as synkro
from synkro_assets.evaluation import __main__ as command
from synkro_assets.evaluation.gold import read_gold
from synkro_resources.control import feedback as people_say
from synkro_resources.control.audit import tenant_events
from synkro_resources.control.rubrics import apply_rubric, edit_rubric
from synkro_resources.control.tables.analysis import ai_call, episode_analysis, finding
from synkro_resources.control.tenants import save_tenant_settings, tenant_settings
from synkro_resources.control.users import add_user, set_membership
from synkro_resources.model.feedback import Verdict
from synkro_resources.model.ids import Role
from synkro_resources.model.tables.crm import CONTACT_PHONE
from tests.pipeline import Installation, installation

pytestmark = [pytest.mark.xdist_group("own-gold"), pytest.mark.slow, pytest.mark.service]

SLUG, OTHER = "judged", "unjudged"
FIRST, LAST = date(2026, 11, 18), date(2026, 11, 20)
MARKED = 8


@dataclass
class Company:
    """A company with labelled days, of which a lead has judged some dialogs, and a neighbour."""

    place: Installation
    ai: Starlette
    judged: list[str]

    @property
    def calls(self) -> int:
        return sum(entry.path.endswith("/chat/completions") for entry in self.ai.state.log.entries)

    def stored(self) -> tuple[int, int]:
        with self.place.control.tenant(SLUG) as connection:
            counts = [
                connection.scalar(select(func.count()).select_from(table)) for table in (episode_analysis, finding)
            ]
        return counts[0] or 0, counts[1] or 0

    def deeds(self, action: str) -> list[dict[str, object]]:
        return [dict(one.details) for one in tenant_events(self.place.control, SLUG) if one.action == action]


@pytest.fixture(scope="module")
def company(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with installation(control_url, tmp_path_factory.mktemp("judged")) as place:
        place.add_company(SLUG, seed=31, days=20)
        ai = place.connect_ai(SLUG)
        place.add_company(OTHER, seed=31, days=20)
        place.connect_ai(OTHER)
        assert place.load(SLUG, FIRST, LAST).status == "done"
        yield Company(place, ai, _judged(place))


def _judged(place: Installation) -> list[str]:
    """A lead calls all items of some dialogs right, and one «no» of each wrong."""
    control, clock = place.control, place.clock
    owner = add_user(control, email="lead@judged.example.org", name="", password="a long enough 7", clock=clock).user_id
    set_membership(control, owner, SLUG, Role.OWNER, clock=clock)
    with control.tenant(SLUG) as connection:
        rows = connection.execute(
            select(finding.c.finding_id, finding.c.value, episode_analysis.c.episode_key)
            .join(episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key)
            .where(episode_analysis.c.variant == "full", finding.c.type.in_(["checklist", "intent"]))
            .order_by(episode_analysis.c.episode_key, finding.c.code)
        ).all()
    chosen = sorted({row.episode_key for row in rows})[:MARKED]
    wrong = {row.episode_key: row.finding_id for row in rows if row.value == "no"}
    for row in rows:
        if row.episode_key in chosen:
            verdict = Verdict.WRONG if wrong.get(row.episode_key) == row.finding_id else Verdict.RIGHT
            people_say.mark(control, SLUG, row.finding_id, verdict, user_id=owner, clock=clock)
    return chosen


def evaluate(folder: Path, *more: str, slug: str = SLUG) -> tuple[int, dict[str, object]]:
    code = command.main(["--tenant", slug, "--report", str(folder), *more])
    path = folder / "evaluation.json"
    return code, orjson.loads(path.read_bytes()) if path.exists() else {}


def test_marks_come_out_as_gold_items_that_the_harness_reads_masked_and_for_no_other_account(
    company: Company, tmp_path: Path
) -> None:
    path = tmp_path / "gold.jsonl"
    assert CliRunner().invoke(synkro, ["evaluate", "--tenant", SLUG, "--export", str(path)]).exit_code == 0
    episodes = read_gold(path)
    assert {episode.key for episode in episodes} == set(company.judged)
    assert not any(episode.complete for episode in episodes)
    with company.place.control.tenant(SLUG) as connection:
        known = set(connection.scalars(select(episode_analysis.c.content_hash)))
    assert {episode.content().content_hash for episode in episodes} <= known
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    digits = re.sub(r"\D", "", path.read_text(encoding="utf-8"))
    phones = company.place.lake.read_current(CONTACT_PHONE, SLUG).column("phone_norm").to_pylist()
    assert not [phone for phone in phones if phone and phone[-10:] in digits]
    (deed,) = company.deeds("gold.exported")
    assert deed == {"dialogs": len(episodes), "labels": sum(len(episode.labels) for episode in episodes)}


def test_answers_that_are_stored_are_measured_without_a_call(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, stored = company.calls, company.stored()
    code, told = evaluate(tmp_path, "--yes")
    assert "no call, no price" in capsys.readouterr().out
    assert (company.calls, company.stored()) == (before, stored)
    assert told["statuses"] == {"ok": len(company.judged)}
    agreements = {one["name"]: one for one in told["agreements"]}  # type: ignore[union-attr, index]
    items = [one for name, one in agreements.items() if name.startswith("CK")]
    wrong = sum(round((1 - one["share"]) * one["judged"]) for one in items)
    assert wrong == len(company.judged)
    assert any(one["kappa"] is not None for one in items)
    evidence = told["evidence"]
    assert evidence["valid"] == evidence["quoted"] > 0  # type: ignore[index]
    assert told["complete"] is False
    assert code == 0


def test_asking_again_shows_its_price_waits_for_a_yes_and_stores_no_answer(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, stored = company.calls, company.stored()
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert evaluate(tmp_path, "--again")[0] == command.NOT_MEASURED
    out = capsys.readouterr().out
    assert f"{len(company.judged)} of them are asked about, about" in out
    assert "RUB" in out
    assert company.calls == before
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    _, told = evaluate(tmp_path, "--again")
    asked = company.calls - before
    assert asked >= len(company.judged)
    assert company.stored() == stored
    (rerun,) = told["flips"]  # type: ignore[misc]
    assert rerun["name"] == "rerun"
    assert rerun["compared"] > 10 * len(company.judged)
    deed = company.deeds("gold.evaluated")[0]
    assert (deed["dialogs"], deed["calls"]) == (len(company.judged), asked)
    assert Decimal(str(deed["cost"])) > 0
    evaluate(tmp_path, "--again", "--yes")
    assert company.calls == before + asked, "an evaluation that died is paid for twice"


def test_a_spent_limit_leaves_dialogs_unasked_and_is_never_passed(company: Company, tmp_path: Path) -> None:
    control, clock = company.place.control, company.place.clock
    edit_rubric(control, SLUG, {"CK01": {"weight": 4}, "CK02": {"weight": 15}}, actor="test", clock=clock)
    apply_rubric(control, SLUG, "r1.1", actor="test", clock=clock)
    chosen = tenant_settings(control, SLUG)
    spent = chosen.model_copy(update={"ai_monthly_cap": Decimal("0.01")})
    save_tenant_settings(control, SLUG, spent, changed_by="test", clock=clock)
    before = company.calls
    assert evaluate(tmp_path, "--yes")[0] == command.NOT_MEASURED
    assert company.calls == before
    save_tenant_settings(control, SLUG, chosen, changed_by="test", clock=clock)
    code, told = evaluate(tmp_path, "--yes")
    assert company.calls > before
    assert told["statuses"] == {"ok": len(company.judged)}
    assert code == 0
    asked = company.calls
    evaluate(tmp_path, "--yes")
    assert company.calls == asked, "what one evaluation has paid for serves the next one, and a load"


def test_a_neighbour_is_never_measured_on_it(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tmp_path, "--yes", slug=OTHER) == (command.NOT_MEASURED, {})
    assert "нет" in capsys.readouterr().err
    path = tmp_path / "gold.jsonl"
    command.main(["--tenant", OTHER, "--export", str(path)])
    assert path.read_bytes() == b""
    with company.place.control.tenant(OTHER) as connection:
        assert connection.scalar(select(func.count()).select_from(ai_call)) == 0
