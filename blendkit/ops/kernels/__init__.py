"""Compiled loops of the ops. Every element is summed in one fixed order, whatever the shape."""
