"""Backups of an installation: one sealed file each, made while it works, and restored into an empty place."""
