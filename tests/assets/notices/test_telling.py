"""What fails is told over a real socket: once, to its own tenant's admins, not at night, and its end once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from synkro_assets.notices.telling import note_failures, tell, write_due
from synkro_assets.notices.texts import TEXTS
from synkro_resources.control import journal, notices, run_requests
from synkro_resources.control.database import Database
from synkro_resources.control.days import CheckResult, save_check_results
from synkro_resources.control.destinations import Destination, add_destination, list_destinations, tell_admins_there
from synkro_resources.control.integrations import get_integration, mark_integration, set_integration
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.notices import open_notices, unheard_notices
from synkro_resources.control.outbox import NewPart, claim_next, deliveries, enqueue
from synkro_resources.control.outcomes import accept_as_sent, mark_failed
from synkro_resources.control.tables.analysis import dispute
from synkro_resources.control.tenants import Tenant, save_tenant_settings, tenant_settings
from synkro_resources.model.clock import FixedClock
from synkro_resources.model.errors import IntegrationError, PermanentError, Sentence, SynkroError
from synkro_resources.model.ids import IntegrationKind, RequestKind
from synkro_resources.model.period import Period
from synkro_resources.platform import Platform
from synkro_resources.sandbox.serve import serve
from synkro_resources.sandbox.telegram import BotIdentity, Chat, telegram_app
from synkro_resources.sandbox.telegram.app import TelegramSandbox
from synkro_resources.settings import Settings
from synkro_resources.telegram import TelegramChannel

pytestmark = pytest.mark.xdist_group("notices")
TOKEN = "7000000001:" + "A" * 35
ADMINS, READERS, STRANGERS = -1001, -1002, -1003
AMOCRM_KEY = "long-lived-token-of-the-client"
YESTERDAY = Period.day(datetime(2026, 11, 19, tzinfo=UTC).date())
LEADS = "amocrm/leads"


@dataclass
class Place:
    """A tenant with an admins' and a readers' chat, and another tenant with its own, behind one emulated Telegram."""

    platform: Platform
    tenant: str
    other: str
    clock: FixedClock
    admins: Destination
    readers: Destination
    sandbox: TelegramSandbox
    url: str

    @property
    def db(self) -> Database:
        return self.platform.control

    def tick(self, tenant: str | None = None) -> None:
        channel = TelegramChannel(SecretStr(TOKEN), base_url=self.url)
        try:
            tell(self.platform, tenant or self.tenant, {"telegram": channel}, pause=lambda _: None)
        finally:
            channel.close()

    def arrived(self, chat: int = ADMINS) -> list[str]:
        return [str(item.message["text"]) for item in self.sandbox.store.messages.get(chat, [])]

    def titles(self, chat: int = ADMINS) -> list[str]:
        return [text.splitlines()[0] for text in self.arrived(chat)]

    def set(self, **changes: Any) -> None:
        settings = tenant_settings(self.db, self.tenant).model_copy(update=changes)
        save_tenant_settings(self.db, self.tenant, settings, changed_by="test", clock=self.clock)

    def break_amocrm(self, code: str = "amocrm.unauthorized", what: str = "Ключ отозван.") -> None:
        mark_integration(
            self.db,
            self.tenant,
            IntegrationKind.AMOCRM,
            "broken",
            code,
            Sentence(what, "The key was revoked."),
            Sentence("Выпустите ключ заново.", "Issue a new key."),
        )

    def mend_amocrm(self) -> None:
        mark_integration(self.db, self.tenant, IntegrationKind.AMOCRM, "ok")

    def step(self, asset: str, error: SynkroError | None, request_id: str | None = None) -> None:
        run_id = f"run-{self.clock.now().isoformat()}-{asset}"
        journal.start_run(self.db, tenant=self.tenant, run_id=run_id, clock=self.clock, request_id=request_id)
        step = journal.start_step(self.db, self.tenant, run_id, asset, None, None, self.clock)
        status = "failed" if error else "done"
        journal.finish_step(self.db, self.tenant, step, status=status, error=error, clock=self.clock)
        journal.finish_run(self.db, self.tenant, run_id, status=status, error=error, clock=self.clock)

    def request(self, kind: RequestKind = RequestKind.REPORT, period: Period = YESTERDAY) -> str:
        return run_requests.create_request(
            self.db,
            tenant=self.tenant,
            kind=kind,
            period=period,
            requested_by="cli",
            reason="test",
            clock=self.clock,
        ).id

    def end(self, request_id: str, error: SynkroError | None = None) -> None:
        run_requests.update_request(
            self.db,
            self.tenant,
            request_id,
            clock=self.clock,
            status="failed" if error else "done",
            error=error,
        )


DISK_FULL = PermanentError("lake.no_space", Sentence("Место кончилось.", "No space."), Sentence("Освободите.", "Free."))


@pytest.fixture
def place(
    control_db: Database, keyring: Keyring, tenant_a: Tenant, tenant_b: Tenant, control_clock: FixedClock
) -> Iterator[Place]:
    """12:00 UTC is 17:00 in the tenant's zone: nobody sleeps."""
    app = telegram_app(
        clock=control_clock,
        tokens={TOKEN: BotIdentity(7000000001, "synkro_bot", "Synkro")},
        chats={number: Chat(number, "supergroup", "Чат") for number in (ADMINS, READERS, STRANGERS)},
    )

    def chat(tenant: Tenant, number: int, *, for_admins: bool) -> Destination:
        added = add_destination(
            control_db, tenant.slug, channel="telegram", chat_id=str(number), title="Чат", actor="test"
        )
        return tell_admins_there(
            control_db, tenant.slug, added.destination_id, wanted=for_admins, actor="test", clock=control_clock
        )

    settings = Settings.load().model_copy(update={"public_url": "https://synkro.example"})
    platform = Platform(settings, control_db, keyring, control_clock)
    chat(tenant_b, STRANGERS, for_admins=True)
    set_integration(
        control_db, keyring, tenant_a.slug, IntegrationKind.AMOCRM, {}, {"access_token": AMOCRM_KEY}, "test"
    )
    with serve(app) as url:
        yield Place(
            platform,
            tenant_a.slug,
            tenant_b.slug,
            control_clock,
            chat(tenant_a, ADMINS, for_admins=True),
            chat(tenant_a, READERS, for_admins=False),
            app.state.sandbox,
            url,
        )


