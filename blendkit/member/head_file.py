"""A sequence head in ONNX: its inputs, its outputs, and the features that it was fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import Float32, Saw, json_value
from blendkit.errors import BlendkitError
from blendkit.graphs import load_graph, metadata, metadata_names, metadata_saw, open_session
from blendkit.member.protocol import MemberContext
from blendkit.store import content_hash


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


def open_head(path: Path, context: MemberContext, name: str) -> HeadFile:
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
