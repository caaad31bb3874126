"""Ops that apply what was fitted before: priors, rate tables, calibration maps, references."""
