"""Who runs a company learns once what failed and what to do, not at night, and learns when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from synkro_assets.automation.notices import tell, text_of
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination, tell_admins_there
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.notices import Incident, Notice
from synkro_resources.control.outbox import NewPart, deliveries, enqueue
from synkro_resources.control.tables.delivery import notice
from synkro_resources.control.tenants import Tenant, save_tenant_settings, tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.platform import Platform
from synkro_resources.rules.quiet_hours import is_quiet, local_day_began
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.settings import Settings

TOKEN = "7000000001:" + "A" * 35
ADMIN, READERS = 501, 502
REFUSED = Sentence("amoCRM отклонил токен.", "amoCRM refused the token.")
REMEDY = Sentence("Подключите amoCRM заново.", "Connect amoCRM again.")


@dataclass
class Company:
    """A tenant in Asia/Yekaterinburg whose clock shows 17:00, with a chat of its admin and one of its readers."""

    platform: Platform
    tenant: Tenant
    clock: FixedClock
    telegram: Starlette
    admin: str
    readers: str

    def tell(self) -> int:
        return tell(self.platform, self.tenant, pause=lambda _: None)

    def breaks(self, kind: IntegrationKind = IntegrationKind.AMOCRM, code: str = "amocrm.token_refused") -> None:
        mark_integration(self.platform.control, self.tenant.slug, kind, "broken", code, REFUSED, REMEDY)

    def works(self, kind: IntegrationKind = IntegrationKind.AMOCRM) -> None:
        nothing = Sentence("", "")
        mark_integration(self.platform.control, self.tenant.slug, kind, "ok", "", nothing, nothing)

    def heard(self, chat: int = ADMIN) -> list[str]:
        store = self.telegram.state.sandbox.store
        return [str(found.message.get("text", "")) for found in store.messages.get(chat, [])]

    def change(self, **settings: object) -> None:
        chosen = tenant_settings(self.platform.control, self.tenant.slug).model_copy(update=settings)
        save_tenant_settings(self.platform.control, self.tenant.slug, chosen, changed_by="test", clock=self.clock)


def company_of(db: Database, keyring: Keyring, tenant: Tenant, clock: FixedClock, folder: Path, url: str) -> Platform:
    for kind in (IntegrationKind.AMOCRM, IntegrationKind.AI):
        set_integration(db, keyring, tenant.slug, kind, {}, {"token": "secret-of-the-client"}, "test")
    set_integration(db, keyring, tenant.slug, IntegrationKind.TELEGRAM, {"base_url": url}, {"token": TOKEN}, "test")
    settings = Settings.model_validate({"database_url": db.url, "state_dir": folder})
    return Platform(settings, db, keyring, clock)


@pytest.fixture
def company(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock, tmp_path: Path
) -> Iterator[Company]:
    app = telegram_app(
        clock=control_clock,
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={ADMIN: Chat(ADMIN, "private", "Ольга"), READERS: Chat(READERS, "private", "Отдел")},
    )
    with serve(app) as url:
        platform = company_of(control_db, keyring, tenant_a, control_clock, tmp_path, url)
        admin, readers = (
            add_destination(
                control_db, tenant_a.slug, channel="telegram", chat_id=str(chat), title=str(chat), actor="test"
            ).destination_id
            for chat in (ADMIN, READERS)
        )
        tell_admins_there(control_db, tenant_a.slug, admin, wanted=True, actor="test", clock=control_clock)
        yield Company(platform, tenant_a, control_clock, app, admin, readers)


def test_a_failure_is_told_once_with_its_remedy_and_to_admins_alone(company: Company) -> None:
    company.breaks()
    assert [company.tell() for _ in range(3)] == [1, 0, 0]
    (text,) = company.heard()
    assert text == "⚠ amoCRM: amoCRM отклонил токен.\nЧто делать: Подключите amoCRM заново."
    assert company.heard(READERS) == []
    assert "secret-of-the-client" not in text


def test_the_end_of_a_failure_is_told_and_a_new_one_begins_anew(company: Company) -> None:
    company.breaks()
    company.tell()
    company.works()
    company.clock.move(timedelta(minutes=5))
    assert [company.tell(), company.tell()] == [1, 0]
    assert company.heard()[-1] == "✓ Снова работает: amoCRM: amoCRM отклонил токен."
    company.clock.move(timedelta(minutes=5))
    company.breaks()
    assert company.tell() == 1
    assert len(company.heard()) == 3


def test_nobody_is_woken_and_what_is_over_by_the_morning_is_never_told(company: Company) -> None:
    company.clock.move(timedelta(hours=6))  # 23:00
    company.breaks()
    company.breaks(IntegrationKind.AI, "ai.key_refused")
    assert company.tell() == 0
    company.clock.move(timedelta(hours=3))
    company.works(IntegrationKind.AI)
    assert company.tell() == 0
    company.clock.move(timedelta(hours=6))  # 08:00
    assert company.tell() == 1
    assert len(company.heard()) == 1


def test_a_bad_day_does_not_flood_a_chat(company: Company) -> None:
    company.change(notices_per_day=1)
    company.breaks()
    company.breaks(IntegrationKind.AI, "ai.key_refused")
    assert [company.tell(), company.tell()] == [1, 0]
    company.clock.move(timedelta(hours=16))  # 09:00 of the next day
    assert company.tell() == 1
    assert len(company.heard()) == 2


def test_a_tick_that_dies_after_sending_and_before_noting_it_tells_nobody_twice(company: Company) -> None:
    company.breaks()
    company.tell()
    with company.platform.control.tenant(company.tenant.slug) as connection:
        connection.execute(update(notice).values(told_at=None))
    company.tell()
    assert len(company.heard()) == 1


def test_a_messenger_that_asks_to_wait_gets_the_notice_from_a_later_tick(company: Company) -> None:
    company.breaks()
    company.telegram.state.sandbox.switches.faults = ["429"]
    company.tell()
    assert company.heard() == []
    company.clock.move(timedelta(minutes=10))
    company.tell()
    assert len(company.heard()) == 1


def test_a_notice_waits_while_a_report_is_on_its_way_to_the_same_chat(company: Company) -> None:
    part = NewPart(company.admin, "telegram", 1, 1, {"html": "Отчёт", "plain": "Отчёт"})
    enqueue(
        company.platform.control,
        company.tenant.slug,
        report_id="day:2026-11-19",
        package_id="p",
        revision=1,
        parts=[part],
        clock=company.clock,
    )
    company.breaks()
    assert company.tell() == 1
    assert company.heard() == []
    states = {
        row.report_id.partition(":")[0]: row.state for row in deliveries(company.platform.control, company.tenant.slug)
    }
    assert states == {"day": "pending", "notice": "pending"}


def test_without_a_chat_for_admins_nothing_is_sent_and_nothing_is_lost(company: Company) -> None:
    control, slug = company.platform.control, company.tenant.slug
    tell_admins_there(control, slug, company.admin, wanted=False, actor="test", clock=company.clock)
    company.breaks()
    assert company.tell() == 0
    tell_admins_there(control, slug, company.admin, wanted=True, actor="test", clock=company.clock)
    assert company.tell() == 1


def test_another_tenants_failures_stay_its_own(
    company: Company, keyring: Keyring, tenant_b: Tenant, tmp_path: Path
) -> None:
    company.breaks()
    url = str(company.platform.find_connection(company.tenant.slug, IntegrationKind.TELEGRAM))
    other = company_of(company.platform.control, keyring, tenant_b, company.clock, tmp_path, url)
    assert tell(other, tenant_b, pause=lambda _: None) == 0
    assert company.heard() == []


def test_what_a_vendor_says_cannot_become_markup() -> None:
    incident = Incident("x", Sentence("<b>Ошибка</b> & co", "x"), Sentence("", ""))
    html, plain = text_of(Notice("n", incident, datetime(2026, 11, 20, tzinfo=UTC), None, None, None), "ru")
    assert "&lt;b&gt;Ошибка&lt;/b&gt; &amp; co" in html
    assert "<b>Ошибка</b> & co" in plain


@pytest.mark.parametrize(
    ("at", "begin", "end", "quiet"),
    [
        ("16:00", time(21), time(8), True),  # 21:00 in Yekaterinburg
        ("15:59", time(21), time(8), False),
        ("02:59", time(21), time(8), True),
        ("03:00", time(21), time(8), False),
        ("08:30", time(13), time(14), True),
        ("09:00", time(13), time(14), False),
        ("20:00", time(0), time(0), False),
    ],
)
def test_quiet_hours_are_those_of_the_companys_clock(at: str, begin: time, end: time, quiet: bool) -> None:
    moment = datetime.fromisoformat(f"2026-11-20T{at}:00+00:00")
    assert is_quiet(moment, "Asia/Yekaterinburg", begin, end) is quiet


def test_a_day_begins_at_the_companys_midnight() -> None:
    assert local_day_began(datetime(2026, 11, 20, 12, tzinfo=UTC), "Asia/Yekaterinburg") == datetime(
        2026, 11, 19, 19, tzinfo=UTC
    )
