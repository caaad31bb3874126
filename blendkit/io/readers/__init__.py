"""Readers, one format per file."""
