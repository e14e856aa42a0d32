"""The metrics of docs/metrics.md: one pure function per definition, each returning its value and its rows."""

METRIC_VERSION = "m1"
"""Version of the definitions; a change of any formula, filter or default raises it and breaks every series visibly."""
