"""Invented vendors on real sockets, written from the vendors' documents, never from our clients' code."""
