"""Ops that apply fitted artefacts: priors, rate tables, calibration maps, references."""
