"""Period packages, report documents and their delivery."""
