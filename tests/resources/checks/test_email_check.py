"""What a client learns about its mail server before a report is due; no mail leaves unless somebody asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from synkro_resources.control.destinations import Destination
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.sandbox.mail import PASSWORD, MailSandbox, serve_mail
from tests.resources.checks.checking import Findings, checked, only

pytestmark = pytest.mark.xdist_group("mail")
PERSON = Destination("boss", "demo", "email", "irina@example.ru", "Ирина", None, False, True, "", None)
SERVER = {"settings", "connect", "tls", "sign_in", "sender"}


@pytest.fixture
def sandbox() -> Iterator[MailSandbox]:
    with serve_mail() as running:
        yield running


def check(sandbox: MailSandbox, password: str = PASSWORD, **more: Any) -> Findings:
    public = sandbox.settings() | more.pop("public", {})
    return checked(IntegrationKind.EMAIL, public, {"password": password}, **({"destinations": (PERSON,)} | more))


def test_a_working_server_is_good_and_no_mail_leaves(sandbox: MailSandbox) -> None:
    found = check(sandbox)
    assert only(found, "ok") == set(found) == SERVER
    assert sandbox.box.taken == []
    assert only(check(sandbox, destinations=()), "warning") == {"addresses"}


def test_a_test_mail_leaves_only_when_asked_for_and_names_no_address(sandbox: MailSandbox) -> None:
    found = check(sandbox, send_test=True)
    assert found["test_message.boss"].status == "ok"
    assert len(sandbox.box.mails(PERSON.chat_id)) == 1
    sandbox.box.refused = {PERSON.chat_id}
    refused = check(sandbox, send_test=True)["test_message.boss"]
    assert (refused.status, refused.code) == ("broken", "email.recipient_refused")
    assert "irina" not in str(found) + str(refused)


@pytest.mark.parametrize(
    ("public", "name", "code"),
    [
        ({"security": "plain"}, "settings", "email.not_encrypted"),
        ({"sender": "reports"}, "settings", "email.bad_sender"),
        ({"port": 1}, "connect", "email.unreachable"),
        ({"certificate": ""}, "tls", "email.certificate_refused"),
    ],
)
def test_each_fault_is_told_at_its_own_place(
    sandbox: MailSandbox, public: dict[str, str | int], name: str, code: str
) -> None:
    found = check(sandbox, public=public)
    assert only(found, "broken") == {name}
    assert found[name].code == code
    assert sandbox.box.tried == []


def test_a_refused_password_and_a_refused_sender_are_told_apart(sandbox: MailSandbox) -> None:
    login = check(sandbox, password="wrong-password")
    assert (only(login, "broken"), login["sign_in"].code) == ({"sign_in"}, "email.login_refused")
    assert "wrong-password" not in str(login)
    sandbox.box.replies = {"MAIL": "550 not your address"}
    sender = check(sandbox)
    assert (only(sender, "broken"), sender["sender"].code) == ({"sender"}, "email.sender_refused")


def test_a_server_that_cannot_encrypt_gets_no_password() -> None:
    with serve_mail(encrypted=False) as plain:
        found = check(plain)
    assert (only(found, "broken"), found["tls"].code) == ({"tls"}, "email.not_encrypted")


def test_outside_the_sandbox_this_machine_is_no_mail_server(sandbox: MailSandbox) -> None:
    assert check(sandbox, allow_sandbox=False)["settings"].code == "email.bad_host"
