"""The truth that offline work is measured on, or why there is none."""

from __future__ import annotations

from blendkit.core import Bools, Rows, compare_names
from blendkit.engine import Inputs, labels_out_of_reach, truth_of
from blendkit.errors import BlendkitError


def truth_required(
    inputs: Inputs, rows: Rows, classes: tuple[str, ...], needed: bool
) -> tuple[Bools, Bools, list[str]]:
    """Return truth (N, C), labelled (N,) and the label files used, see `truth_of`.

    Raises BlendkitError for labels in another unit, and, where they are needed, for none that match or that measure
    anything, with what differs.
    """
    if beyond := labels_out_of_reach(inputs, rows):
        raise BlendkitError(f"labels of {inputs.data.said} cannot be those of the rows", beyond)
    truth, labelled, used = truth_of(inputs, rows, classes)
    if not needed and not labelled.any():
        return truth, labelled, []
    if not inputs.labels:
        ways = ["no label file was found (`labels:` names them)"]
        raise BlendkitError(f"there are no labels: nothing can be measured in {inputs.data.said}", ways)
    if not labelled.any():
        read = [
            f"{t.source}: {len(t.recordings)} recordings; "
            + (compare_names(t.recordings, rows.recordings(), "it", "the rows") or "they cover no whole chunk")
            for t in inputs.labels
        ]
        raise BlendkitError(f"no label matches a row: nothing can be measured in {inputs.data.said}", read)
    inside = truth[labelled]
    if not (inside.any(axis=0) & ~inside.all(axis=0)).any():
        raise BlendkitError(
            "no class has both positives and negatives among the labelled chunks: nothing can be measured",
            [f"{int(labelled.sum())} labelled chunks, labels from {', '.join(used)}"],
        )
    return truth, labelled, used
