"""Measurements against peers; each command prints one table."""
