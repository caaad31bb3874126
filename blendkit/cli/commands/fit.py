"""`blendkit fit`: features, heads, students, and the files that steps apply."""

from __future__ import annotations

import click

from blendkit.cli._lazy_group import LazyGroup

COMMANDS = {
    "features": (
        "blendkit.cli.commands.fit_features:features",
        "Save the features that MEMBER gives for AUDIO, for later training.",
    ),
    "seqhead": ("blendkit.cli.commands.fit_seqhead:seqhead", "Train a small head on stored FEATURES."),
    "step": (
        "blendkit.cli.commands.fit_step:step",
        "Fit the file that a step applies: a prior, a calibration map, a reference.",
    ),
    "places": (
        "blendkit.cli.commands.fit_places:places",
        "Make a table of which classes occur where, from FINDS with coordinates or from BirdNET's location model.",
    ),
    "student": ("blendkit.cli.commands.fit_student:student", "Distil a teacher's scores of AUDIO into a small CNN."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def fit() -> None:
    """Fit the files that steps apply, save features of frozen models, and train heads and students on these.

    Heads and students are trained with torch (the extra `train`) and exported to ONNX; members run them without torch.
    """
