"""Compiled loops of the ops. Every element is summed in one fixed order that does not depend on the shape."""
