"""An operator adds an address from the command line: the code goes by mail and never onto the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synkro_app.cli_commands import admin
from synkro_app.cli_commands.email import email
from synkro_resources.control.tenants import Tenant
from synkro_resources.sandbox.mail import PASSWORD, serve_mail

pytestmark = pytest.mark.xdist_group("mail")


def test_a_server_is_connected_an_address_confirmed_and_removed(
    control_url: str, tenant_a: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("SYNKRO_ALLOW_SANDBOX", "1")
    place = ("--tenant", tenant_a.slug)

    def run(*words: str) -> Result:
        result = CliRunner().invoke(email, words)
        assert result.exit_code == 0, result.output
        return result

    with serve_mail() as mail:
        public = [f"--public={name}={value}" for name, value in mail.settings().items()]
        connect = ["set", *place, "--kind", "email", *public, "--public", "attach_files:=true", "--secret", "password"]
        connected = CliRunner().invoke(admin.integration, connect, input=f"{PASSWORD}\n")
        assert (connected.exit_code, PASSWORD in connected.output) == (0, False)
        added = run("add", *place, "irina@example.ru", "--admins")
        code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", str(mail.box.mails()[0]["Subject"]))
        assert code is not None
        assert code.group() not in added.output
        destination = added.output.split()[0]
        assert "unconfirmed" in run("list", *place).output
        run("confirm", *place, destination, code.group())
        checked = CliRunner().invoke(admin.integration, ["check", *place, "--kind", "email", "--send-test"])
        assert checked.exit_code == 0, checked.output
        assert len(mail.box.mails()) == 2
    assert re.search(r"  on +admins irina@example.ru", run("list", *place).output)
    run("admins", *place, destination, "off")
    run("remove", *place, destination)
    assert "removed" in run("list", *place).output


def test_the_files_of_a_tenants_chats_are_chosen_and_shown(
    control_url: str, tenant_a: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNKRO_DATABASE_URL", control_url)
    monkeypatch.setenv("SYNKRO_STATE_DIR", str(tmp_path))
    place = ("files", "--tenant", tenant_a.slug)
    said = [
        CliRunner().invoke(admin.tenant, [*place, *words]).output
        for words in ([], ["--attach", "pdf", "--attach", "xlsx"], [], ["--none"])
    ]
    assert said == ["no files (без файлов)\n", "pdf, xlsx\n", "pdf, xlsx\n", "no files (без файлов)\n"]
