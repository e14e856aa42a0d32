"""The workbook of a report: one sheet per list of the package (docs/report.md, «XLSX»)."""

from synkro_assets.reports.files.workbook.writing import write_workbook

__all__ = ["write_workbook"]
