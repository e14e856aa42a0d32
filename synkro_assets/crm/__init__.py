"""amoCRM: deals, contacts, companies, moves and calls."""
