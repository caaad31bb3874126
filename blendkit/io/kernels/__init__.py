"""Compiled loops of tables: numbers to text and back, both exact to the last bit."""
