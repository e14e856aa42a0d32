"""Operators hear of trouble once, of its end once, and also when the database itself is what is away."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from synkro_app.alerts import incidents
from synkro_app.alerts.incidents import Incidents, News, Trouble
from synkro_app.alerts.watch import FILE, Watch
from synkro_resources.control.ai_ledger import AiLedger, PlannedCall
from synkro_resources.control.database import Database
from synkro_resources.control.fleet import ai_costs, fleet
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.settings import Settings
from synkro_resources.telegram import TelegramChannel
from tests.control_fixtures import new_tenant

TOKEN = "7000000009:" + "O" * 35
CHAT = -1009
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOWHERE = "http://127.0.0.1:9"


class Operators:
    """The platform's chat in the invented Telegram, and a watch over one cell that writes there."""

    def __init__(self, url: str, sandbox: TelegramSandbox, control: Database, clock: FixedClock, folder: Path) -> None:
        self.sandbox, self.clock, self.heard = sandbox, clock, 0
        self.settings = Settings(
            state_dir=folder, cell=f"w{secrets.token_hex(4)}", dagster_url=NOWHERE, operators_chat=str(CHAT)
        )
        self.channel = TelegramChannel(SecretStr(TOKEN), base_url=url)
        self.watch = Watch(self.settings, control, self.channel, clock)

    def after(self, minutes: int) -> str:
        """What is written within so many minutes, a look in each."""
        for _ in range(minutes):
            self.clock.move(MINUTE)
            self.watch.tick()
        written = [str(item.message["text"]) for item in self.sandbox.store.messages.get(CHAT, [])]
        new, self.heard = written[self.heard :], len(written)
        return "\n".join(new)


@pytest.fixture
def operators(control_db: Database, control_clock: FixedClock, tmp_path: Path) -> Iterator[Operators]:
    app = telegram_app(
        clock=control_clock,
        tokens={TOKEN: BotIdentity(7000000009, "ops_bot", "Ops")},
        chats={CHAT: Chat(CHAT, "supergroup", "Дежурные")},
    )
    with serve(app) as url:
        made = Operators(url, app.state.sandbox, control_db, control_clock, tmp_path)
        yield made
        made.channel.close()


def trouble(subject: str = "a") -> Trouble:
    return Trouble("disk", subject, Sentence("Мало места", "Little space"))


def look(known: Incidents, now: datetime, *found: Trouble) -> tuple[Incidents, News]:
    known = known.seen(found, {"disk"}, now)
    news = known.news({"disk"}, now)
    return known.told(news, now), news


def test_what_flaps_is_one_incident_told_once_and_over_once() -> None:
    known, told, over = Incidents(), 0, 0
    for minute in range(60):
        is_there = minute < 30 and minute % 3 != 2  # two minutes there, one away
        known, news = look(known, NOON + minute * MINUTE, *([trouble()] if is_there else []))
        told, over = told + len(news.began), over + len(news.over)
    assert (told, over) == (1, 1)


def test_a_restart_that_the_next_look_does_not_find_is_no_news(tmp_path: Path) -> None:
    known, news = look(Incidents(), NOON, trouble())
    assert not news
    incidents.save(tmp_path / FILE, known)  # the process may end in between
    known, news = look(incidents.load(tmp_path / FILE), NOON + MINUTE)
    assert not news
    assert known == Incidents()


def test_a_broken_connection_is_told_once_with_what_to_type_and_once_when_it_works(
    operators: Operators, control_db: Database, keyring: Keyring
) -> None:
    tenant = new_tenant(control_db, operators.clock, "o", cell=operators.settings.cell)
    set_integration(control_db, keyring, tenant.slug, IntegrationKind.AMOCRM, {}, {}, "test")
    refused = Sentence("amoCRM не принял токен.", "amoCRM refused the token.")
    mark_integration(control_db, tenant.slug, IntegrationKind.AMOCRM, "broken", "amocrm.token_refused", refused)
    told = operators.after(7)
    assert told.count("amoCRM не принял токен.") == 1
    assert f"synkro integration check --tenant {tenant.slug} --kind amocrm" in told
    assert "Dagster не отвечает" in told, "nobody serves it in this test"
    assert operators.after(6) == ""
    mark_integration(control_db, tenant.slug, IntegrationKind.AMOCRM, "ok")
    assert "снова в порядке\n• " + tenant.slug in operators.after(16)
    assert operators.after(2) == ""


def test_a_database_that_is_away_is_told_without_it_and_calls_nothing_else_well(
    operators: Operators, control_db: Database
) -> None:
    operators.after(3)
    working, operators.watch.control = operators.watch.control, Database("postgresql+psycopg2://x@127.0.0.1:9/x")
    told = operators.after(15)
    assert told.count("База данных не отвечает") == 1
    assert "снова в порядке" not in told
    operators.watch.control = working
    assert "снова в порядке\n• База данных" in operators.after(12)


def test_what_telegram_did_not_take_is_told_when_it_does(operators: Operators) -> None:
    operators.sandbox.switches.faults = ["429"] * 9
    assert operators.after(5) == ""
    operators.sandbox.switches.faults = []
    assert "Dagster не отвечает" in operators.after(2)


def test_roubles_and_dollars_of_the_ai_are_not_added_up(
    operators: Operators, control_db: Database, control_clock: FixedClock
) -> None:
    operators.watch.settings = operators.settings = operators.settings.model_copy(
        update={"alert_ai_cost": Decimal(100)}
    )
    for currency, cost in (("RUB", 60), ("USD", 60), ("RUB", 50)):
        tenant = new_tenant(control_db, control_clock, "x", cell=operators.settings.cell)
        call = PlannedCall("p", "host", "m", 1, "request", Decimal(cost), currency)
        assert AiLedger(control_db, tenant.slug, control_clock).reserve(call, NOON.date())
    heard = operators.after(6)
    assert "110.00 RUB" in heard
    assert "USD" not in heard
    assert ai_costs(fleet(control_db, NOON, actor="test", cell=operators.settings.cell)) == {"RUB": 110, "USD": 60}
