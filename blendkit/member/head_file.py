"""Sequence heads in ONNX: their inputs, their outputs, and the features that they were fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float32, Float64, Saw, json_value
from blendkit.errors import BlendkitError
from blendkit.graphs import load_graph, metadata, metadata_names, metadata_saw, open_session
from blendkit.member.protocol import MemberContext
from blendkit.store import content_hash

_OF_ONE_FIT = "name heads of one `blendkit fit seqhead`, such as folds/head_0.onnx, folds/head_1.onnx, ..."


@dataclass(frozen=True)
class HeadFile:
    """One input per block, in the order of `blocks`. fitted_on: how its features were made, {} if not stated."""

    session: Any
    source: str
    classes: tuple[str, ...]
    blocks: tuple[str, ...]
    saw: Saw
    fitted_on: Mapping[str, Any]

    @property
    def grid(self) -> tuple[int, ...] | None:
        """The cells of every block, None where blocks are means."""
        found = self.fitted_on.get("params", {}).get("grid")
        return tuple(found) if found else None

    def run(self, features: Sequence[Float32]) -> Float32:
        """Return logits (B, L) of block features (B, ...)."""
        names = [i.name for i in self.session.get_inputs()]
        logits: Float32 = self.session.run(None, dict(zip(names, features, strict=True)))[0]
        return logits

    def check_features(self, name: str, model: Path, settings: Mapping[str, Any]) -> None:
        """Raise BlendkitError if its features came from another model, or were made in another way.

        settings: this member's parameters, with their defaults. A head without this metadata passes.
        """
        fitted = self.fitted_on.get("params")
        if fitted is None:
            return
        bad = []
        wanted = (fitted.get("model") or {}).get("sha256")
        if wanted and wanted != content_hash(model):
            bad.append(f"it was fitted on features of a model with SHA-256 {wanted[:12]}..., {model.name} is another")
        bad += [
            f"{key}: fitted with {fitted[key]!r}, this recipe has {value!r}"
            for key, value in settings.items()
            if key in fitted and fitted[key] != value
        ]
        if bad:
            raise BlendkitError(f"{name}: {self.source} does not fit these features", bad)


@dataclass(frozen=True)
class FoldHeads:
    """Heads of the same classes on the same features, whose logits are averaged; one head is the usual case."""

    each: tuple[HeadFile, ...]

    @property
    def first(self) -> HeadFile:
        """The head whose classes, blocks and cells are those of all."""
        return self.each[0]

    @property
    def fold_saw(self) -> tuple[Saw, ...]:
        """What each head learned from; empty where there is one, which scores every recording."""
        return tuple(h.saw for h in self.each) if len(self.each) > 1 else ()

    @property
    def source(self) -> str:
        """The names of the files."""
        return ", ".join(h.source for h in self.each)

    @property
    def saw(self) -> Saw:
        """What any of them learned from."""
        return self.first.saw.joined(*(h.saw for h in self.each[1:]))

    def only(self, folds: Sequence[int]) -> FoldHeads:
        """Return these heads alone."""
        return FoldHeads(tuple(self.each[i] for i in folds))

    def run(self, features: Sequence[Float32]) -> Float32:
        """Return the mean logits (B, L) of block features (B, ...): summed as float64, in the order of the files."""
        mean: Float64 = np.mean([h.run(features) for h in self.each], axis=0, dtype=np.float64)
        return mean.astype(np.float32)

    def notes(self) -> list[str]:
        """Return what a store says of them."""
        said = [f"blocks {', '.join(self.first.blocks)}"]
        return said if len(self.each) == 1 else [*said, f"the mean of the logits of {len(self.each)} heads"]


def open_heads(
    head: str | Sequence[str], context: MemberContext, name: str, *, model: Path, settings: Mapping[str, Any]
) -> FoldHeads:
    """Open the head, or the heads, of a member on the features of `model` with these settings.

    Raises BlendkitError for no head, for one that `_open_head` or `check_features` refuses, and for heads that differ
    in their classes, blocks or cells.
    """
    paths = [Path(p) for p in ([head] if isinstance(head, str) else head)]
    if not paths:
        raise BlendkitError(f"{name}: `head:` is empty; name at least one ONNX file")
    found = FoldHeads(tuple(_open_head(p, context, name) for p in paths))
    for one in found.each:
        one.check_features(name, model, settings)
    parts = ("classes", "blocks", "grid")
    bad = [
        f"{one.source} ({path.parent}): {', '.join(apart)} differ from those of {paths[0]}"
        for path, one in zip(paths, found.each, strict=True)
        if (apart := [p for p in parts if getattr(one, p) != getattr(found.first, p)])
    ]
    if bad:
        raise BlendkitError(f"{name}: the logits of these heads cannot be averaged", [*bad, _OF_ONE_FIT])
    return found


def _open_head(path: Path, context: MemberContext, name: str) -> HeadFile:
    """Open a head. Raises BlendkitError for missing metadata, and for columns or inputs that do not fit it."""
    graph = load_graph(path, name)
    classes, blocks = (metadata_names(graph, key, path.name, name) for key in ("classes", "blocks"))
    facts = metadata(graph)
    session = open_session(path, context.threads, name, context.provider)
    _check(path.name, name, session, classes, blocks)
    try:
        fitted_on = dict(json_value(facts.get("fitted_on", "{}")))
    except (ValueError, TypeError) as error:
        raise BlendkitError(f"{name}: {path.name}: its metadata `fitted_on` is damaged", [str(error)]) from error
    return HeadFile(session, path.name, tuple(classes), tuple(blocks), metadata_saw(graph, path.name, name), fitted_on)


def _check(source: str, name: str, session: Any, classes: list[str], blocks: list[str]) -> None:
    inputs, output = session.get_inputs(), session.get_outputs()[0]
    if len(inputs) != len(blocks):
        raise BlendkitError(f"{name}: {source} has {len(inputs)} inputs but names {len(blocks)} blocks")
    if isinstance(output.shape[-1], int) and output.shape[-1] != len(classes):
        raise BlendkitError(f"{name}: {source} gives {output.shape[-1]} columns but names {len(classes)} classes")


def try_silence(member: Any, samples: int, source: str, name: str) -> None:
    """Score one silent window, because only a run shows whether the widths of the blocks fit."""
    try:
        member.predict(np.zeros((1, samples), np.float32))
    except BlendkitError:
        raise
    except Exception as error:  # the runtime raises its own family of exceptions
        reason = " ".join(str(error).split())
        raise BlendkitError(f"{name}: {source} does not fit the backbone's blocks", [reason]) from error
