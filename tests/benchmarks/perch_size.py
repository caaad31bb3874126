"""A graph of Perch v2's size and contract, with random weights: 26 MBConv blocks and a prototype head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blendkit.sample.onnx_pieces import Piece, constant, conv, node, onnx_model, silu, to_bytes

SAMPLES, FRAMES, BANDS, LABELS, WIDTH, PROTOTYPES = 160_000, 500, 128, 14_795, 1536, 4
WINDOW, HOP = 640, 320
# EfficientNet-B3: (expansion, width, repeats, stride, kernel)
STAGES = (
    (1, 24, 2, 1, 3),
    (6, 32, 3, 2, 3),
    (6, 48, 3, 2, 5),
    (6, 96, 5, 2, 3),
    (6, 136, 5, 1, 5),
    (6, 232, 6, 2, 5),
    (6, 384, 2, 1, 3),
)
STEM = 40


def perch_size(path: Path, labels: int = LABELS) -> Path:
    """Write the graph (about 409 MB with all labels) and return its path."""
    rng = np.random.default_rng(0)
    piece = _front_end(rng)
    piece = piece.then(
        conv(piece.out, "stem", _weight(rng, STEM, 1, 3, 3), _bias(rng, STEM), strides=[2, 2], pads=[1] * 4)
    )
    piece = piece.then(silu("stem", "stem_act"))
    source, number = STEM, 0
    for expand, width, repeats, stride, kernel in STAGES:
        for r in range(repeats):
            number += 1
            piece = piece.then(
                _mbconv(piece.out, f"b{number}", rng, source, width, expand, stride if r == 0 else 1, kernel)
            )
            source = width
    assert number == 26
    piece = piece.then(conv(piece.out, "head", _weight(rng, WIDTH, source, 1, 1), _bias(rng, WIDTH))).then(
        silu("head", "head_act")
    )
    piece = piece.then(node("Transpose", ["head_act"], "spatial_embedding", perm=[0, 2, 3, 1]))
    piece = piece.then(node("ReduceMean", ["spatial_embedding"], "embedding", axes=[1, 2], keepdims=0))
    piece = piece.then(_prototypes(rng, labels))
    outputs = [
        ("embedding", ["batch", WIDTH]),
        ("spatial_embedding", ["batch", 16, 4, WIDTH]),
        ("spectrogram", ["batch", FRAMES, BANDS]),
        ("label", ["batch", labels]),
    ]
    path.write_bytes(to_bytes(onnx_model(piece, [("inputs", ["batch", SAMPLES])], outputs)))
    return path


def _front_end(rng: np.random.Generator) -> Piece:
    """A windowed DFT as a convolution, then a bank of bands."""
    at = np.arange(WINDOW) / WINDOW
    bins = np.arange(WINDOW // 2 + 1)[:, None]
    window = np.hanning(WINDOW)
    kernel = np.concatenate([np.cos(2 * np.pi * bins * at) * window, np.sin(2 * np.pi * bins * at) * window])
    mel = np.abs(rng.standard_normal((len(bins), BANDS))) / len(bins)
    return (
        constant("to_row", [0, 1, SAMPLES], np.int64)
        .then(node("Reshape", ["inputs", "to_row"], "row"))
        .then(conv("row", "dft", kernel[:, None, :].astype(np.float32), np.zeros(2 * len(bins), np.float32),
                   strides=[HOP], pads=[WINDOW // 4, WINDOW // 4]))
        .then(node("Mul", ["dft", "dft"], "power"))
        .then(node("Transpose", ["power"], "by_time", perm=[0, 2, 1]))
        .then(constant("mel", np.concatenate([mel, mel])))
        .then(node("MatMul", ["by_time", "mel"], "bands"))
        .then(constant("floor", 1e-5))
        .then(node("Add", ["bands", "floor"], "raised"))
        .then(node("Log", ["raised"], "spectrogram"))
        .then(constant("channel", [1], np.int64))
        .then(node("Unsqueeze", ["spectrogram", "channel"], "image"))
    )  # fmt: skip


def _mbconv(
    source: str, name: str, rng: np.random.Generator, width: int, out: int, expand: int, stride: int, kernel: int
) -> Piece:
    inner = width * expand
    piece = Piece((), (), source)
    if expand > 1:
        piece = piece.then(conv(source, f"{name}_expand", _weight(rng, inner, width, 1, 1), _bias(rng, inner)))
        piece = piece.then(silu(piece.out, f"{name}_expand_act"))
    depthwise = {"group": inner, "strides": [stride] * 2, "pads": [kernel // 2] * 4}
    piece = piece.then(
        conv(piece.out, f"{name}_dw", _weight(rng, inner, 1, kernel, kernel), _bias(rng, inner), **depthwise)
    )
    piece = piece.then(silu(piece.out, f"{name}_dw_act"))
    squeeze = max(1, width // 4)
    body = piece.out
    piece = piece.then(node("GlobalAveragePool", [body], f"{name}_mean"))
    piece = piece.then(conv(piece.out, f"{name}_reduce", _weight(rng, squeeze, inner, 1, 1), _bias(rng, squeeze)))
    piece = piece.then(silu(piece.out, f"{name}_reduce_act"))
    piece = piece.then(conv(piece.out, f"{name}_restore", _weight(rng, inner, squeeze, 1, 1), _bias(rng, inner)))
    piece = piece.then(node("Sigmoid", [piece.out], f"{name}_gate")).then(
        node("Mul", [body, f"{name}_gate"], f"{name}_se")
    )
    piece = piece.then(conv(piece.out, f"{name}_project", _weight(rng, out, inner, 1, 1), _bias(rng, out)))
    return piece.then(node("Add", [source, piece.out], f"{name}_add")) if stride == 1 and width == out else piece


def _prototypes(rng: np.random.Generator, labels: int) -> Piece:
    """Four prototypes per class, each by its nearest of 64 places; their sum."""
    weight = rng.standard_normal((WIDTH, labels * PROTOTYPES), np.float32) * np.float32(WIDTH**-0.5)
    return (
        constant("to_places", [0, 64, WIDTH], np.int64)
        .then(node("Reshape", ["spatial_embedding", "to_places"], "places"))
        .then(constant("prototypes", weight))
        .then(node("MatMul", ["places", "prototypes"], "likeness"))
        .then(node("ReduceMax", ["likeness"], "nearest", axes=[1], keepdims=0))
        .then(constant("to_classes", [0, labels, PROTOTYPES], np.int64))
        .then(node("Reshape", ["nearest", "to_classes"], "by_class"))
        .then(constant("last", [2], np.int64))
        .then(node("ReduceSum", ["by_class", "last"], "label", keepdims=0))
    )


def _weight(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    fan_in = int(np.prod(shape[1:]))
    return (rng.standard_normal(shape) * fan_in**-0.5).astype(np.float32)


def _bias(rng: np.random.Generator, width: int) -> NDArray[np.float32]:
    return (0.1 * rng.standard_normal(width)).astype(np.float32)


def write_labels(path: Path, names: Sequence[str]) -> Path:
    """Write a class list with Perch's header."""
    path.write_text("\n".join(["inat2024_fsd50k", *names]) + "\n", encoding="utf-8")
    return path
