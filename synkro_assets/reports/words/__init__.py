"""What figures and facts are called in a report, in the tenant's language."""
