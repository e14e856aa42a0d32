"""How good the labels are: a model against agreed labels, planted errors, orders in texts (docs/analysis.md)."""
