"""The period package: every figure with the rows behind it, built from stored days."""
