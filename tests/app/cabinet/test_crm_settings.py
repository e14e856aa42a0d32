"""What pipelines, loss reasons, repeated texts and authors mean: the company says it in the settings, nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from synkro_app.cabinet.components import deeds
from synkro_app.cabinet.context import Installation
from synkro_app.cabinet.services import crm_meaning
from synkro_resources.control.database import Database
from synkro_resources.control.tenants import Tenant, tenant_settings
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import RefusedError
from synkro_resources.model.ids import Role
from synkro_resources.model.tables.crm import LOSS_REASON, MANAGER, PIPELINE_STATUS
from synkro_resources.model.tables.dialogs import MESSAGE
from synkro_resources.settings import Settings
from tests.app.cabinet.test_runs import person
from tests.app.labelled_dialogs import CompanyDay, write_rows

GREETING, TEMPLATE = "Спасибо за обращение!  Скоро ответим", "Добрый день! Чем помочь?"


@pytest.fixture
def place(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Installation:
    settings = Settings.load(lake_url=str(tmp_path), state_dir=tmp_path)
    return Installation(settings, control_db, control_clock)


@pytest.fixture
def loaded(place: Installation, tenant_a: Tenant) -> Tenant:
    """Two pipelines, two reasons, a manager; yesterday a bot's greeting in 12 dialogs, another text in three."""
    day = place.clock.now().date() - timedelta(days=1)
    lake, made = Lake(place.settings.lake_root), CompanyDay(tenant_a, day)
    stages: list[dict[str, object]] = [
        {"pipeline_id": pipeline, "status_id": status, "pipeline_name": name, "status_name": "Первый", "sort": status}
        | {"is_won": False, "is_lost": False, "is_unsorted": False, "source_updated_at": made.at(20)}
        for pipeline, name in ((1, "Продажи"), (2, "Наём"))
        for status in (10, 20)
    ]
    write_rows(lake, PIPELINE_STATUS, tenant_a, day, stages)
    reasons: list[dict[str, object]] = [
        {"loss_reason_id": number, "name": name, "source_updated_at": made.at(20)}
        for number, name in ((5, "Дорого"), (6, "Ушёл к другим"))
    ]
    write_rows(lake, LOSS_REASON, tenant_a, day, reasons)
    people: list[dict[str, object]] = [
        {"manager_id": 7, "name": "Анна", "is_active": True, "source_updated_at": made.at(20)}
    ]
    write_rows(lake, MANAGER, tenant_a, day, people)
    sample = made.messages()[1]
    sent = [
        sample
        | {"message_id": f"{kind}{number}", "dialog_id": number, "author_kind": kind, "text": text}
        | {"author_ref": author}
        for kind, text, times, author in (("bot", GREETING, 12, None), ("manager", TEMPLATE, 3, "operator-1"))
        for number in range(1, times + 1)
    ]
    write_rows(lake, MESSAGE, tenant_a, day, sent)
    return tenant_a


def section() -> None:
    import streamlit as st

    from synkro_app.cabinet.components.settings_crm import draw_crm

    draw_crm(*(st.session_state[name] for name in ("place", "user", "company")))


def test_a_company_names_what_its_pipelines_reasons_texts_and_authors_mean(
    place: Installation, loaded: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug, owner = loaded.slug, person(loaded.slug, Role.OWNER)
    monkeypatch.setattr(deeds, "viewer", lambda: owner)
    monkeypatch.setattr(deeds, "installation", lambda: place)
    app = AppTest.from_function(section)
    for name, value in (("place", place), ("user", owner), ("company", loaded)):
        app.session_state[name] = value
    app.run()
    assert not app.exception
    app.multiselect(key=f"crm_{slug}_excluded").select(2)
    app.multiselect(key=f"crm_{slug}_handover").select((1, 2)).run()
    app.button(key="crm_save_pipelines").click().run()
    app.selectbox(key=f"crm_{slug}_reason_5").select("price").run()
    app.button(key="crm_save_reasons").click().run()
    assert app.radio[0].value == "bot"
    assert len(app.radio) == 1  # what went to three dialogs may speak of a person
    app.radio[0].set_value("broadcast").run()
    app.button(key="crm_save_texts").click().run()
    app.selectbox(key=f"crm_{slug}_author_operator-1").select(7).run()
    app.button(key="crm_save_authors").click().run()
    assert not app.exception
    saved = tenant_settings(place.control, slug)
    assert saved.excluded_pipelines == (2,)
    assert saved.handover_pairs == ((1, 2),)
    assert saved.loss_reason_map == {5: "price"}
    assert saved.autotext == {"спасибо за обращение! скоро ответим": "broadcast"}
    assert saved.author_map == {"operator-1": 7}
    texts = crm_meaning.spoken(place, owner, slug).texts
    assert [(item.kind, item.dialogs, item.is_decided) for item in texts] == [("broadcast", 12, True)]


def test_detection_goes_on_about_what_nobody_has_changed(place: Installation, loaded: Tenant) -> None:
    owner = person(loaded.slug, Role.OWNER)
    texts = crm_meaning.spoken(place, owner, loaded.slug).texts
    assert crm_meaning.differing(texts, {GREETING: "bot"}) == {}
    assert crm_meaning.differing(texts, {GREETING: "manager"}) == {GREETING: "manager"}
    with pytest.raises(RefusedError):
        crm_meaning.spoken(place, person(loaded.slug, Role.ANALYST), loaded.slug)