def test_admins_hear_step_cause_and_remedy_of_a_broken_connection_once_with_a_button(place: Place) -> None:
    error = IntegrationError(
        "amocrm.unauthorized", Sentence("Ключ отозван.", "x"), Sentence("Выпустите ключ заново.", "y")
    )
    place.step(LEADS, error)
    place.break_amocrm()
    for _ in range(4):
        place.tick()
        place.clock.move(timedelta(minutes=1))
    assert place.arrived() == [
        "Не работает подключение: amoCRM\n"
        "Шаг: amocrm/leads\n"
        "Причина: Ключ отозван.\n"
        "Что сделать: Выпустите ключ заново."
    ]
    (sent,) = place.sandbox.store.messages[ADMINS]
    assert "https://synkro.example/" in str(sent.message["reply_markup"])
    assert place.arrived(READERS) == []


def test_the_chats_of_another_tenant_never_get_a_notice(place: Place) -> None:
    place.break_amocrm()
    place.tick()
    place.tick(place.other)
    assert (len(place.arrived()), place.arrived(STRANGERS)) == (1, [])
    assert open_notices(place.db, place.other) == []
    assert deliveries(place.db, place.other) == []


def test_three_ticks_at_once_tell_an_incident_once(place: Place) -> None:
    place.break_amocrm()
    with ThreadPoolExecutor(3) as pool:
        for ticked in [pool.submit(place.tick) for _ in range(3)]:
            ticked.result()
    place.tick()
    assert len(place.arrived()) == 1
    assert len(open_notices(place.db, place.tenant)) == 1


def test_what_breaks_at_night_is_told_when_the_quiet_hours_end(place: Place) -> None:
    place.clock.move(timedelta(hours=4))  # 21:00 in Yekaterinburg
    place.break_amocrm()
    place.tick()
    assert place.arrived() == []
    place.clock.move(timedelta(hours=10, minutes=59))
    place.tick()
    assert place.arrived() == []
    place.clock.move(timedelta(minutes=1))
    place.tick()
    assert len(place.arrived()) == 1


def test_what_broke_and_was_mended_at_night_wakes_nobody_and_is_not_told(place: Place) -> None:
    place.clock.move(timedelta(hours=5))
    place.break_amocrm()
    place.tick()
    place.mend_amocrm()
    place.tick()
    place.clock.move(timedelta(hours=10))
    place.tick()
    assert place.arrived() == []


def test_a_tenant_without_quiet_hours_is_told_at_night(place: Place) -> None:
    zero = datetime(2026, 1, 1, tzinfo=UTC).time()
    place.set(quiet_from=zero, quiet_to=zero)
    place.clock.move(timedelta(hours=8))
    place.break_amocrm()
    place.tick()
    assert len(place.arrived()) == 1


