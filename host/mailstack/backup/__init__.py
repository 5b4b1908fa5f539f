"""Backups of a host in a restic repository elsewhere, and restores from it."""
