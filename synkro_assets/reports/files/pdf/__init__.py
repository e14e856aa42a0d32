"""The report as a PDF: summary, people, losses and method on A4 (docs/report.md, «PDF»)."""

from synkro_assets.reports.files.pdf.document import write_pdf

__all__ = ["write_pdf"]
