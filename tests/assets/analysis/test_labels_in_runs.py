"""Labels on the whole road: a load asks once, a report asks nothing, and no provider holds a figure back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select
from starlette.applications import Starlette

from synkro_assets.analysis.bands import LEAST_MARKS, SURE_FROM
from synkro_resources.control.feedback import mark
from synkro_resources.control.integrations import get_integration
from synkro_resources.control.packages import latest_package
from synkro_resources.control.reports import latest_report
from synkro_resources.control.rubrics import (
    TRIED_EPISODES,
    apply_rubric,
    edit_rubric,
    get_rubric,
    price_of_trial,
    request_history,
    request_trial,
    scored_episodes,
)
from synkro_resources.control.tables.analysis import (
    ai_call,
    episode_analysis,
    episode_analysis_day,
    finding,
    review_draw,
)
from synkro_resources.control.tables.tenancy import usage_month
from synkro_resources.control.tenants import get_tenant, save_tenant_settings, tenant_settings
from synkro_resources.control.usage import count_dialogs
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.feedback import Verdict
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.model.tables.analysis import EPISODE_ANALYSIS
from synkro_resources.model.tables.crm import CONTACT, CONTACT_PHONE, MANAGER
from synkro_resources.model.tables.dialogs import EPISODE
from tests.app.people import new_person
from tests.pipeline import Installation, Sandbox, installation


def text_of(document: ReportDocument) -> str:
    return "\n".join(
        "".join(run.text for run in line)
        for section in document.sections
        for block in section.blocks
        for line in block.lines
    )


pytestmark = [pytest.mark.xdist_group("labels-in-runs"), pytest.mark.slow, pytest.mark.service]

SLUG, BROKEN = "labelled", "unlabelled"
FIRST, LAST = date(2026, 11, 6), date(2026, 11, 20)
MONDAY = date(2026, 11, 9)
WEEK = Period.week_of(MONDAY)


@dataclass
class Company:
    """A company with a provider, whose week is loaded once, with the days around it that its report reads."""

    place: Installation
    sandbox: Sandbox
    ai: Starlette

    @property
    def calls(self) -> int:
        return self.ai.state.log.counts().get("POST /v1/chat/completions", 0)

    def episode_calls(self) -> list[str]:
        """The episodes that were sent, one text per call."""
        bodies = [entry.body.decode() for entry in self.ai.state.log.entries]
        return [body for body in bodies if "<<<END" in body and "episode_labels" in body]

    def billed(self) -> tuple[int, int]:
        """The month's dialogs as they are counted now, and as the last run has written them down."""
        with self.place.control.tenant(SLUG) as connection:
            counted = count_dialogs(connection, FIRST.replace(day=1))
            return counted.total, connection.execute(select(usage_month.c.dialogs)).scalar_one()

    def count(self, table: object) -> int:
        with self.place.control.tenant(SLUG) as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def company(control_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with installation(control_url, tmp_path_factory.mktemp("labelled")) as place:
        sandbox = place.add_company(SLUG, seed=31, days=20)
        ai = place.connect_ai(SLUG)
        assert place.load(SLUG, FIRST, LAST).status == "done"
        yield Company(place, sandbox, ai)


def bands(company: Company, rubric: str) -> dict[str, set[str]]:
    """By band the types of the findings that a version of the checklist has given."""
    query = (
        select(finding.c.band, finding.c.type)
        .join(episode_analysis, episode_analysis.c.analysis_key == finding.c.analysis_key)
        .where(episode_analysis.c.versions["rubric"].astext == rubric)
    )
    found: dict[str, set[str]] = {}
    with company.place.control.tenant(SLUG) as connection:
        for band, kind in connection.execute(query):
            found.setdefault(band, set()).add(kind)
    return found


def confirm_checklist(company: Company, marks: int) -> None:
    """An owner calls as many answers of the checklist right as were drawn at random, a few of each item."""
    control, clock = company.place.control, FixedClock(company.place.clock.now() - timedelta(hours=1))
    owner = new_person(control, clock, get_tenant(control, SLUG))
    nth = func.row_number().over(partition_by=finding.c.code, order_by=finding.c.finding_id).label("nth")
    drawn_already = select(review_draw.c.finding_id)
    undrawn = finding.c.finding_id.not_in(drawn_already)
    each = select(finding.c.finding_id, nth).where(finding.c.type == "checklist", undrawn).subquery()
    with control.tenant(SLUG) as connection:
        chosen = connection.scalars(select(each.c.finding_id).where(each.c.nth < LEAST_MARKS).limit(marks)).all()
        for place, key in enumerate(chosen):
            drawn = {"finding_id": key, "week": MONDAY, "kind": "random", "place": place, "drawn_at": clock.now()}
            connection.execute(insert(review_draw).values(tenant=SLUG, **drawn))
    assert len(chosen) == marks
    for key in chosen:
        mark(control, SLUG, key, Verdict.RIGHT, user_id=owner.user_id, clock=clock, from_review=True)


def test_a_load_labels_every_episode_of_its_days_and_links_the_days(company: Company) -> None:
    assert company.count(episode_analysis) > 20
    assert company.count(finding) > 10 * company.count(episode_analysis)
    assert company.count(episode_analysis_day) >= company.count(episode_analysis)
    with company.place.control.tenant(SLUG) as connection:
        statuses = connection.execute(select(episode_analysis.c.status).distinct()).scalars().all()
    assert statuses == ["ok"]


def test_the_same_days_again_cost_no_call_and_bill_nobody_twice(company: Company) -> None:
    before, rows, billed = company.calls, company.count(finding), company.billed()
    assert billed[0] > 10
    assert billed[0] == billed[1]
    assert company.place.load(SLUG, FIRST, LAST).status == "done"
    assert (company.calls, company.count(finding), company.billed()) == (before, rows, billed)


def test_a_weeks_report_after_its_days_asks_about_no_episode_and_shows_the_labels(company: Company) -> None:
    before = len(company.episode_calls())
    assert company.place.report_of(SLUG, WEEK).status == "done"
    assert len(company.episode_calls()) == before
    found = latest_package(company.place.control, SLUG, WEEK.report_id)
    assert found is not None
    package = found[2]
    labelled = [row for row in package.rows if row.list_code in ("objection", "checklist", "checklist_fail")]
    assert labelled
    assert {metric.metric_no for metric in package.metrics} >= {12, 13, 14}


def test_a_week_worded_by_the_model_shows_our_figures_asks_once_and_keeps_templates_where_the_model_lies(
    company: Company,
) -> None:
    place = company.place
    settings = tenant_settings(place.control, SLUG).model_copy(update={"facts_by_model": True})
    save_tenant_settings(place.control, SLUG, settings, changed_by="test", clock=place.clock)
    episodes = len(company.episode_calls())
    company.ai.state.switches.lies_share = 0.5
    try:
        assert place.report_of(SLUG, WEEK).status == "done"
        assert place.report_of(SLUG, WEEK).status == "done"
    finally:
        company.ai.state.switches.lies_share = 0.0
    assert len(company.episode_calls()) == episodes
    with place.control.tenant(SLUG) as connection:
        of_week = ai_call.c.narrative_id == f"{WEEK.report_id}:facts"
        asked = connection.execute(select(ai_call.c.masked_request).where(of_week)).scalars().all()
    assert len(asked) == 1
    assert not re.search(r"\d", re.sub(r"F\d", "", asked[0]))
    found = latest_package(place.control, SLUG, WEEK.report_id)
    document = latest_report(place.control, SLUG, WEEK.report_id)
    assert found is not None
    assert document is not None
    shown = found[2].facts[:4]
    worded = [fact for fact in shown if fact.wording == "model"]
    assert worded
    for fact in worded:
        assert sorted(re.findall(r"\d", fact.final_text)) == sorted(re.findall(r"\d", fact.template_text))
        assert fact.final_text in text_of(document)
    rejected = found[2].health_of("narrative_rejected")
    assert rejected is not None
    assert rejected.value == len(shown) - len(worded)
    for fact in shown:
        if fact.wording != "model":
            assert fact.template_text in text_of(document)


def test_the_sentence_of_a_day_is_in_the_ledger_too(company: Company) -> None:
    assert company.place.report_of(SLUG, Period.day(date(2026, 11, 18))).status == "done"
    with company.place.control.tenant(SLUG) as connection:
        of_day = ai_call.c.narrative_id == "day:2026-11-18:sentence"
        rows = connection.execute(select(ai_call).where(of_day)).all()
    assert len(rows) == 1
    assert rows[0].cost > 0
    assert not rows[0].cost_is_estimate


def test_an_english_report_is_worded_in_english_around_russian_values(company: Company) -> None:
    place = company.place
    before = tenant_settings(place.control, SLUG)
    english = before.model_copy(update={"facts_by_model": True, "language": "en"})
    save_tenant_settings(place.control, SLUG, english, changed_by="test", clock=place.clock)
    day, period = date(2026, 11, 17), Period.custom(date(2026, 11, 9), date(2026, 11, 17))
    try:
        assert place.report_of(SLUG, Period.day(day)).status == "done"
        assert place.report_of(SLUG, period).status == "done"
    finally:
        save_tenant_settings(place.control, SLUG, before, changed_by="test", clock=place.clock)
    of_day = latest_report(place.control, SLUG, Period.day(day).report_id)
    document = latest_report(place.control, SLUG, period.report_id)
    found = latest_package(place.control, SLUG, period.report_id)
    assert of_day is not None
    assert document is not None
    assert found is not None
    assert "During the day some" in text_of(of_day)
    assert "За день" not in text_of(of_day)
    worded = [fact for fact in found[2].facts[:4] if fact.wording == "model"]
    assert worded
    for fact in worded:
        assert fact.values["worded_in"] == "en"
        assert fact.final_text.startswith(("Please note", "What matters", "Worth a look"))
        assert fact.final_text in text_of(document)
        assert set(re.findall("[а-яё]+", fact.final_text)) <= set(re.findall("[а-яё]+", fact.template_text))


def test_no_phone_name_or_key_of_a_client_reaches_the_provider(company: Company) -> None:
    sent = "\n".join(company.episode_calls())
    lake = company.place.lake
    phones = lake.read_current(CONTACT_PHONE, SLUG).column("phone_norm").to_pylist()
    managers = lake.read_current(MANAGER, SLUG).column("name").to_pylist()
    names = lake.read_current(CONTACT, SLUG).column("name").to_pylist()
    digits = re.sub(r"\D", "", sent)
    assert len(phones) > 10
    assert not [phone for phone in phones if phone and phone[-10:] in digits]
    assert not [name for name in (*managers, *names) if name and len(name.split()) > 1 and name in sent]
    assert "t-labelled" not in sent


def test_a_new_checklist_is_tried_and_applied_by_requests_that_ask_only_about_scored_dialogs_and_trust_people(
    company: Company,
) -> None:
    control, clock = company.place.control, company.place.clock
    scored = scored_episodes(control, SLUG, FIRST, LAST)
    findings, loaded = company.count(finding), company.place.lake.days(EPISODE, SLUG)
    edit_rubric(control, SLUG, {"CK01": {"weight": 0}, "CK02": {"weight": 19}}, actor="test", clock=clock)
    price = price_of_trial(control, SLUG)
    assert price.episodes == min(TRIED_EPISODES, len({key for _, key in scored}))
    assert price.cost
    trial = request_trial(control, SLUG, requested_by="cli", clock=clock)
    assert company.place.carry_out(trial).status == "done"
    tried = get_rubric(control, SLUG, "r1.1").trial
    assert tried is not None
    assert tried["episodes"] == tried["answered"] == price.episodes
    assert company.count(finding) == findings

    assert "точно" not in bands(company, "r1")
    confirm_checklist(company, SURE_FROM)
    apply_rubric(control, SLUG, "r1.1", actor="test", clock=clock)
    history = request_history(control, SLUG, requested_by="cli", clock=clock)
    assert company.place.carry_out(history).status == "done"
    again = company.place.lake.read_days(EPISODE_ANALYSIS, SLUG, [LAST]).to_pylist()
    assert {row["rubric_version"] for row in again if row["variant"] == "full"} == {"r1.1"}
    assert bands(company, "r1.1")["точно"] == {"checklist"}  # people have spoken of nothing else
    assert company.place.lake.days(EPISODE, SLUG) == loaded
    before = company.calls
    again_asked = request_history(control, SLUG, requested_by="cli", clock=clock)
    assert company.place.carry_out(again_asked).status == "done"
    assert company.calls == before
    assert company.place.report_of(SLUG, WEEK).status == "done"
    found = latest_package(control, SLUG, WEEK.report_id)
    assert found is not None
    assert "r1.1" in found[2].versions["rubric"]
    checked = [row for row in found[2].rows if row.list_code == "checklist_answer" and row.extra["item"] == "CK01"]
    assert {row.extra["weight"] for row in checked} == {0}


def test_a_provider_that_refuses_the_key_holds_back_no_figure_is_named_and_well_again_once_it_answers(
    company: Company,
) -> None:
    place = company.place
    place.add_company(BROKEN, seed=31, days=20)
    ai = place.connect_ai(BROKEN)
    ai.state.switches.always = "401"
    day = Period.day(date(2026, 11, 19))
    assert place.report_of(BROKEN, day).status == "done"
    integration = get_integration(place.control, BROKEN, IntegrationKind.AI)
    assert integration is not None
    assert integration.status == "broken"
    assert integration.problem is not None
    assert integration.problem.code == "ai.key_refused"
    found = latest_package(place.control, BROKEN, day.report_id)
    assert found is not None
    assert found[2].metric(0, "new_episodes") is not None
    assert ai.state.log.counts().get("POST /v1/chat/completions", 0) <= 6
    ai.state.switches.always = None
    assert place.load(BROKEN, day.first_day, day.last_day).status == "done"
    mended = get_integration(place.control, BROKEN, IntegrationKind.AI)
    assert mended is not None
    assert (mended.status, mended.problem) == ("ok", None)
