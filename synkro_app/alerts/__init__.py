"""What the platform's own operators are told: one message per incident and one when it is over (docs/operations.md)."""
