"""Whether the rows of a day can be trusted: pure checks, and running them inside the step that stored the rows."""
