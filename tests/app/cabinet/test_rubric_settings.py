"""The checklist in the settings: an owner edits, tries and applies it with the mouse; nobody else sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import rubric
from synkro_resources.control.analyses import DayLink, link_days, save_analysis
from synkro_resources.control.database import Database
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring, new_key
from synkro_resources.control.rubrics import active_rubric, save_trial
from synkro_resources.control.run_requests import update_request
from synkro_resources.control.tenants import Tenant
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.ids import IntegrationKind, RequestKind, Role
from synkro_resources.model.rubric import R1
from synkro_resources.settings import Settings
from tests.app.cabinet.test_runs import person
from tests.resources.control.test_labels import MIDNIGHT
from tests.resources.control.test_rubrics import scored

TRIAL: dict[str, Any] = {
    "episodes": 3,
    "answered": 2,
    "items": {"CK04": {"before": {"yes": 2}, "after": {"yes": 1, "no": 1}, "changed": 1}},
    "mean_before": 80.0,
    "mean_after": 61.5,
    "calls": 3,
    "cost": 0.01,
    "currency": "USD",
}


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock) -> Installation:
    return Installation(Settings.load(secret_keys=SecretStr(new_key())), control_db, control_clock)


@pytest.fixture
def scored_tenant(place: Installation, tenant_a: Tenant) -> Tenant:
    """A company with a provider and one dialog that the checklist has scored."""
    slug = tenant_a.slug
    keys = Keyring.from_settings(place.settings)
    set_integration(place.control, keys, slug, IntegrationKind.AI, {"base_url": "http://x", "model": "m"}, {}, "t")
    save_analysis(place.control, slug, scored("k1", "r1"))
    link_days(place.control, slug, [DayLink(MIDNIGHT.date(), "e1", "k1", cache_hit=False)])
    return tenant_a


def section() -> None:
    import streamlit as st

    from synkro_app.cabinet.components.settings_rubric import draw_rubric

    draw_rubric(*(st.session_state[name] for name in ("place", "user", "company")))


def drawn(place: Installation, company: Tenant, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    owner = person(company.slug, Role.OWNER)
    monkeypatch.setattr(deeds, "viewer", lambda: owner)
    monkeypatch.setattr(deeds, "installation", lambda: place)
    app = AppTest.from_function(section)
    for name, value in (("place", place), ("user", owner), ("company", company)):
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return "\n".join(element.value.replace("\\", "") for element in app.markdown)


def test_an_owner_edits_tries_and_applies_the_checklist_without_the_command_line(
    place: Installation, control_clock: FixedClock, scored_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug, owner = scored_tenant.slug, person(scored_tenant.slug, Role.OWNER)
    app = drawn(place, scored_tenant, monkeypatch)
    prefix = f"rubric_{slug}_r1_"
    app.number_input(key=f"{prefix}CK01_weight").set_value(4).run()
    assert "99 из 100" in shown(app)
    assert app.button(key="rubric_save").disabled
    app.number_input(key=f"{prefix}CK04_weight").set_value(10)
    app.checkbox(key=f"{prefix}CK04_critical").check()
    app.text_input(key=f"{prefix}CK04_question").set_value("Назвал ли менеджер цену сразу?").run()
    app.button(key="rubric_save").click().run()
    assert not app.exception
    made = rubric.checklist(place, owner, slug)
    assert made.untried is not None
    assert made.untried.rubric.by_code["CK04"].question.ru == "Назвал ли менеджер цену сразу?"
    assert made.untried.rubric.by_code["CK04"].is_critical
    assert active_rubric(place.control, slug) == R1  # nothing applies by itself
    assert "вес: был 9, стал 10" in shown(app)

    app.button(key="rubric_try").click().run()
    trial = rubric.checklist(place, owner, slug).request
    assert trial is not None
    assert trial.kind is RequestKind.TRIAL
    save_trial(place.control, slug, "r1.1", TRIAL)
    update_request(place.control, slug, trial.id, status="done", clock=control_clock)
    app = drawn(place, scored_tenant, monkeypatch)
    assert "была 80, стала бы 62" in shown(app)
    assert "| 1 | да 2 | да 1, нет 1 |" in shown(app)

    control_clock.move(timedelta(minutes=1))
    app.checkbox(key=f"rubric_history_{slug}_r1.1").check()
    app.button(key="rubric_apply_r1.1").click().run()
    assert active_rubric(place.control, slug).version == "r1.1"
    again = rubric.checklist(place, owner, slug)
    assert again.request is not None
    assert again.request.kind is RequestKind.LABELS
    assert again.untried is None


@pytest.mark.parametrize("role", [Role.ANALYST, Role.VIEWER])
def test_the_checklist_is_closed_to_those_who_do_not_set_the_company_up(
    place: Installation, tenant_a: Tenant, role: Role
) -> None:
    other = person(tenant_a.slug, role)
    with pytest.raises(RefusedError):
        rubric.checklist(place, other, tenant_a.slug)
    with pytest.raises(RefusedError):
        rubric.apply(place, other, tenant_a.slug, "r1", with_history=False)
