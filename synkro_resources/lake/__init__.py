"""The Parquet lake: one file per table, tenant and local day, plus baselines and folded current tables."""

from synkro_resources.lake.files import Lake, WrittenDay
from synkro_resources.lake.spool import RowSpool

__all__ = ["Lake", "RowSpool", "WrittenDay"]
