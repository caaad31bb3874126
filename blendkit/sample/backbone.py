"""The sample backbone: a small network with the names and ranks of Perch v2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from blendkit.sample.config import CHUNK_SAMPLES, Purpose, WorldConfig
from blendkit.sample.filterbank import BANDS, FRAMES, front_end, front_end_piece
from blendkit.sample.onnx_pieces import Piece, PieceInput, PieceWeights, constant, conv, node, onnx_model, silu

if TYPE_CHECKING:
    import onnx

STEM, WIDTH = 64, 128  # channels after the stem; width of the embedding
TIME, BINS = 32, 8  # the spatial embedding's frames and frequency bins


@dataclass(frozen=True)
class Block:
    """One MBConv block; a block of stride 1 that keeps its width has a residual sum."""

    number: int
    source: int
    width: int
    stride: int

    @property
    def residual(self) -> bool:
        """Whether the block adds its input to its output."""
        return self.stride == 1 and self.source == self.width

    @property
    def end(self) -> str:
        """The name of the tensor the block ends in."""
        return f"block{self.number}_{'add' if self.residual else 'project'}"


BLOCKS = (
    Block(1, STEM, 64, 2),
    Block(2, 64, 64, 1),
    Block(3, 64, 64, 1),
    Block(4, 64, 96, 2),
    Block(5, 96, 96, 1),
    Block(6, 96, 96, 1),
)
_INPUT: PieceInput = ("inputs", ["batch", CHUNK_SAMPLES])
TAPS = tuple(block.end for block in BLOCKS[3:])  # the late blocks, whose outputs the sequence head reads


def trunk(config: WorldConfig) -> Piece:
    """Return the graph from `inputs` to `embedding`, all weights but the label layer's."""
    rng = config.rng(Purpose.WEIGHTS)
    start = front_end_piece(front_end(config)).then(_stem(rng))
    body = reduce(lambda piece, block: piece.then(_mbconv(block, piece.out, rng)), BLOCKS, start)
    weight, bias = _pointwise(rng, WIDTH, BLOCKS[-1].width), np.zeros(WIDTH, dtype=np.float32)
    return (
        body.then(conv(body.out, "head_conv", weight, bias))
        .then(silu("head_conv", "head"))
        .then(node("Transpose", ["head"], "spatial_embedding", perm=[0, 2, 3, 1]))
        .then(node("ReduceMean", ["spatial_embedding"], "embedding", axes=[1, 2], keepdims=0))
    )


def tapped(body: Piece) -> onnx.ModelProto:
    """Return the trunk with the embedding and the taps as outputs, to fit the label layer and the head."""
    outputs: list[PieceInput] = [("embedding", ["batch", WIDTH])]
    outputs += [(block.end, ["batch", block.width, TIME, BINS]) for block in BLOCKS if block.end in TAPS]
    return onnx_model(body, [_INPUT], outputs)


def backbone(body: Piece, weight: PieceWeights, bias: PieceWeights) -> onnx.ModelProto:
    """Return the finished backbone; the label layer's `weight` is (128, labels), `bias` (labels,)."""
    label = (
        constant("label_weight", weight)
        .then(constant("label_bias", bias))
        .then(node("Gemm", ["embedding", "label_weight", "label_bias"], "label"))
    )
    outputs: list[PieceInput] = [
        ("embedding", ["batch", WIDTH]),
        ("spatial_embedding", ["batch", TIME, BINS, WIDTH]),
        ("spectrogram", ["batch", FRAMES, BANDS]),
        ("label", ["batch", len(bias)]),
    ]
    return onnx_model(body.then(label), [_INPUT], outputs)


def _stem(rng: np.random.Generator) -> Piece:
    """Convolve the spectrogram and weight each channel to its own part of the frequency scale.

    Untrained filters do not encode pitch, and a global average would lose it without this gain. After the sigmoid a
    channel measures how often its shape occurs rather than how loud it is.
    """
    weight, bias = _shapes(rng), rng.uniform(-3.0, -2.0, size=STEM)
    centre, bins = np.linspace(0, 1, STEM)[:, None], np.linspace(0, 1, BANDS // 2)
    gain = 3 * np.exp(-0.5 * ((bins - centre) * BANDS / 2 / 0.7) ** 2)
    return (
        constant("stem_axis", [1], np.int64)
        .then(node("Unsqueeze", ["spectrogram", "stem_axis"], "stem_image"))
        .then(conv("stem_image", "stem_conv", weight, _f32(bias), strides=[4, 2], pads=[2, 2, 2, 2]))
        .then(node("Sigmoid", ["stem_conv"], "stem_act"))
        .then(constant("stem_gain", gain[None, :, None, :]))
        .then(node("Mul", ["stem_act", "stem_gain"], "stem"))
    )


def _shapes(rng: np.random.Generator) -> PieceWeights:
    """Draw the stem's kernels (64, 1, 5 frames, 5 bands): steady tones, onsets, rising and falling glides.

    Tones, on every other channel, have a passband of three bands, because the stem samples only every second band.
    """
    smooth, edge = np.array([0.25, 0.8, 1, 0.8, 0.25]), np.array([-0.75, 0.4, 0.7, 0.4, -0.75])
    tone, onset = np.outer(smooth, edge), np.outer([-1, -1, 0, 1, 1], smooth) / 3
    glide = np.eye(5) + 0.5 * np.eye(5, k=1) + 0.5 * np.eye(5, k=-1)
    glide -= glide.mean()
    kinds = np.stack([tone, onset, tone, glide, tone, glide[::-1]])[np.arange(STEM) % 6]
    weight = kinds[:, None] + 0.02 * rng.standard_normal((STEM, 1, 5, 5))
    return _f32(1.5 * weight / np.sqrt(np.sum(weight**2, axis=(1, 2, 3), keepdims=True)))


def _mbconv(block: Block, source: str, rng: np.random.Generator) -> Piece:
    name, inner = f"block{block.number}", 2 * block.source
    blur = np.outer([0.25, 0.5, 0.25], [0.25, 1, 0.25])
    depthwise = blur + 0.2 * rng.standard_normal((inner, 1, 3, 3))
    bias = {part: _f32(rng.uniform(-0.3, 0.1, size=inner)) for part in ("expand", "depthwise")}
    strides = {"group": inner, "strides": [block.stride] * 2, "pads": [1, 1, 1, 1]}
    piece = (
        conv(source, f"{name}_expand", _pointwise(rng, inner, block.source), bias["expand"])
        .then(silu(f"{name}_expand", f"{name}_expand_act"))
        .then(conv(f"{name}_expand_act", f"{name}_depthwise", _f32(depthwise), bias["depthwise"], **strides))
        .then(silu(f"{name}_depthwise", f"{name}_depthwise_act"))
    )
    weight, zeros = _pointwise(rng, block.width, inner), np.zeros(block.width, dtype=np.float32)
    piece = piece.then(conv(piece.out, f"{name}_project", weight, zeros))
    return piece.then(node("Add", [source, piece.out], block.end)) if block.residual else piece


def _pointwise(rng: np.random.Generator, width: int, source: int) -> PieceWeights:
    """Draw a sparse 1x1 convolution (width, source, 1, 1) that keeps activations near unit size."""
    weight = rng.standard_normal((width, source)) * (rng.random((width, source)) < 0.05)
    weight[np.arange(width), np.arange(width) % source] += 1.0
    weight *= 1.2 / np.sqrt(np.sum(weight**2, axis=1, keepdims=True))
    return _f32(weight[:, :, None, None])


def _f32(values: npt.NDArray[np.float64]) -> PieceWeights:
    return values.astype(np.float32)
