"""Attacks on the product, each with the refusal that is expected; `make attacks` runs them and prints the table.

What belongs here: the catalogue, the collection of what was seen, the programs that look at code and dependencies. The
attacks themselves are tests: most of them of the normal suite, the long ones in `tests/attacks`. See docs/security.md.
"""
