"""One module per page; a page asks a service and draws the answer."""
