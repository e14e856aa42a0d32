"""The report document: what a package says to a reader, in sections."""
