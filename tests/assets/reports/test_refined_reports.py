"""A report that was told as preliminary is told again once, if its headline figures changed, and never otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from synkro_assets.reports.delivery.sending import send_report
from synkro_assets.reports.document.sections import document_of
from synkro_assets.tenant_run import TenantRun
from synkro_resources.channels.resource import Channels
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import add_destination
from synkro_resources.control.integrations import set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.outbox import deliveries
from synkro_resources.control.packages import save_package
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import PermanentError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.package import Package, PackageMetric, Verdict
from synkro_resources.model.period import Period
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.settings import Settings

pytestmark = pytest.mark.xdist_group("refined_reports")
TOKEN = "7000000001:" + "A" * 35
CHAT, LATER_CHAT = 501, 502
WEEK = Period.week_of(date(2026, 9, 7))
NOW = datetime(2026, 9, 14, 3, tzinfo=UTC)
WHOLE = "Отчёт по диалогам"


@dataclass
class Place:
    """A tenant with a chat, whose weekly report is built and sent as a run does it."""

    run: TenantRun
    sandbox: TelegramSandbox

    def tell(self, in_time: float, verdict: Verdict, *reasons: str) -> str:
        """The next revision, of 1000 judged answers, stored and sent."""
        share = PackageMetric(3, "in_sla", value=in_time / 100, num=round(in_time * 10), den=1000, unit="share")
        package = Package(
            tenant=self.run.tenant,
            period=WEEK,
            zone="Asia/Yekaterinburg",
            as_of=NOW,
            data_until=NOW,
            built_at=NOW,
            working_days=5,
            prev_period=None,
            prev_note="",
            verdict=verdict,
            verdict_reasons=reasons,
            versions={},
            input_hash=f"{in_time} {verdict} {reasons}",
            metrics=(share,),
            rows=(),
            health=(),
        )
        stored = save_package(self.run.platform.control, package)
        document = document_of(
            package,
            package_id=stored.package_id,
            revision=stored.revision,
            language="ru",
            title=WHOLE,
            subtitle=f"редакция {stored.revision}",
            sections=(),
        )
        save_report(self.run.platform.control, self.run.tenant, document)
        return send_report(self.run, document, package)

    def arrived(self, chat: int = CHAT) -> list[str]:
        messages = self.sandbox.store.messages.get(chat, [])
        return [str(item.message["text"]).splitlines()[0].replace("\u00a0", " ") for item in messages]

    def add_chat(self, chat: int) -> None:
        control = self.run.platform.control
        add_destination(control, self.run.tenant, channel="telegram", chat_id=str(chat), title="Чат", actor="test")

    def revisions_sent(self) -> list[int]:
        return sorted(part.revision for part in deliveries(self.run.platform.control, self.run.tenant))


@pytest.fixture
def place(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, control_clock: FixedClock, tmp_path: Path
) -> Iterator[Place]:
    app = telegram_app(
        clock=control_clock,
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={chat: Chat(chat, "private", "Чат") for chat in (CHAT, LATER_CHAT)},
    )
    with serve(app) as url:
        set_integration(
            control_db, keyring, tenant_a.slug, IntegrationKind.TELEGRAM, {"base_url": url}, {"token": TOKEN}, "test"
        )
        platform = Platform(Settings.load(), control_db, keyring, control_clock)
        channels = Channels(platform)
        run = TenantRun(
            dg.build_asset_context(resources={"channels": channels}),
            platform,
            Lake(str(tmp_path)),
            TenantWindow.of_period(tenant_a.slug, tenant_a.zone, WEEK),
            (WEEK,),
        )
        place = Place(run, app.state.sandbox)
        place.add_chat(CHAT)
        yield place
        channels.close()


def later(place: Place, hours: float) -> None:
    clock = place.run.clock
    assert isinstance(clock, FixedClock)
    clock.move(timedelta(hours=hours))


def test_AC13_a_completed_report_that_changed_by_two_points_is_told_once_in_one_line(place: Place) -> None:
    place.tell(81, Verdict.PRELIMINARY, "dialog_coverage")
    later(place, 24)
    for _ in range(2):
        place.tell(79, Verdict.OK)
    refined = "Уточнённый отчёт за 7–13 сентября: ответы в срок 81 % → 79 %."
    assert place.arrived() == [WHOLE, refined]
    later(place, 1)
    place.tell(60, Verdict.OK)  # and after the refined report the cabinet alone changes
    assert place.arrived() == [WHOLE, refined]


def test_AC13_a_change_of_less_than_a_point_is_not_told(place: Place) -> None:
    place.tell(81, Verdict.PRELIMINARY, "dialog_coverage")
    later(place, 24)
    assert place.tell(80.6, Verdict.OK).startswith("cabinet only")
    assert place.arrived() == [WHOLE]


def test_a_refinement_after_two_days_is_left_to_the_cabinet(place: Place) -> None:
    place.tell(81, Verdict.PRELIMINARY, "dialog_coverage")
    later(place, 49)
    place.tell(60, Verdict.OK)
    assert place.arrived() == [WHOLE]


def test_AC20_a_late_message_makes_a_revision_and_sends_nothing(place: Place) -> None:
    place.tell(81, Verdict.OK)
    place.tell(60, Verdict.OK)
    assert place.arrived() == [WHOLE]
    assert place.revisions_sent() == [1]


def test_a_second_preliminary_revision_is_not_told_and_the_complete_one_is_compared_with_what_was(place: Place) -> None:
    place.tell(81, Verdict.PRELIMINARY, "dialog_coverage")
    place.tell(70, Verdict.PRELIMINARY, "dialog_coverage", "checks_failed")
    place.tell(79, Verdict.OK)
    assert place.arrived()[1:] == ["Уточнённый отчёт за 7–13 сентября: ответы в срок 81 % → 79 %."]


def test_a_chat_that_was_linked_meanwhile_gets_the_whole_report(place: Place) -> None:
    place.tell(81, Verdict.OK)
    place.add_chat(LATER_CHAT)
    place.tell(60, Verdict.OK)
    assert place.arrived() == [WHOLE]
    assert place.arrived(LATER_CHAT) == [WHOLE]


def test_a_report_of_a_running_week_does_not_replace_the_weeks_own(place: Place) -> None:
    place.tell(81, Verdict.PRELIMINARY, "period_not_over")
    place.tell(81, Verdict.OK)
    assert place.arrived() == [WHOLE, WHOLE]


def test_a_report_that_never_arrived_whole_is_sent_in_its_newest_revision(place: Place) -> None:
    place.sandbox.switches.faults = ["entities", "entities"]
    with pytest.raises(PermanentError, match="delivery.failed"):
        place.tell(81, Verdict.OK)
    place.tell(60, Verdict.OK)
    assert place.arrived() == [WHOLE]
    assert place.revisions_sent() == [1, 2]
