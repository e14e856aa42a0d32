"""The Parquet lake: one file per table, tenant and local day, plus baselines and folded current tables."""

from synkro_resources.lake.files import Lake, WrittenDay

__all__ = ["Lake", "WrittenDay"]
