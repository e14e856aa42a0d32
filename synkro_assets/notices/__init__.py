"""Telling people what fails: admins with cause and remedy, readers in one line (docs/operations.md, «Notices»)."""
