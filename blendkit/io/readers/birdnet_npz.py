"""The NPZ that the Python package birdnet saves: the best classes of every window of every input."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import composed, recording_id
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.npz_arrays import array_texts, npz_headers, read_npz_arrays
from blendkit.io.readers.detection_tables import NOTHING, Detections

_KEYS = (
    "inputs", "input_durations", "segment_duration_s", "overlap_duration_s", "speed", "species_ids", "species_probs",
    "species_masked", "species_list",
)  # fmt: skip


def is_birdnet_npz(head: FileHead) -> bool:
    """Return whether an NPZ holds birdnet's arrays of predictions."""
    return head.kind == "npz" and {"species_ids", "species_probs", "species_list"} <= set(head.columns)


def _read(path: Path, names: ColumnNames) -> Detections:
    """Return every prediction that is not masked: window k starts at k times the hop, and ends with its input.

    Raises BlendkitError for arrays that are missing, or that do not fit each other.
    """
    there = npz_headers(path)
    missing = [f"no array {k!r}{did_you_mean(k, there)}" for k in _KEYS if k not in there]
    if missing:
        raise BlendkitError(f"{path.name}: not all arrays of a result of birdnet", missing)
    held = read_npz_arrays(path, _KEYS)
    ids, scores, masked = held["species_ids"], held["species_probs"], held["species_masked"]
    inputs, labels = array_texts(held["inputs"]), [composed(s) for s in array_texts(held["species_list"])]
    seconds = np.asarray(held["input_durations"], np.float64).ravel()
    fits = ids.ndim == 3 and ids.shape == scores.shape == masked.shape and len(ids) == len(inputs) == len(seconds)
    if not fits or masked.dtype != bool or ids.dtype.kind not in "iu" or ids.max(initial=0) >= max(1, len(labels)):
        shapes = ", ".join(f"{k} {there[k]}" for k in ("inputs", *_KEYS[5:]))
        raise BlendkitError(f"{path.name}: arrays of a result of birdnet do not fit each other", [shapes])
    segment, overlap, speed = (float(np.asarray(held[k]).ravel()[0]) for k in _KEYS[2:5])
    file, window, _ = at = np.nonzero(~masked)
    start = np.round(window * (segment - overlap) * speed, 6)
    whole = np.round(start + segment * speed, 6)
    end = np.where(seconds[file] > start, np.minimum(whole, seconds[file]), whole)
    recordings = [recording_id(i.replace("\\", "/")) for i in inputs]
    values = np.asarray(scores[at], np.float64)
    named = [labels[i] for i in ids[at].tolist()]
    notes = () if len(file) else (NOTHING,)
    return Detections([recordings[i] for i in file.tolist()], start, end, named, values, [path.name] * len(file), notes)


birdnet_arrays: Reader = Reader(
    "birdnet's NPZ: species_ids, species_probs, species_list.", is_birdnet_npz, _read, "prob"
)
