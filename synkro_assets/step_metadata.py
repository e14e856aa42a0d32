"""What Dagster shows of a step: a table's columns, what a load read and stored, a preview, the way to the company."""

# No postponed annotations here: Dagster compares the context's annotation with its own classes.
from collections.abc import Sequence
from typing import Any

import dagster as dg

from synkro_assets.partitions import day_key, known_present
from synkro_assets.tenant_run import TenantRun, without_days
from synkro_resources.lake import WrittenDay
from synkro_resources.model.addresses import company_address
from synkro_resources.model.tables import Table

Metadata = dict[str, Any]
PREVIEW_ROWS = 5


def static_metadata(table: Table | None) -> Metadata:
    """Columns with their meaning, and where the rows come from; nothing for a step without a table."""
    if table is None:
        return {}
    columns = [
        dg.TableColumn(
            column.name,
            type=str(column.type),
            description=f"{column.en}. {column.ru}." + (f" [{column.unit}]" if column.unit else ""),
            tags={"personal_data": ""} if column.personal else {},
            constraints=dg.TableColumnConstraints(nullable=not column.required),
        )
        for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "source": table.source}


def company_link(run: TenantRun) -> Metadata:
    """From an event in Dagster to the company's card, which is the operators' page of the cabinet."""
    return {"company": dg.MetadataValue.url(company_address(run.platform.settings.cabinet_url, run.tenant))}


def stored_metadata(
    context: dg.AssetExecutionContext, table: Table, run: TenantRun, written: Sequence[WrittenDay]
) -> Metadata:
    """Stored rows on each day's own event; totals and a preview without personal data on all of them."""
    with known_present(run.tenant):
        for file in written:
            if file.day is not None:
                context.add_asset_metadata(
                    {"dagster/partition_row_count": file.rows}, partition_key=str(day_key(run.tenant, file.day))
                )
    metadata: Metadata = {
        "rows": sum(file.given for file in written),
        "days": len(run.window.days),
        "path": dg.MetadataValue.path(str(run.lake.folder(table, run.tenant))),
        **company_link(run),
        **run.notes.extra,
    }
    if run.notes.source_rows is not None:
        metadata |= {
            "rows_at_the_source": run.notes.source_rows,
            "rows_of_other_days": run.notes.outside,
            "rows_put_aside": run.notes.quarantined,
            "rows_repeated": run.notes.repeated,
        }
    for item in run.notes.watched:
        spent = item.spent
        metadata |= {
            "requests": spent.requests,
            "bytes": spent.bytes,
            "waits_s": round(spent.waits_s, 1),
            "retries": spent.retries,
            "slowdowns": spent.slowdowns,
        }
    preview = _preview(table, run, written)
    if preview is not None:
        metadata["preview"] = preview
    return metadata


def _preview(table: Table, run: TenantRun, written: Sequence[WrittenDay]) -> dg.MarkdownMetadataValue | None:
    visible = [column.name for column in table.columns if not column.personal]
    shown = next((file.day for file in written if file.day is not None and file.rows), None)
    if shown is None:
        return None
    stored = run.lake.read_days(table, run.tenant, [shown], columns=visible)
    head = without_days(stored).slice(0, PREVIEW_ROWS).to_pylist()
    lines = ["| " + " | ".join(visible) + " |", "|" + "---|" * len(visible)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in visible) + " |" for row in head]
    return dg.MarkdownMetadataValue("\n".join(lines))


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
