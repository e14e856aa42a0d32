"""Start, watch and stop everything on one machine."""