def test_above_the_number_of_a_day_the_rest_waits_for_the_next_day_and_is_in_the_cabinet(place: Place) -> None:
    place.set(notices_per_day=2)
    for number, kind in enumerate((IntegrationKind.AMOCRM, IntegrationKind.RADIST, IntegrationKind.SUPABASE)):
        set_integration(place.db, place.platform.keyring, place.tenant, kind, {}, {}, "u")
        what = Sentence(f"{number}", f"{number}")
        mark_integration(place.db, place.tenant, kind, "broken", f"{kind}.{number}", what)
        place.clock.move(timedelta(seconds=1))
        note_failures(place.platform, place.tenant)
    place.tick()
    place.tick()
    assert [text.splitlines()[1] for text in place.arrived()] == ["Причина: 0", "Причина: 1"]
    assert [item.failure.subject for item in unheard_notices(place.db, place.tenant)] == ["supabase"]
    place.clock.move(timedelta(hours=15))
    place.tick()
    assert [text.splitlines()[1] for text in place.arrived()] == ["Причина: 0", "Причина: 1", "Причина: 2"]
    assert unheard_notices(place.db, place.tenant) == []


def test_the_end_is_told_once_and_a_new_failure_within_a_day_is_the_same_incident(place: Place) -> None:
    place.break_amocrm()
    place.tick()
    place.mend_amocrm()
    place.tick()
    place.tick()
    assert place.titles() == ["Не работает подключение: amoCRM", "Снова работает: amoCRM"]
    place.clock.move(timedelta(minutes=5))
    place.break_amocrm()
    place.tick()
    assert len(place.arrived()) == 2
    assert len(open_notices(place.db, place.tenant)) == 1


def test_a_connection_that_stays_broken_is_told_again_once_a_day(place: Place) -> None:
    place.break_amocrm()
    for _ in range(26):
        place.tick()
        place.clock.move(timedelta(hours=1))
    assert place.titles() == ["Не работает подключение: amoCRM", "Не работает подключение: amoCRM (напоминание)"]


def test_a_load_that_succeeds_mends_the_connection_that_its_step_had_broken(place: Place) -> None:
    error = IntegrationError("amocrm.unauthorized", Sentence("Ключ отозван.", "x"), Sentence("Новый ключ.", "y"))
    place.step(LEADS, error)
    place.break_amocrm()
    place.tick()
    place.clock.move(timedelta(minutes=1))
    place.step("amocrm/contacts", None)  # another step says nothing about the one that failed
    place.tick()
    assert len(place.arrived()) == 1
    place.step(LEADS, None)
    place.tick()
    assert place.titles()[1:] == ["Снова работает: amoCRM"]
    shown = get_integration(place.db, place.tenant, IntegrationKind.AMOCRM)
    assert shown is not None
    assert (shown.status, shown.problem) == ("ok", None)


def test_a_message_written_before_a_kill_is_sent_by_the_next_tick_and_once(place: Place) -> None:
    place.break_amocrm()
    note_failures(place.platform, place.tenant)
    settings = tenant_settings(place.db, place.tenant)
    write_due(place.platform, place.tenant, settings, list_destinations(place.db, place.tenant))  # killed here
    assert place.arrived() == []
    place.tick()
    place.tick()
    assert len(place.arrived()) == 1


def test_a_kill_while_writing_leaves_nothing_half_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.break_amocrm()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(notices, "mark_told", killed)
        with pytest.raises(KeyboardInterrupt):
            place.tick()
    assert deliveries(place.db, place.tenant) == []
    place.tick()
    assert len(place.arrived()) == 1


def test_a_notice_whose_answer_was_lost_is_not_sent_again_and_raises_no_notice_itself(place: Place) -> None:
    place.break_amocrm()
    place.sandbox.switches.faults = ["lost_response"]
    for _ in range(3):
        place.tick()
        place.clock.move(timedelta(minutes=3))
    assert len(place.arrived()) == 1
    assert [part.state for part in deliveries(place.db, place.tenant)] == ["uncertain"]
    assert [item.failure.kind for item in open_notices(place.db, place.tenant)] == ["integration_broken"]


def test_without_an_admins_chat_the_incident_stays_in_the_cabinet_and_is_told_when_one_is_chosen(place: Place) -> None:
    tell_admins_there(place.db, place.tenant, place.admins.destination_id, wanted=False, actor="u", clock=place.clock)
    place.break_amocrm()
    place.tick()
    assert place.arrived() == place.arrived(READERS) == []
    assert len(unheard_notices(place.db, place.tenant)) == 1
    tell_admins_there(place.db, place.tenant, place.admins.destination_id, wanted=True, actor="u", clock=place.clock)
    place.tick()
    assert len(place.arrived()) == 1


