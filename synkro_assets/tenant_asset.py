"""`@tenant_asset`: partitions, tags, error classes, journal and metadata for every asset, in one place.

The decorator only declares; `TenantAsset.build` turns the declaration into a Dagster asset once the installation's
partitions are known, so that importing an asset module does no I/O and reads no setting.
"""

# No postponed annotations here: Dagster compares the context's annotation with its own classes.
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg
import pyarrow as pa

from synkro_assets.custom_period import RESOURCE as CUSTOM_PERIOD
from synkro_assets.data_checks.references import REFERENCES
from synkro_assets.data_checks.run import check_days, check_names
from synkro_assets.data_checks.verdicts import STOPPING, Verdict
from synkro_assets.day_marks import note_source
from synkro_assets.partitions import days_of
from synkro_assets.run_scope import OpenRun, RunScope, interrupted, periods_of, window_of
from synkro_assets.staleness import PLACES
from synkro_assets.step_metadata import Metadata, company_link, static_metadata, stored_metadata
from synkro_assets.tenant_run import TenantRun
from synkro_resources import telemetry
from synkro_resources.control import journal
from synkro_resources.control.check_remedies import remedy_of
from synkro_resources.control.integrations import mark_broken
from synkro_resources.lake import RowSpool
from synkro_resources.model.errors import DataError, IntegrationError, RefusedError, Sentence, SynkroError
from synkro_resources.model.ids import IntegrationKind
from synkro_resources.model.period import PeriodKind
from synkro_resources.model.tables import TABLES, Layout, Table
from synkro_resources.model.tables.dialogs import EPISODE
from synkro_resources.platform import Platform

OWNER = "team:data"
SHOWN_DAYS = 31
BASE_RESOURCES = frozenset({"platform", "lake", "run_scope"})

Rows = pa.Table | RowSpool
Body = Callable[..., Rows | None]


