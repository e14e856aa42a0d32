"""The record reads as words: no code, key or English word of the machinery in what a company's people see."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import synkro_app
import synkro_assets
import synkro_resources
from synkro_app.cabinet.integration_forms import FORMS
from synkro_app.cabinet.services.journal_words import (
    CODED,
    REASONS,
    TECHNICAL,
    about_words,
    action_words,
    actor_name,
    reason_words,
)
from synkro_app.cabinet.texts import LANGUAGES, catalogue
from synkro_resources.amocrm import oauth
from synkro_resources.control.audit import AuditEvent
from synkro_resources.model.feedback import Reason, Sampling, Verdict
from synkro_resources.model.ids import RequestKind, Role

Function = ast.FunctionDef | ast.AsyncFunctionDef
PACKAGES = (synkro_app, synkro_resources, synkro_assets)
PEOPLE = {"1f" * 16: "Анна", "2e" * 16: "Чат продаж"}


def event(action: str, target: str = "", why: str = "", **details: object) -> AuditEvent:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    return AuditEvent(1, "acme", at, f"user:{'1f' * 16}", action, target, why, details)


def told(found: AuditEvent, language: str = "ru") -> str:
    return about_words(found, PEOPLE, "Europe/Moscow", language)


def _functions() -> Iterator[Function]:
    for package in PACKAGES:
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def _calls(function: Function, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in names:
                yield node


def _given(call: ast.Call, name: str) -> ast.expr | None:
    return next((item.value for item in call.keywords if item.arg == name), None)


def _words(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _keys(function: Function, node: ast.expr) -> set[str]:
    """The keys of a dict, written here or put together in the same function."""
    if isinstance(node, ast.Name):
        made = [
            one.value
            for one in ast.walk(function)
            if isinstance(one, ast.Assign | ast.AnnAssign)
            and any(
                isinstance(to, ast.Name) and to.id == node.id
                for to in (one.targets if isinstance(one, ast.Assign) else [one.target])
            )
        ]
        return set[str]().union(*(_keys(function, one) for one in made if one is not None))
    if not isinstance(node, ast.Dict):
        return set()
    found: set[str] = set()
    for key, value in zip(node.keys, node.values, strict=True):
        found |= _keys(function, value) if key is None else _words(key)
    return found


def test_every_deed_that_the_code_records_has_words_in_both_languages() -> None:
    written: set[str] = set()
    for function in _functions():
        for call in _calls(function, "record", "record_of_person", "_by_person", "_record"):
            given = [one for one in (_given(call, "action"), *call.args) if one is not None]
            for one in given:
                written |= {word for word in _words(one) if re.fullmatch(r"[a-z]+\.[a-z_]+", word)}
    assert {"user.factor_on", "membership.set", "destination.not_for_admins", "delivery.accepted"} <= written
    for language in LANGUAGES:
        assert {code for code in written if f"audit.{code}" not in catalogue(language)} == set()


def test_every_detail_that_the_code_records_has_a_word_or_is_left_out_on_purpose() -> None:
    keys: set[str] = set()
    for function in _functions():
        for call in _calls(function, "record", "record_of_person"):
            details = _given(call, "details")
            keys |= set() if details is None else _keys(function, details)
    assert {"role_before", "public_fields", "weekdays", "can_read_texts", "codes"} <= keys
    for language in LANGUAGES:
        assert {key for key in keys - TECHNICAL if f"audit_detail.{key}" not in catalogue(language)} == set()


def test_every_reason_that_the_code_gives_itself_has_words() -> None:
    given: set[str] = set()
    for function in _functions():
        for call in _calls(function, "operator"):
            given |= _beginning(call.args[1]) if len(call.args) > 1 else set()
        for call in _calls(function, "create_request", "suspend_tenant", "request_period"):
            reason = _given(call, "reason")
            given |= set() if reason is None else _beginning(reason)
    assert {"membership of ", "the trial is over", "cabinet", "schedule"} <= given
    assert given - REASONS.keys() == set()
    for beginning in given:
        whole = f"{beginning}abc" if beginning.endswith(" ") else beginning
        assert not re.search("[a-z]{4}", reason_words(whole, "ru")), whole
        assert f"audit_reason.{REASONS[beginning]}" in catalogue("en")
    assert reason_words("попросил клиент", "ru") == "попросил клиент"


def _beginning(node: ast.expr) -> set[str]:
    first = node.values[0] if isinstance(node, ast.JoinedStr) else node
    return {str(first.value)} if isinstance(first, ast.Constant) and first.value else set()


def test_every_coded_value_and_every_setting_of_a_connection_has_a_word() -> None:
    coded: dict[str, list[str]] = {
        "role": [*Role],
        "kind": [*RequestKind, "day", "week", "month", "onboarding", "managed", "other"],
        "outcome": ["sent", "retry", "uncertain", "failed", "migrated"],
        "language": [*LANGUAGES],
        "verdict": [*Verdict],
        "reason": [one for one in Reason if one],
        "sampling": [*Sampling],
        "codes": ["autolink:url", "sent_brief", "sent_link", "sent_plain", "sent_without_topic"],
    }
    for language in LANGUAGES:
        texts = catalogue(language)
        for name, values in coded.items():
            for value in values:
                assert f"{CODED[name]}.{value.partition(':')[0]}" in texts, (name, value)
        for form in FORMS.values():
            assert [item.name for item in form.fields if f"connect.{form.kind}.{item.name}" not in texts] == []
        for name in ("access_token", "refresh_token", "access_expires_at", "redirect_uri", oauth.LOST):
            assert f"audit_field.{name}" in texts


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            event(
                "membership.set", "9a" * 16, role="viewer", can_read_texts=True, manager_id=None, role_before="owner"
            ),
            "роль: наблюдатель, читает переписку: да, роль до этого: владелец",
        ),
        (
            event("integration.set", "ai", public_fields=["base_url", "model"], secret_fields=[]),
            "Провайдер ИИ · настройки: Провайдер, Модель, ключи: –",
        ),
        (
            event("run.requested", "0b" * 16, "cabinet", kind="report", period="day:2026-11-20"),
            "кнопка в кабинете · вид: отчёт, период: 20 ноября 2026",
        ),
        (
            event("schedule.set", "day", kind="day", at="08:30", weekdays=[1, 2], destinations=1, language="ru"),
            "отчёт за день · вид: отчёт за день, время: 08:30, дни: пн, вт, получателей: 1, язык: русский",
        ),
        (event("user.signed_in", "1f" * 16, address="10.0.0.7"), "адрес: 10.0.0.7"),
        (event("destination.tested", "2e" * 16, outcome="sent"), "Чат продаж · итог: доставлено"),
        (event("destination.linked", "2e" * 16, code_of=f"user:{'1f' * 16}"), "Чат продаж · ссылку создал: Анна"),
        (event("support.begun", "3d" * 16, "Проверка", until="2026-11-20T10:00+00"), "Проверка · до: 20 ноября, 13:00"),
        (event("report.file_opened", f"{'4c' * 16}:xlsx"), "XLSX"),
        (event("data.quarantine_opened", "normalized/deal 2026-11-20"), "Таблицы: Сделки, 20 ноября 2026"),
        (
            event("feedback.given", "5b" * 16, verdict="неверно", reason="контекст", sampling="random", role="owner"),
            "оценка: Неверно, причина: Не учтён контекст, как выбрана: случайно, роль: владелец",
        ),
        (
            event("delivery.alarm", "6a" * 16, codes=["autolink:url"], report_id="week:2026-W47", part=2),
            "замечания: в тексте появилась ссылка, отчёт за: 16 ноября 2026 – 22 ноября 2026, часть: 2",
        ),
        (event("lake.retained", removed=[{"table": "normalized/deal", "files": 3}]), "таблицы: Таблицы: Сделки"),
    ],
    ids=lambda one: one.action if isinstance(one, AuditEvent) else "",
)
def test_the_owner_reads_what_was_done_and_no_code(found: AuditEvent, words: str) -> None:
    assert told(found) == words


def test_who_did_it_reads_as_a_name_a_schedule_or_an_operator() -> None:
    assert actor_name(f"user:{'1f' * 16}", PEOPLE, "ru") == "Анна"
    assert actor_name(f"operator:{'1f' * 16}", PEOPLE, "ru") == "Оператор Synkro: Анна"
    assert actor_name(f"operator:{'7f' * 16}", PEOPLE, "ru") == "Оператор Synkro"
    assert actor_name("schedule:day", PEOPLE, "ru") == "Расписание"
    assert actor_name("clock", PEOPLE, "ru") == "Расписание"
    assert actor_name(f"user:{'8f' * 16}", PEOPLE, "ru") == "Бывший участник 8f8f8f"


def test_a_deed_without_words_keeps_its_code_so_that_nothing_is_hidden() -> None:
    assert action_words("new.deed", "ru") == "new.deed"
    assert action_words("membership.removed", "en") == "Removed from the team"
    assert told(event("new.deed", other=5)) == "other: 5"
