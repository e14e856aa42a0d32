"""Running a check within its time, and the whole way from the stored settings to the stored result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import httpx
from pydantic import SecretStr

from synkro_resources.checks.ai import AiCheck
from synkro_resources.checks.amocrm import AmocrmCheck
from synkro_resources.checks.email import EmailCheck
from synkro_resources.checks.parts import CheckRun, IntegrationParts
from synkro_resources.checks.radist import RadistCheck
from synkro_resources.checks.shared import AMOCRM_RATE, RADIST_RATE, shared_access
from synkro_resources.checks.subject import Access, Deadline, Subject
from synkro_resources.checks.supabase import SupabaseCheck
from synkro_resources.checks.telegram import TelegramCheck
from synkro_resources.control.database import Database
from synkro_resources.control.destinations import Destination, list_destinations
from synkro_resources.control.integrations import (
    CheckFinding,
    PublicSettings,
    StoredCheck,
    get_integration,
    read_secrets,
    save_check,
)
from synkro_resources.control.keyring import Keyring
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.clock import Clock, SystemClock
from synkro_resources.model.ids import IntegrationKind

BUDGET_S = 28.0
"""Time of one check. Somebody waits for it in front of a page."""

GRACE_S = 2.0
"""The last call may end after the budget; then nobody waits any longer."""

CHECKS: Mapping[IntegrationKind, Callable[[Subject], IntegrationParts]] = {
    IntegrationKind.AMOCRM: AmocrmCheck,
    IntegrationKind.RADIST: RadistCheck,
    IntegrationKind.SUPABASE: SupabaseCheck,
    IntegrationKind.AI: AiCheck,
    IntegrationKind.TELEGRAM: TelegramCheck,
    IntegrationKind.EMAIL: EmailCheck,
}


def check_integration(
    tenant: str,
    kind: IntegrationKind,
    public: PublicSettings,
    secrets: Mapping[str, SecretStr],
    *,
    clock: Clock | None = None,
    allow_sandbox: bool = False,
    zone: str = "",
    destinations: Sequence[Destination] = (),
    send_test: bool = False,
    budget_s: float = BUDGET_S,
    network: Callable[[], httpx.BaseTransport] = httpx.HTTPTransport,
    access: Access | None = None,
) -> list[CheckFinding]:
    """The findings of one integration, the basic ones first; returns within `budget_s` and a grace of two seconds.

    Never raises for the service's doing: a refusal, an outage and a surprise are all findings. `send_test` sends one
    real message to every active chat or address; nothing else here leaves a trace.
    """
    deadline = Deadline(budget_s)
    subject = Subject(
        tenant=tenant,
        public=public,
        secrets=secrets,
        clock=clock or SystemClock(),
        deadline=deadline,
        allow_sandbox=allow_sandbox,
        zone=zone,
        destinations=destinations,
        send_test=send_test,
        network=network,
        access=access or Access(),
    )
    check = CHECKS[kind](subject)
    run = CheckRun(kind, check.parts(), deadline)

    def whole() -> None:
        try:
            run.run()
        finally:
            check.close()

    # A name that does not resolve or a library without time-outs cannot be interrupted, only left alone.
    thread = threading.Thread(target=whole, name=f"check {kind}", daemon=True)
    thread.start()
    thread.join(budget_s + GRACE_S)
    return run.findings(unfinished_after_s=budget_s if thread.is_alive() else None)


def run_check(
    db: Database,
    keyring: Keyring,
    tenant: str,
    kind: IntegrationKind,
    *,
    clock: Clock,
    allow_sandbox: bool = False,
    send_test: bool = False,
    amocrm_rate: float = AMOCRM_RATE,
    radist_rate: float = RADIST_RATE,
) -> StoredCheck:
    """Check a stored connection and store the result. The rates are requests per second, shared by all processes.

    Raises:
        UserInputError: `integration.missing`.
    """
    secrets = read_secrets(db, keyring, tenant, kind)
    integration = get_integration(db, tenant, kind)
    public = {} if integration is None else integration.public
    checked_at, started = clock.now(), time.monotonic()
    destinations = list_destinations(db, tenant, enabled_only=True)
    findings = check_integration(
        tenant,
        kind,
        public,
        secrets,
        clock=clock,
        allow_sandbox=allow_sandbox,
        zone=get_tenant(db, tenant).zone,
        destinations=[item for item in destinations if item.channel == kind],
        send_test=send_test,
        access=shared_access(
            db,
            keyring,
            tenant,
            kind,
            public,
            clock=clock,
            allow_sandbox=allow_sandbox,
            amocrm_rate=amocrm_rate,
            radist_rate=radist_rate,
        ),
    )
    duration_ms = round((time.monotonic() - started) * 1000)
    status = save_check(
        db,
        tenant,
        kind,
        findings,
        checked_at=checked_at,
        duration_ms=duration_ms,
        version=None if integration is None else integration.version,
    )
    return StoredCheck(status, tuple(findings), checked_at, duration_ms)