@dataclass(frozen=True)
class TenantAsset:
    """A declared asset. `inputs` maps the body's parameters to tables of the same days; `after` only orders."""

    key: tuple[str, ...]
    table: Table | None
    inputs: Mapping[str, Table]
    after: tuple[tuple[str, ...], ...]
    resources: frozenset[str]
    kinds: frozenset[str]
    code_version: str
    description: str
    body: Body
    afterwards: Callable[[TenantRun], None] | None = None
    beforehand: Callable[[TenantRun, pa.Table], None] | None = None
    period: PeriodKind = PeriodKind.DAY

    @property
    def name(self) -> str:
        return "/".join(self.key)

    def build(self, partitions: Mapping[PeriodKind, dg.PartitionsDefinition[str]]) -> dg.AssetsDefinition:
        """The Dagster asset: range-capable, one tenant per run, read through the lake's IO manager."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # backfill policies and mappings are beta, used only here
            return self._build(partitions[self.period])

    def _dependency(self, key: tuple[str, ...]) -> dg.AssetDep:
        """What must be done first: the same period of a neighbour, or the days of a table."""
        is_table = "/".join(key) in TABLES
        mapping = days_of(self.period) if is_table and self.period is not PeriodKind.DAY else None
        return dg.AssetDep(dg.AssetKey(list(key)), partition_mapping=mapping)

    def _build(self, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
        @dg.asset(
            key=dg.AssetKey(list(self.key)),
            ins={name: dg.AssetIn(dg.AssetKey(table.asset_key)) for name, table in self.inputs.items()},
            deps=[self._dependency(key) for key in self.after],
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            io_manager_key="lake_io",
            required_resource_keys=self._resource_keys(),
            group_name=self.key[0],
            kinds=set(self.kinds),
            owners=[OWNER],
            code_version=self.code_version,
            description=self.description,
            metadata=static_metadata(self.table),
            check_specs=self._check_specs(),
        )
        def asset(context: dg.AssetExecutionContext, **inputs: pa.Table) -> Iterator[object]:
            metadata, checks = self._run(context, inputs)
            inputs.clear()
            pa.default_memory_pool().release_unused()  # it keeps what the largest step needed
            yield dg.MaterializeResult(metadata=metadata, check_results=checks)

        return asset

    def _resource_keys(self) -> set[str]:
        return {*BASE_RESOURCES, *self.resources, *([CUSTOM_PERIOD] if self.period is PeriodKind.CUSTOM else [])}

    def _check_specs(self) -> list[dg.AssetCheckSpec]:
        """A schema that is not ours and rows of a foreign account stop the run; everything else is judged per day,
        because one event would stop every day of a range.
        """
        names = [] if self.table is None else check_names(self.table)
        key = dg.AssetKey(list(self.key))
        return [dg.AssetCheckSpec(name, asset=key, blocking=name in STOPPING) for name in names]

    def _run(
        self, context: dg.AssetExecutionContext, inputs: Mapping[str, pa.Table]
    ) -> tuple[Metadata, list[dg.AssetCheckResult]]:
        """Run the body, store its rows, and return the metadata of the whole step.

        The rows are stored here and not by the IO manager, so that a failing disk is journaled like any other error
        and each day's event tells how many rows its file really holds.
        """
        platform: Platform = context.resources.platform
        scope: RunScope = context.resources.run_scope
        with _failures_explained(context):
            tenant, periods = periods_of(context, self.period)
            window = window_of(tenant, periods, platform)
            open_run = scope.enter(context, window)
            run = TenantRun(context, platform, context.resources.lake, window, tuple(periods))
            run.notes.rows_in = sum(table.num_rows for table in inputs.values())
            with _journaled(self.name, run, open_run) as step:
                if self.table is not None:  # a report still goes out when the disk is nearly full
                    run.lake.require_free_space()
                rows = self.body(run, **inputs)
                if rows is None or self.table is None:
                    step.rows_out = run.notes.rows_out
                    return {**company_link(run), **run.notes.extra}, []
                if self.beforehand is not None and isinstance(rows, pa.Table):
                    self.beforehand(run, rows)
                if self.table.name == EPISODE.name:
                    scope.forget(PLACES)
                written = run.lake.write_days(self.table, run.tenant, window.days, rows)
                step.rows_out = sum(file.given for file in written)
                if isinstance(rows, RowSpool):
                    run.notes.repeated += rows.added - step.rows_out
                    rows.close()
                if self.table.layout is Layout.ENTITY:
                    run.lake.write_empty_baseline(self.table, run.tenant)
                note_source(run, self.table, written)
                began = time.perf_counter()
                found = check_days(run, self.table, step.rows_out)
                run.notes.extra["checks_ms"] = round((time.perf_counter() - began) * 1000, 1)
                step.stopped = _stopped(found, run.tenant)
                if self.afterwards is not None:
                    self.afterwards(run)
            return stored_metadata(context, self.table, run, written), _check_results(self.key, found)


def tenant_asset(
    target: Table | str,
    *,
    inputs: Mapping[str, Table] | None = None,
    after: Sequence[Table | str] = (),
    resources: Sequence[str] = (),
    kinds: Sequence[str] = ("parquet",),
    code_version: str = "1",
    description: str = "",
    afterwards: Callable[[TenantRun], None] | None = None,
    beforehand: Callable[[TenantRun, pa.Table], None] | None = None,
    period: PeriodKind = PeriodKind.DAY,
) -> Callable[[Body], TenantAsset]:
    """Declare an asset of tenant × local day, or of a longer period.

    Args:
        target: the table it fills, or the asset key joined by «/» if it stores nothing in the lake.
        inputs: body parameter → upstream table; the same days are read.
        after: upstreams that must be done first but are not loaded.
        resources: further Dagster resources that the body uses.
        description: what operators read; default: the body's docstring.
        afterwards: called once the rows are stored, inside the same journaled step.
        beforehand: called with the rows (a table, no spool) before they are stored, inside the same step.
        period: what its partitions are; `run.periods` names those of a run.
    """
    table = target if isinstance(target, Table) else None
    key = tuple((table.name if table else str(target)).split("/"))

    def declare(body: Body) -> TenantAsset:
        summary = description or (body.__doc__ or "").strip()
        return TenantAsset(
            key=key,
            table=table,
            inputs=dict(inputs or {}),
            after=_upstreams(table, after, inputs or {}),
            resources=frozenset(resources),
            kinds=frozenset(kinds),
            code_version=code_version,
            description=summary or (f"{table.en}. {table.ru}." if table else ""),
            body=body,
            afterwards=afterwards,
            beforehand=beforehand,
            period=period,
        )

    return declare


def _upstreams(
    table: Table | None, after: Sequence[Table | str], inputs: Mapping[str, Table]
) -> tuple[tuple[str, ...], ...]:
    """What must be stored first: what the body needs, and what the table's references are looked up in."""
    names = [item.name if isinstance(item, Table) else item for item in after]
    names += [reference.target.name for reference in REFERENCES.get(table.name, ())] if table is not None else []
    read = {item.name for item in inputs.values()}
    return tuple(tuple(name.split("/")) for name in dict.fromkeys(names) if name not in read)


