"""What pages may ask: query functions with rights inside."""
