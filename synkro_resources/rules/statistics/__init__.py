"""Statistics of the reports (docs/metrics.md, «Statistics»); resampling needs numpy and comes from `bootstrap`."""

from synkro_resources.rules.statistics.samples import (
    MEDIAN_FROM_ROWS,
    P90_FROM_ROWS,
    SHARE_FROM_ROWS,
    Display,
    Quantile,
    Share,
    median,
    p90,
    percentile,
)
from synkro_resources.rules.statistics.significance import (
    NOT_COMPARABLE,
    Tested,
    compare_counts,
    compare_shares,
    wilson,
)

__all__ = [
    "MEDIAN_FROM_ROWS",
    "NOT_COMPARABLE",
    "P90_FROM_ROWS",
    "SHARE_FROM_ROWS",
    "Display",
    "Quantile",
    "Share",
    "Tested",
    "compare_counts",
    "compare_shares",
    "median",
    "p90",
    "percentile",
    "wilson",
]
