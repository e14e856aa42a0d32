"""The words everyone speaks: ids, periods, windows, clock, table schemas, packages, documents, errors."""
