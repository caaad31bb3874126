"""`dinov2`: a vision transformer on spectrogram pictures, and a small head on its tokens, both in ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blendkit.audio import samples_at
from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.graphs import load_graph, metadata_names, open_session, ports, require_names
from blendkit.member import Batch, ClassMap, FilePath, Image, Mel, MemberContext, MemberInfo, Pixels, by_id

PATCH = 14
Tokens = Literal["cls", "patches", "all"]


@dataclass(frozen=True)
class Dinov2Member:
    """A backbone [batch, 3, size, size] -> tokens [batch, 1 + patches, D], and a head on some of them."""

    info: MemberInfo
    front: Image
    backbone: Any
    head: Any
    labels: ClassMap
    tokens: Tokens
    input: str
    hidden: str

    def predict(self, windows: Float32) -> Float32:
        """Return logits (B, C) of windows (B, samples)."""
        return self.predict_front(self.front(windows))

    def predict_front(self, pictures: Float32) -> Float32:
        """As `predict`, for pictures (B, 3, size, size)."""
        hidden = self.backbone.run([self.hidden], {self.input: pictures})[0]
        logits = self.head.run(None, {self.head.get_inputs()[0].name: _picked(hidden, self.tokens)})[0]
        return self.labels.place(logits)


def dinov2(
    context: MemberContext,
    *,
    backbone: FilePath,
    head: FilePath,
    size: Pixels = 224,
    tokens: Tokens = "cls",
    mel: Mel = Mel(rate=32000, n_fft=2048, hop=512, mels=128, scale="minmax"),  # noqa: B008 - frozen
    hidden: str = "last_hidden_state",
    batch: Batch = 12,
) -> Dinov2Member:
    """DINOv2 (patch 14) on the log-mel picture of a chunk, ImageNet-normalised, with a head on its tokens.

    size: 224 (256 patches; better) or 196, any multiple of 14. tokens: the head's input: the CLS token
    [batch, D] for a linear head, the patch tokens or all of them [batch, N, D] for attention. head: an ONNX
    graph whose metadata says `classes`, its columns. hidden: the backbone's output of tokens.
    """
    mel = mel if isinstance(mel, Mel) else Mel(**mel)
    if size < PATCH or size % PATCH:
        raise BlendkitError(f"dinov2: size must be a multiple of {PATCH} (224 or 196), got {size}")
    inputs, outputs = ports(load_graph(Path(backbone), "dinov2"))
    require_names("dinov2", "output", [hidden], [o.name for o in outputs])
    classes = metadata_names(load_graph(Path(head), "dinov2"), "classes", Path(head).name, "dinov2")
    trunk = open_session(Path(backbone), context.threads, "dinov2", context.provider)
    top = open_session(Path(head), context.threads, "dinov2", context.provider)
    mapped = by_id("dinov2", classes, context)
    notes = (mapped.note, f"{size} px, {(size // PATCH) ** 2} patches, head on {tokens}")
    info = MemberInfo(mapped.classes, mapped.covered, mel.rate, context.chunk_s, batch, notes)
    made = Dinov2Member(info, Image(mel=mel, size=size), trunk, top, mapped, tokens, inputs[0].name, hidden)
    _try(made, [Path(backbone).name, Path(head).name], samples_at(context.chunk_s, mel.rate))
    return made


def _picked(hidden: Float32, tokens: Tokens) -> Float32:
    if tokens == "cls":
        return hidden[:, 0]
    return np.ascontiguousarray(hidden[:, 1:]) if tokens == "patches" else hidden


def _try(member: Dinov2Member, files: list[str], samples: int) -> None:
    """Try one silent picture: only a run shows whether the two graphs fit each other."""
    size = member.front.size
    try:
        picture = member.front(np.zeros((1, samples), np.float32))
        hidden = member.backbone.run([member.hidden], {member.input: picture})[0]
        wanted = 1 + (size // PATCH) ** 2
        if hidden.ndim != 3 or hidden.shape[1] != wanted:
            details = [f"expected [1, {wanted}, D]: the CLS token and {wanted - 1} patches of {size} px"]
            raise BlendkitError(f"dinov2: {files[0]} gives tokens {list(hidden.shape)}", details)
        member.predict_front(picture)
    except BlendkitError:
        raise
    except Exception as error:  # the runtime raises its own family of exceptions
        raise BlendkitError(
            f"dinov2: {' and '.join(files)} do not fit each other", [" ".join(str(error).split())]
        ) from error
