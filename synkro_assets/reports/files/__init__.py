"""The report on paper and as a workbook."""
