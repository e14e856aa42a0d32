"""The report on its way: as each channel shows it, and the outbox that sends it once."""
