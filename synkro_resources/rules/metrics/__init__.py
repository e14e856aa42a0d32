"""The metrics of docs/metrics.md: one pure function per definition, each returning its value and its rows."""
