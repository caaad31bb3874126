"""The sequence head: pooled backbone blocks in, logits of all target classes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from blendkit.sample.backbone import BLOCKS, TAPS
from blendkit.sample.backbone_outputs import Features
from blendkit.sample.linear_fit import Layer, fit_classes
from blendkit.sample.onnx_pieces import Piece, constant, node, onnx_model
from blendkit.sample.species import class_labels

if TYPE_CHECKING:
    import onnx

_WIDTHS = tuple(block.width for block in BLOCKS if block.end in TAPS)


def fit_sample_head(features: Features, truth: npt.NDArray[np.uint8]) -> Layer:
    """Fit the head on labelled training chunks and focal clips; `truth` is (rows, classes) of 0 and 1."""
    return fit_classes(features.joined, truth, strength=0.01)


def pseudo_labels(layer: Layer, features: Features) -> npt.NDArray[np.uint8]:
    """Return a head's own labels of features, (rows, classes): 1 where its probability is a half or more."""
    logits = (features.joined - layer.mean) / layer.std @ layer.weight + layer.bias
    return np.asarray(logits >= 0, dtype=np.uint8)


def head_model(layer: Layer, saw: Sequence[str]) -> onnx.ModelProto:
    """Write the head as a graph with one (batch, channels) input per tapped block; `saw` lists stems."""
    bounds = np.cumsum([0, *_WIDTHS])
    parts = [_block(layer, name, slice(*bounds[i : i + 2])) for i, name in enumerate(TAPS)]
    total = constant("head_bias", layer.bias)
    summed = reduce(
        lambda left, right: left.then(right).then(node("Add", [left.out, right.out], f"{right.out}_sum")),
        parts,
        total,
    )
    return onnx_model(
        summed.then(node("Identity", [summed.out], "logits")),
        [(name, ["batch", width]) for name, width in zip(TAPS, _WIDTHS, strict=True)],
        [("logits", ["batch", len(layer.bias)])],
        [
            ("kind", "seqhead"),
            ("classes", json.dumps(class_labels())),
            ("blocks", json.dumps(TAPS)),
            ("saw", json.dumps(list(saw))),
        ],
    )


def _block(layer: Layer, name: str, columns: slice) -> Piece:
    """Standardise one block's averages and give its share of the logits."""
    return (
        constant(f"{name}_mean", layer.mean[columns])
        .then(constant(f"{name}_scale", 1 / layer.std[columns]))
        .then(constant(f"{name}_weight", layer.weight[columns]))
        .then(node("Sub", [name, f"{name}_mean"], f"{name}_centred"))
        .then(node("Mul", [f"{name}_centred", f"{name}_scale"], f"{name}_standard"))
        .then(node("MatMul", [f"{name}_standard", f"{name}_weight"], f"{name}_logits"))
    )