def test_secrets_in_a_vendors_words_never_reach_a_chat(place: Place) -> None:
    place.break_amocrm(what=f"Ответ: Authorization: Bearer {AMOCRM_KEY}, пишите a@client.example, +7 912 345-67-89 <b>")
    place.tick()
    (text,) = place.arrived()
    for secret in (AMOCRM_KEY, "client.example", "345-67-89"):
        assert secret not in text
        assert secret not in str([part.payload for part in deliveries(place.db, place.tenant)])
    assert "<b>" in text  # shown as written, not as markup
    assert text.startswith("Не работает подключение: amoCRM\nПричина: Ответ")


def test_a_request_that_failed_for_good_is_told_with_its_step_and_its_success_ends_it(place: Place) -> None:
    request = place.request()
    place.step("dialogs/episode", DISK_FULL, request)
    place.end(request, DISK_FULL)
    place.tick()
    assert place.arrived() == [
        "Загрузка не удалась: отчёт за 19 ноября\nШаг: dialogs/episode\nПричина: Место кончилось.\n"
        "Что сделать: Освободите."
    ]
    place.clock.move(timedelta(minutes=10))
    place.end(place.request())
    place.tick()
    assert place.titles()[1:] == ["Снова работает: отчёт за 19 ноября"]


def test_one_cause_is_one_notice_though_connection_request_and_age_all_suffer(place: Place) -> None:
    place.break_amocrm()
    place.end(
        place.request(RequestKind.DATA),
        PermanentError("amocrm.unauthorized", Sentence("Ключ отозван.", "x"), Sentence("", "")),
    )
    save_check_results(place.db, place.tenant, [age_of("amocrm", place, passed=False)])
    place.tick()
    assert place.titles() == ["Не работает подключение: amoCRM"]


def test_an_ai_budget_that_runs_out_is_told_at_each_mark_once(place: Place) -> None:
    set_integration(place.db, place.platform.keyring, place.tenant, IntegrationKind.AI, {}, {}, "u")
    for code, what in (("ai.budget_80", "80 %."), ("ai.budget_spent", "Лимит исчерпан.")):
        mark_integration(
            place.db,
            place.tenant,
            IntegrationKind.AI,
            "warning",
            code,
            Sentence(what, "x"),
            Sentence("Увеличьте.", "y"),
        )
        place.tick()
        place.tick()
    assert [text.splitlines()[1] for text in place.arrived()] == [
        "Причина: 80 %.",
        "Причина: Лимит исчерпан.",
    ]
    mark_integration(place.db, place.tenant, IntegrationKind.AI, "ok")
    place.tick()
    assert len(place.arrived()) == 2


def test_a_failure_that_is_only_too_old_to_look_at_is_not_called_mended(place: Place) -> None:
    request = place.request(RequestKind.DATA)
    place.end(request, DISK_FULL)
    for _ in range(60):
        place.tick()
        place.clock.move(timedelta(hours=1))
    assert place.titles() == ["Загрузка не удалась: данные по дням"]
    assert open_notices(place.db, place.tenant) == []


def test_data_that_nobody_loads_any_more_are_told_and_a_source_that_never_loaded_is_not(place: Place) -> None:
    never = age_of("radist", place, passed=False, age_s=None)
    save_check_results(place.db, place.tenant, [age_of("amocrm", place, passed=False), never])
    place.tick()
    assert place.titles() == ["Данные устарели: amoCRM"]
    place.clock.move(timedelta(minutes=10))
    save_check_results(place.db, place.tenant, [age_of("amocrm", place, passed=True)])
    place.tick()
    assert place.titles()[1:] == ["Снова работает: amoCRM"]


def age_of(source: str, place: Place, *, passed: bool, age_s: int | None = 90_000) -> CheckResult:
    return CheckResult(
        asset=source,
        check="freshness",
        day=place.clock.now().date(),
        run_id="",
        passed=passed,
        blocking=False,
        checked_at=place.clock.now(),
        what=Sentence(f"{source}: загружен 25 ч назад.", f"{source}: loaded 25 h ago."),
        details={"age_s": age_s},
    )


def write_report(place: Place) -> None:
    payload = {"html": "отчёт", "plain": "отчёт", "doc_id": "day:2026-11-19:r1:ru"}
    enqueue(
        place.db,
        place.tenant,
        report_id=YESTERDAY.report_id,
        package_id="p1",
        revision=1,
        parts=[NewPart(place.readers.destination_id, "telegram", 1, 1, payload)],
        clock=place.clock,
    )


