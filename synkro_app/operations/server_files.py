"""The files that a server needs around Synkro: environment, systemd units, a site of nginx. Text in, text out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from synkro_resources.model.errors import Sentence, UserInputError

HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
SAFE_PATH = re.compile(r"/[A-Za-z0-9._/-]+")  # systemd and nginx have quoting rules of their own
ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
UNIT, NIGHTLY, TIMER, SITE = "synkro.service", "synkro-nightly.service", "synkro-nightly.timer", "nginx-synkro.conf"
KEPT_BACKUPS = 14
KEPT_RUN_DAYS = 90


@dataclass(frozen=True, slots=True)
class Server:
    """What the files are made of. `folder` holds the state folder, the backups and the files themselves."""

    folder: Path
    account: str
    program: Path
    public_url: str
    cabinet_port: int

    @property
    def state_dir(self) -> Path:
        return self.folder / "state"

    @property
    def environment_file(self) -> Path:
        return self.folder / "synkro.env"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def host(self) -> str:
        """Host of the public address; empty without one."""
        return urlsplit(self.public_url).hostname or ""


def checked_server(server: Server) -> Server:
    """The same, if nothing in it could break out of the files.

    Raises:
        UserInputError: `init.bad_url`, `init.bad_folder`, `init.bad_account`.
    """
    parts = urlsplit(server.public_url)
    plain = f"{parts.scheme}://{parts.netloc}"
    bare = server.public_url == plain and "@" not in parts.netloc and HOST.fullmatch(server.host)
    if server.public_url and not (parts.scheme in ("http", "https") and bare):
        raise UserInputError(
            "init.bad_url",
            Sentence(f"Не адрес сайта: {server.public_url}.", f"Not the address of a site: {server.public_url}."),
            Sentence("Нужен вид https://cabinet.example.ru, без пути.", "Write https://cabinet.example.com, no path."),
        )
    for path in (server.folder, server.program):
        if not SAFE_PATH.fullmatch(str(path)):
            raise UserInputError(
                "init.bad_folder",
                Sentence(f"Такой путь не годится: {path}.", f"This path cannot be used: {path}."),
                Sentence(
                    "Нужен полный путь из латинских букв, цифр и знаков . _ - /",
                    "Use a whole path of Latin letters, digits and . _ - /",
                ),
            )
    if not ACCOUNT.fullmatch(server.account):
        raise UserInputError(
            "init.bad_account",
            Sentence(f"Не имя учётной записи: {server.account}.", f"Not the name of an account: {server.account}."),
            Sentence("Например: synkro.", "For example: synkro."),
        )
    return server


def environment(before: str, values: dict[str, str]) -> str:
    """`before` with these variables: what is written there already stays, unknown lines and comments too."""
    lines = before.splitlines() or ["# Settings of Synkro (README, «Settings»). Read by systemd; owner only."]
    known = {line.partition("=")[0].strip() for line in lines if "=" in line and not line.startswith("#")}
    added = [f"{name}={value}" for name, value in values.items() if name not in known]
    return "\n".join([*lines, *added]) + "\n"


def changed_variables(before: str, values: dict[str, str]) -> str:
    """`before` with these variables set to new values where they are written already."""
    for name, value in values.items():
        before = re.sub(rf"(?m)^{re.escape(name)}=.*$", lambda _, line=f"{name}={value}": line, before)
    return before


def variable(text: str, name: str) -> str:
    """The value of a variable in such a file; empty if it has none."""
    found = re.search(rf"(?m)^{re.escape(name)}=(.*)$", text)
    return found[1].strip() if found else ""


def unit(server: Server) -> str:
    """The service. Only its main process gets SIGTERM: it stops the others in order."""
    return f"""\
[Unit]
Description=Synkro: database, Dagster and cabinet
After=network-online.target
Wants=network-online.target

[Service]
{_common(server)}
ExecStart={server.program} up
Restart=on-failure
RestartSec=10
KillMode=mixed
TimeoutStopSec=120
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"""


def nightly_unit(server: Server) -> str:
    """Backup, then the clearing of old logs; a failure is a failed unit (`systemctl --failed`)."""
    return f"""\
[Unit]
Description=Synkro: nightly backup and clearing of old logs

[Service]
Type=oneshot
{_common(server)}
ExecStart={server.program} backup --to {server.folder}/backups --keep {KEPT_BACKUPS} --verify
ExecStart={server.program} prune --days {KEPT_RUN_DAYS}
Nice=10
IOSchedulingClass=idle
"""


def nightly_timer() -> str:
    return """\
[Unit]
Description=Synkro: every night

[Timer]
OnCalendar=*-*-* 00:30:00 UTC
RandomizedDelaySec=20min
Persistent=true

[Install]
WantedBy=timers.target
"""


def site(server: Server) -> str:
    """nginx in front of the cabinet; certbot adds TLS to it. Addresses that are secrets are never logged."""
    upstream = f"http://127.0.0.1:{server.cabinet_port}"
    return f"""\
map $http_upgrade $synkro_connection {{
    default upgrade;
    ''      close;
}}

server {{
    listen 80;
    listen [::]:80;
    server_name {server.host};

    client_max_body_size 25m;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $synkro_connection;
    proxy_read_timeout 1h;
    proxy_buffering off;

    # The address itself is the secret: webhooks, one-time links, the answer of amoCRM's consent.
    location ~ ^/(hooks|invite|reset|amocrm)/ {{
        access_log off;
        error_log /dev/null crit;
        proxy_pass {upstream};
    }}

    location / {{
        proxy_pass {upstream};
    }}
}}
"""


def _common(server: Server) -> str:
    return f"""\
User={server.account}
EnvironmentFile={server.environment_file}
Environment=HOME={server.folder}
WorkingDirectory={server.folder}
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ReadWritePaths={server.folder}
ProtectKernelTunables=yes
ProtectControlGroups=yes"""