def _check_results(key: tuple[str, ...], found: Mapping[date, Sequence[Verdict]]) -> list[dg.AssetCheckResult]:
    """One result per check over all days of the run; the days that failed are in its metadata."""
    by_check: dict[str, list[tuple[date, Verdict]]] = {}
    for day, items in found.items():
        for verdict in items:
            by_check.setdefault(verdict.check, []).append((day, verdict))
    results: list[dg.AssetCheckResult] = []
    for name, items in by_check.items():
        failed = [(day, verdict) for day, verdict in items if not verdict.passed]
        shown = failed[-1][1] if failed else items[-1][1]
        severe = any(verdict.blocking for _, verdict in failed)
        results.append(
            dg.AssetCheckResult(
                passed=not failed,
                asset_key=dg.AssetKey(list(key)),
                check_name=name,
                severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
                description=shown.what.en if not failed else f"{shown.what.en} {remedy_of(name).en}",
                metadata={
                    "days_failed": len(failed),
                    "days": [day.isoformat() for day, _ in failed][:SHOWN_DAYS],
                    "what_ru": shown.what.ru,
                    "remedy_ru": remedy_of(name).ru,
                },
            )
        )
    return results


@dataclass(slots=True)
class _Step:
    """`stopped`: why nothing may follow, though the rows are stored; Dagster's blocking check ends the run."""

    rows_out: int | None = None
    stopped: SynkroError | None = None


@contextmanager
def _journaled(asset: str, run: TenantRun, open_run: OpenRun) -> Iterator[_Step]:
    """One row of the journal per step: what clients see of a run, success and failure alike."""
    control, step = run.platform.control, _Step()
    step_id = journal.start_step(
        control, run.tenant, open_run.run_id, asset, run.window.first_day, run.window.last_day, run.clock
    )

    began = time.monotonic()

    def finish(status: journal.StepStatus, error: SynkroError | None) -> None:
        telemetry.took("synkro.step.duration", time.monotonic() - began, asset=asset, status=status)
        journal.finish_step(
            control,
            run.tenant,
            step_id,
            status=status,
            rows_in=run.notes.source_rows if run.notes.source_rows is not None else run.notes.rows_in,
            rows_out=step.rows_out,
            requests=_requests(run),
            error=error,
            clock=run.clock,
        )

    try:
        with telemetry.span(
            asset, parent=open_run.trace, tenant=run.tenant, days=(run.window.last_day - run.window.first_day).days + 1
        ) as trace:
            yield step
            trace.set("rows", step.rows_out or 0)
            if step.stopped is not None:
                trace.fail(step.stopped.code)
    except SynkroError as error:
        open_run.failed = True
        finish("failed", error)
        if isinstance(error, IntegrationError) and error.integration in set(IntegrationKind):
            mark_broken(control, run.tenant, IntegrationKind(error.integration), error)
        raise
    except (dg.DagsterExecutionInterruptedError, KeyboardInterrupt):
        open_run.failed = True
        finish("failed", interrupted(run.tenant))
        raise
    except BaseException as error:
        open_run.failed = True
        finish("failed", _unexpected(error, run.tenant))
        raise
    if step.stopped is not None:
        open_run.failed = True
        finish("failed", step.stopped)
        return
    finish("done", None)


def _stopped(found: Mapping[date, Sequence[Verdict]], tenant: str) -> SynkroError | None:
    """The finding after which the run stops, in the words of the check."""
    for verdict in (verdict for verdicts in found.values() for verdict in verdicts):
        if verdict.check in STOPPING and not verdict.passed:
            return DataError(f"check.{verdict.check}", verdict.what, remedy_of(verdict.check), tenant=tenant)
    return None


def _unexpected(error: BaseException, tenant: str) -> SynkroError:
    """What the journal says of an error nobody foresaw: its class, never its text, which may hold personal data."""
    name = type(error).__name__
    return SynkroError(
        "internal",
        Sentence(f"Внутренняя ошибка ({name}).", f"Internal error ({name})."),
        Sentence("Мы уже знаем о ней; повторите позже.", "We have been told; try again later."),
        tenant=tenant,
        detail=name,
    )


@contextmanager
def _failures_explained(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Turn our errors into Dagster failures with the code and the remedy; only the request saga retries runs."""
    try:
        yield
    except SynkroError as error:
        if isinstance(error, RefusedError):
            context.log.error("refused: %s %s", error.what.en, error.remedy.en)
        raise dg.Failure(
            description=f"{error.what.en} {error.remedy.en}",
            metadata={"code": error.code, "remedy_ru": error.remedy.ru, "retryable": error.retryable},
            allow_retries=False,
        ) from error


def _requests(run: TenantRun) -> int | None:
    watched = run.notes.watched
    return sum(item.spent.requests for item in watched) if watched else None
