"""What a run holds while it works for one tenant: the tenant's lock, a heartbeat, and its row in the journal.

The lock lives in the control database and not in a run tag, so that a backfill which an operator starts in the
Dagster UI without any tag is safe too (docs/architecture.md, «Runs»).
"""

# No postponed annotations here: Dagster reads a resource's dependencies from its annotations.
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

import dagster as dg

from synkro_assets.partitions import ATTEMPT_TAG, REQUEST_TAG, STAGE_TAG, TENANT_TAG, one_tenant, only_tenant
from synkro_resources import telemetry
from synkro_resources.control import journal
from synkro_resources.control.locks import tenant_lock
from synkro_resources.control.tenants import get_tenant
from synkro_resources.model.errors import RefusedError, Sentence, TransientError
from synkro_resources.model.period import Period, PeriodKind
from synkro_resources.model.window import TenantWindow
from synkro_resources.platform import Platform

HEARTBEAT_S = 10.0
"""A run whose heartbeat is 60 s old counts as dead: several beats may be lost before that."""

Made = TypeVar("Made")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class OpenRun:
    """The run in progress. `failed` turns true with the first failing step and decides the run's final status."""

    run_id: str
    tenant: str
    trace: telemetry.Span
    failed: bool = False
    stop_beating: threading.Event = field(default_factory=threading.Event)


class RunScope:
    """Opened lazily by the first step of a run, closed when the run's resources are torn down."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stack = ExitStack()
        self._open: OpenRun | None = None
        self.shared: dict[str, object] = {}
        """What steps leave for later ones of the run, because it was dear to make and cannot change in between."""

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` gives, made at the first call of the run and then kept until somebody forgets it."""
        if name not in self.shared:
            self.shared[name] = make()
        return cast(Made, self.shared[name])

    def forget(self, name: str) -> None:
        """Make it anew at the next call: what it is made of is about to change, or nobody needs it any more."""
        self.shared.pop(name, None)

    def enter(self, context: dg.AssetExecutionContext, window: TenantWindow) -> OpenRun:
        """Take the tenant's lock and start the journal's run, once per run.

        Raises:
            RefusedError: `run.tag_mismatch`. TransientError: `run.tenant_busy`.
        """
        if self._open is not None:
            return self._open
        tags = context.run.tags
        tagged = tags.get(TENANT_TAG, window.tenant)
        if tagged != window.tenant:
            raise RefusedError(
                "run.tag_mismatch",
                Sentence(
                    f"Тег synkro/tenant = {tagged}, а дни принадлежат {window.tenant}.",
                    f"The tag synkro/tenant says {tagged}, the days belong to {window.tenant}.",
                ),
                Sentence("Исправьте тег и запустите снова.", "Correct the tag and launch again."),
                tenant=window.tenant,
            )
        platform = self._platform
        self._stack.enter_context(
            tenant_lock(platform.control, window.tenant, wait_s=platform.settings.tenant_lock_wait_s)
        )
        about = telemetry.begin(
            "run",
            tenant=window.tenant,
            run_id=context.run.run_id,
            request_id=tags.get(REQUEST_TAG, ""),
            job=context.run.job_name,
            stage=tags.get(STAGE_TAG, ""),
            first_day=window.first_day.isoformat(),
            last_day=window.last_day.isoformat(),
        )
        self._stack.callback(about.end)
        run = OpenRun(context.run.run_id, window.tenant, about)
        journal.start_run(
            platform.control,
            tenant=window.tenant,
            run_id=run.run_id,
            request_id=tags.get(REQUEST_TAG),
            job=context.run.job_name,
            stage=tags.get(STAGE_TAG, ""),
            attempt=int(tags.get(ATTEMPT_TAG, "1")),
            first_day=window.first_day,
            last_day=window.last_day,
            clock=platform.clock,
        )
        self._stack.callback(self._finish, run)
        self._start_beating(run)
        self._open = run
        return run

    def close(self) -> None:
        """Finish the journal's run and release the lock; safe to call when nothing was opened."""
        self._stack.close()
        self._open = None
        self.shared.clear()

    def _finish(self, run: OpenRun) -> None:
        run.stop_beating.set()
        if run.failed:
            run.trace.fail("run.failed")
        journal.finish_run(
            self._platform.control,
            run.tenant,
            run.run_id,
            status="failed" if run.failed else "done",
            clock=self._platform.clock,
        )

    def _start_beating(self, run: OpenRun) -> None:
        def beat() -> None:
            while not run.stop_beating.wait(HEARTBEAT_S):
                try:
                    journal.heartbeat(self._platform.control, run.tenant, run.run_id, self._platform.clock)
                except Exception:  # noqa: BLE001  # a lost beat must not end the run: the next one tries again
                    _log.warning("heartbeat of run %s failed, trying again", run.run_id, exc_info=True)

        threading.Thread(target=beat, name="heartbeat", daemon=True).start()


class RunScopeResource(dg.ConfigurableResource[RunScope]):
    """One scope per run: with the in-process executor a run's resources live as long as the run."""

    platform: dg.ResourceDependency[Platform]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[RunScope]:
        del context
        scope = RunScope(self.platform)
        try:
            yield scope
        finally:
            scope.close()


def periods_of(context: dg.AssetExecutionContext, kind: PeriodKind) -> tuple[str, Sequence[Period]]:
    """The run's tenant and its ascending days, weeks or months, or its one custom period."""
    if kind is PeriodKind.CUSTOM:
        return only_tenant(context.partition_keys), [context.resources.custom_period.period()]
    return one_tenant(context.partition_keys, kind)


def window_of(tenant: str, periods: Sequence[Period], platform: Platform) -> TenantWindow:
    """The days of the periods in the tenant's own zone."""
    zone = get_tenant(platform.control, tenant).zone
    return TenantWindow(tenant, zone, periods[0].first_day, periods[-1].last_day)


INTERRUPTED = "run.interrupted"


def interrupted(tenant: str) -> TransientError:
    """What the journal says of a run whose process was told to stop: nobody is to blame, and it goes on later."""
    return TransientError(
        INTERRUPTED,
        Sentence("Загрузку остановили на полпути.", "The load was stopped on its way."),
        Sentence(
            "Готовые дни сохранены; загрузка продолжится сама, а запущенная командой — той же командой.",
            "Finished days are kept; it goes on by itself, or by the same command if a command had started it.",
        ),
        tenant=tenant,
    )