def test_AC10_a_part_whose_worker_died_is_asked_about_and_a_persons_word_ends_it_silently(place: Place) -> None:
    write_report(place)
    claimed = claim_next(place.db, place.tenant, place.readers.destination_id, place.clock)
    assert claimed is not None  # this worker is killed here
    place.clock.move(timedelta(seconds=121))
    place.tick()
    (text,) = place.arrived()
    assert "Не знаем, дошла ли часть 1 из 1 отчёта за 19 ноября в чат «Чат»." in text
    button = str(place.sandbox.store.messages[ADMINS][0].message["reply_markup"])
    assert "/reports?report=day:2026-11-19:r1:ru" in button
    accept_as_sent(place.db, place.tenant, claimed.delivery.delivery_id, actor="u", clock=place.clock)
    place.tick()
    assert len(place.arrived()) == 1
    assert open_notices(place.db, place.tenant) == []
    assert place.arrived(READERS) == []


def test_a_report_that_a_chat_refused_is_told_with_the_way_to_relink_it(place: Place) -> None:
    write_report(place)
    claimed = claim_next(place.db, place.tenant, place.readers.destination_id, place.clock)
    assert claimed is not None
    mark_failed(place.db, place.tenant, claimed.delivery.delivery_id, place.clock, code="bot_blocked")
    place.tick()
    (text,) = place.arrived()
    assert text.startswith("Отчёт не доставлен\nПричина: Не доставлена часть 1 из 1")
    assert "подключите его заново" in text


def test_a_tick_leaves_the_parts_of_reports_to_their_own_runs(place: Place) -> None:
    write_report(place)
    place.tick()
    assert place.arrived(READERS) == []


def test_readers_get_one_plain_line_when_a_report_is_late_and_nothing_when_it_is_in_time(place: Place) -> None:
    request = place.request()
    place.clock.move(timedelta(minutes=89))
    place.tick()
    assert place.arrived(READERS) == []
    place.clock.move(timedelta(minutes=1))
    place.tick()
    place.tick()
    assert place.arrived(READERS) == ["Отчёт за 19 ноября задерживается, ждите к 20:00 (UTC+5)"]
    assert place.arrived() == []
    place.end(request)
    place.tick()
    assert len(place.arrived(READERS)) == 1


def test_readers_of_a_report_that_failed_hear_no_technical_word_and_later_that_it_is_missing(place: Place) -> None:
    place.end(place.request(), DISK_FULL)
    place.tick()
    assert place.arrived(READERS) == ["Отчёт за 19 ноября задерживается, ждите к 18:00 (UTC+5)"]
    place.clock.move(timedelta(hours=16))
    place.tick()
    assert place.arrived(READERS)[1:] == ["Отчёт за 19 ноября не готов, занимаемся"]


def test_a_tenant_that_reads_english_is_told_in_english(place: Place) -> None:
    place.set(language="en")
    place.break_amocrm()
    place.request()
    place.clock.move(timedelta(hours=2))
    place.tick()
    assert place.arrived() == ["Connection broken: amoCRM\nCause: The key was revoked.\nWhat to do: Issue a new key."]
    assert place.arrived(READERS) == ["The report of 19 November is late, expect it by 20:00 (UTC+5)"]


def test_admins_are_reminded_once_of_a_dispute_that_waits_for_more_than_five_working_days(place: Place) -> None:
    with place.db.tenant(place.tenant) as connection:
        for name, state in (("waits", "открыт"), ("decided", "принят")):
            connection.execute(
                insert(dispute).values(
                    tenant=place.tenant,
                    dispute_id=name,
                    finding_id=name,
                    opened_by="user",
                    text="слова менеджера",
                    state=state,
                    decision_text="",
                    opened_at=place.clock.now(),
                )
            )
    for days, told in ((6, []), (2, ["Спор ждёт решения"]), (1, [])):
        before = len(place.arrived())
        place.clock.move(timedelta(days=days))
        place.tick()
        place.tick()
        assert place.titles()[before:] == told
    assert not any("слова менеджера" in text for text in place.arrived())
    assert place.arrived(READERS) == []


def test_a_request_of_any_kind_that_fails_has_a_name_in_both_languages() -> None:
    named = {f"name_{kind}" for kind in RequestKind if kind is not RequestKind.REPORT}
    for words in TEXTS.values():
        assert named <= words.keys()
