"""What breaks, what the client sees of it, what is lost, and how it recovers: `make faults` (docs/faults.md)."""
