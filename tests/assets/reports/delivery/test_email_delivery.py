"""A report goes to a chat and to an address over real sockets: each by its own rules, neither holding up the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import dagster as dg
import pytest

from synkro_assets.notices.telling import tell
from synkro_assets.reports.delivery import channel_delivery
from synkro_assets.reports.delivery.sending import send_report
from synkro_assets.tenant_run import TenantRun
from synkro_resources.channels.resource import Channels
from synkro_resources.control import outcomes
from synkro_resources.control.address_codes import confirm_address
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, add_destination, get_destination, tell_admins_there
from synkro_resources.control.integrations import mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.outbox import Delivery, deliveries
from synkro_resources.control.packages import save_package
from synkro_resources.control.report_files import save_file
from synkro_resources.control.reports import save_report
from synkro_resources.control.tenants import Tenant
from synkro_resources.lake import Lake
from synkro_resources.mail.confirmation import send_code
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import PermanentError, Sentence
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.package import Package
from synkro_resources.model.period import Period
from synkro_resources.model.report import ReportDocument
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform
from synkro_resources.sandbox.mail import PASSWORD, Mailbox, MailSandbox, serve_mail
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.settings import Settings
from tests.assets.reports.document.test_compose_period import WEEK, compose

pytestmark = pytest.mark.xdist_group("email_delivery")
TOKEN = "7000000001:" + "A" * 35
CHAT = 501
ADDRESS = "irina@example.ru"
PERIOD = Period.week_of(date(2026, 9, 7))
NOW = datetime(2026, 9, 14, 5, 30, tzinfo=UTC)
PAPER = b"%PDF-1.7 paper"


@dataclass
class Place:
    """A tenant with a chat and a confirmed address."""

    run: TenantRun
    telegram: TelegramSandbox
    box: Mailbox
    mail: MailSandbox
    address: Destination
    document: ReportDocument
    package: Package

    @property
    def db(self) -> Database:
        return self.run.platform.control

    def send(self) -> str:
        return send_report(self.run, self.document, self.package)

    def configure(self, **changes: str | int | bool) -> None:
        """Change the mail settings; channels are opened anew, as by the next run."""
        public = self.mail.settings() | changes
        platform = self.run.platform
        set_integration(self.db, platform.keyring, self.run.tenant, IntegrationKind.EMAIL, public, {}, "test")
        self.run.context.resources.channels.close()

    def chat_texts(self) -> list[str]:
        return [str(item.message["text"]) for item in self.telegram.store.messages.get(CHAT, [])]

    def reports(self) -> list[EmailMessage]:
        """The mails to the address after the one with its code."""
        return self.box.mails(ADDRESS)[1:]

    def parts(self, channel: str = "email") -> list[Delivery]:
        return [part for part in deliveries(self.db, self.run.tenant) if part.channel == channel]


@pytest.fixture
def place(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    clock, slug = FixedClock(NOW), tenant_a.slug
    monkeypatch.setattr(channel_delivery, "PRIVATE_PAUSE_S", 0.0)  # the emulator minds no pace
    app = telegram_app(
        clock=clock,
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={CHAT: Chat(CHAT, "private", "Ирина")},
    )
    platform = Platform(Settings.load(state_dir=tmp_path, allow_sandbox=True), control_db, keyring, clock)
    with serve(app) as url, serve_mail() as mail:
        bot, sealed = {"base_url": url}, {"password": PASSWORD}
        set_integration(control_db, keyring, slug, IntegrationKind.TELEGRAM, bot, {"token": TOKEN}, "test")
        set_integration(control_db, keyring, slug, IntegrationKind.EMAIL, mail.settings(), sealed, "test")
        add_destination(control_db, slug, channel="telegram", chat_id=str(CHAT), title="Ирина", actor="test")
        made = send_code(platform, slug, ADDRESS, actor="test")
        address = confirm_address(control_db, slug, made.destination_id, made.code, actor="test", clock=clock)
        stored = save_package(control_db, replace(WEEK, tenant=slug))
        document = compose().model_copy(update={"tenant": slug, "package_id": stored.package_id})
        save_report(control_db, slug, document)
        channels = Channels(platform)
        run = TenantRun(
            dg.build_asset_context(resources={"channels": channels}),
            platform,
            Lake(str(tmp_path)),
            TenantWindow.of_period(slug, tenant_a.zone, PERIOD),
            (PERIOD,),
        )
        yield Place(run, app.state.sandbox, mail.box, mail, address, document, WEEK)
        channels.close()


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_report_arrives_in_the_chat_and_at_the_address_once_however_often_it_is_run(place: Place) -> None:
    place.configure(attach_files=True)
    save_file(place.db, place.run.platform.settings.lake_root, place.run.tenant, place.document.doc_id, "pdf", PAPER)
    for _ in range(2):
        place.send()
    (mail,) = place.reports()
    assert mail["Subject"] == "Отчёт по диалогам · 7–13 сентября"
    html = body(mail, "html")
    assert "<h2" in html
    assert f'/reports?report={place.document.doc_id}"' in html
    for section in place.document.sections:  # a mail has room for all of them
        assert section.title in html
    (paper,) = mail.iter_attachments()
    assert (paper.get_content_type(), paper.get_content()) == ("application/pdf", PAPER)
    assert place.chat_texts()[0].startswith("Отчёт по диалогам")
    (part,) = place.parts()
    assert (part.state, part.message_id, mail["Message-ID"]) == ("sent", mail["Message-ID"], part.message_id)
    assert {part.state for part in place.parts("telegram")} == {"sent"}


def test_without_the_tenants_leave_no_paper_goes_and_a_lost_paper_stops_no_report(place: Place) -> None:
    root = place.run.platform.settings.lake_root
    stored = save_file(place.db, root, place.run.tenant, place.document.doc_id, "pdf", PAPER)
    place.send()
    assert list(place.reports()[0].iter_attachments()) == []
    place.configure(attach_files=True)
    (Path(root) / stored.path).unlink()
    place.document = place.document.model_copy(update={"revision": 2, "report_id": "week:2026-W38"})
    place.send()
    assert list(place.reports()[1].iter_attachments()) == []
    assert {part.state for part in place.parts()} == {"sent"}


def test_a_worker_that_dies_after_the_mail_has_left_leaves_it_uncertain_and_never_sends_it_twice(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = outcomes.mark_sent

    def dies(db: Database, tenant: str, part: str, message_id: str, clock: FixedClock) -> None:
        if "@" in message_id:
            raise KeyboardInterrupt
        settle(db, tenant, part, message_id, clock)

    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "mark_sent", dies)
        with pytest.raises(KeyboardInterrupt):
            place.send()
    assert [part.state for part in place.parts()] == ["sending"]
    clock = place.run.clock
    assert isinstance(clock, FixedClock)
    clock.move(timedelta(seconds=121))
    for _ in range(2):
        with pytest.raises(PermanentError) as problem:
            place.send()
        assert (problem.value.code, problem.value.integration) == ("delivery.uncertain", "email")
    assert [part.state for part in place.parts()] == ["uncertain"]
    assert len(place.reports()) == 1
    assert {part.state for part in place.parts("telegram")} == {"sent"}


def test_a_refused_recipient_closes_the_address_alone_and_fails_the_report_once(place: Place) -> None:
    place.box.refused = {ADDRESS}
    with pytest.raises(PermanentError) as problem:
        place.send()
    assert problem.value.what.ru == "Почтовый сервер не принимает отчёт."
    closed = get_destination(place.db, place.run.tenant, place.address.destination_id)
    assert (closed.enabled, closed.disabled_code) == (False, "recipient_refused")
    assert {part.state for part in place.parts("telegram")} == {"sent"}
    texts, tried = place.chat_texts(), len(place.box.tried)
    place.send()
    assert (place.chat_texts(), len(place.box.tried)) == (texts, tried)


def test_unusable_mail_settings_hold_back_no_telegram(place: Place) -> None:
    place.configure(security="none")
    with pytest.raises(PermanentError) as problem:
        place.send()
    assert "email.not_encrypted" in problem.value.remedy.ru
    assert {part.state for part in place.parts("telegram")} == {"sent"}
    assert get_destination(place.db, place.run.tenant, place.address.destination_id).enabled


def test_an_address_for_admins_hears_of_failures(place: Place) -> None:
    destination, slug, platform = place.address.destination_id, place.run.tenant, place.run.platform
    tell_admins_there(place.db, slug, destination, wanted=True, actor="test", clock=place.run.clock)
    what = Sentence("Ключ отозван.", "The key was revoked.")
    set_integration(place.db, platform.keyring, slug, IntegrationKind.AMOCRM, {}, {}, "test")
    mark_integration(place.db, slug, IntegrationKind.AMOCRM, "broken", "amocrm.unauthorized", what, what)
    for _ in range(2):
        tell(platform, slug, place.run.context.resources.channels.of(slug), pause=lambda _: None)
    (mail,) = place.reports()
    assert mail["Subject"] == "Не работает подключение: amoCRM"
    assert "Ключ отозван." in re.sub(r"<[^>]+>", "", body(mail, "html"))
    assert place.chat_texts() == []
