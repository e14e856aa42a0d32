"""`synkro init`: prepare a bare server, and say what is left to do there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synkro_app.operations.server_files import Server

DEFAULT_FOLDER = "/srv/synkro"
DEFAULT_ACCOUNT = "synkro"

WITHOUT_HTTPS = """
Публичного адреса https нет, поэтому пока не работают:
  · подключение amoCRM по согласию (OAuth): amoCRM возвращает человека только на адрес https;
    долгосрочный токен amoCRM работает и так;
  · вебхуки Telegram и Radist: они приходят только на адрес https; боты слышны опросом, данные Radist загружаются;
  · вход с других машин: пароль и cookie ушли бы открытым текстом.
There is no public https address, so these are off for now:
  · amoCRM by consent (OAuth): amoCRM sends people back to https only; a long-lived token works without;
  · webhooks of Telegram and Radist: they come to https only; bots are polled, Radist's data are loaded all the same;
  · sign-in from other machines: passwords and cookies would travel in the clear.
Later / Потом: synkro init --dir {folder} --public-url https://…
"""


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help=f"Default: {DEFAULT_FOLDER}.")
@click.option("--public-url", help="Address that people use, https://…; empty text: none yet.")
@click.option("--email", help="E-mail of the first operator.")
@click.option("--account", help=f"System account of the service. Default: {DEFAULT_ACCOUNT}.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="The cabinet's port.")
def init(folder: Path | None, public_url: str | None, email: str | None, account: str | None, port: int) -> None:
    """Prepare a server: keys, settings, systemd units, a site for nginx; then print the next steps.

    Writes below --dir only and may be repeated: keys and settings that exist stay.
    """
    from synkro_app.operations.first_setup import set_up, stored_url
    from synkro_app.operations.server_files import Server

    place = (folder or Path(_asked("Папка / Folder", DEFAULT_FOLDER))).absolute()
    given = public_url is not None
    known = stored_url(place)
    address = public_url if given else _asked("Публичный адрес / Public address (https://…)", known)
    server = Server(
        folder=place,
        account=account or _asked("Учётная запись службы / Account of the service", DEFAULT_ACCOUNT),
        program=Path(sys.executable).parent / "synkro",
        public_url=(address or "").rstrip("/"),
        cabinet_port=port,
    )
    person = email or _asked("Почта первого оператора / E-mail of the first operator", "")
    for written in set_up(server, url_given=given or address != known):
        click.echo(f"{'записан / written' if written.changed else 'без изменений / kept':<28}{written.path}")
    if not server.is_https:
        click.echo(WITHOUT_HTTPS.format(folder=place).rstrip())
    click.echo(_next_steps(server, person))


def _asked(question: str, default: str) -> str:
    """The answer of a person at a terminal; elsewhere the default."""
    return click.prompt(question, default=default) if sys.stdin.isatty() else default


def _next_steps(server: Server, email: str) -> str:
    """The commands that are left, in order; each may be repeated."""
    from synkro_app.operations.first_setup import account_exists
    from synkro_app.operations.server_files import NIGHTLY, SITE, TIMER, UNIT

    folder, units = server.folder, "/etc/systemd/system/"
    run = f"sudo -u {server.account} env SYNKRO_STATE_DIR={server.state_dir} {server.program}"
    steps: list[str] = []
    if not account_exists(server.account):
        steps += [
            f"sudo adduser --system --group --no-create-home --home {folder} {server.account}",
            f"sudo chown -R {server.account}: {folder}",
        ]
    steps += [
        f"sudo cp {folder}/{UNIT} {folder}/{NIGHTLY} {folder}/{TIMER} {units}",
        "sudo systemctl daemon-reload",
        f"sudo systemctl enable --now {UNIT} {TIMER}",
    ]
    if server.host:
        steps += [
            "sudo apt-get install -y nginx certbot python3-certbot-nginx",
            f"sudo cp {folder}/{SITE} /etc/nginx/sites-available/synkro",
            "sudo ln -sf ../sites-available/synkro /etc/nginx/sites-enabled/synkro",
            "sudo nginx -t && sudo systemctl reload nginx",
        ]
    if server.is_https:
        steps.append(f"sudo certbot --nginx -d {server.host} --redirect")
    who = email or "…"
    steps += [
        f"{run} user add --operator --email {who} --name …",
        f"{run} tenant add SLUG --name … --zone Europe/Moscow",
        f"{run} user invite --email … --tenant SLUG --role owner",
    ]
    listed = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
    return f"""
Дальше / Next:
{listed}

Ключи / Keys: {server.state_dir}/secret.keys
Сохраните их отдельно от копий: без них копию не открыть. / Keep them apart from the backups: nothing opens without.
Демо живёт отдельно: make demo. / The demo is apart: make demo."""
