"""Compiled loops of the metrics: pair counts, ranks, weight paths, resampling."""
