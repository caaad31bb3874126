"""`hoplite`: a perch-hoplite database as a member: its logits, or its embeddings through a head."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from blendkit.audio import WindowPool
from blendkit.core import Float32, Scores, Space, json_value
from blendkit.errors import BlendkitError
from blendkit.graphs import load_graph, metadata_names, open_session
from blendkit.io import Windowed, read_hoplite
from blendkit.member import (
    NO_SCORE,
    DataFile,
    FilePath,
    MemberContext,
    by_name_or_id,
    on_grid,
    read_class_names,
)

Database = Annotated[str, DataFile(folder=True)]


@dataclass
class HopliteMember:
    """A database; `read` gives its logits on the recipe's chunks."""

    path: Path
    space: Space
    context: MemberContext
    classes: Path | None
    head: Path | None
    pool: WindowPool
    _warnings: list[str] = field(default_factory=list)

    def read(self) -> Scores:
        """Return the chunks of all recordings; those without a window hold the null logit -20."""
        vectors = read_hoplite(self.path)
        if vectors.duplicates:
            self._warnings.append(f"{vectors.duplicates} windows were stored twice")
        names, logits = self._logits(vectors.values)
        if logits.shape[1] != len(names):
            raise BlendkitError(
                f"hoplite: {self.path.name} holds vectors of {logits.shape[1]}, the class list has {len(names)}",
                ["embeddings need a `head:`"],
            )
        mapped = by_name_or_id("hoplite", names, self.context)
        covered = [c for c, known in zip(mapped.classes, mapped.covered, strict=True) if known]
        values = mapped.place(logits)[:, list(mapped.covered)]
        windowed = Windowed(vectors.recording, vectors.start_s, vectors.end_s, values, tuple(covered))
        return on_grid(windowed, self.context, self.space, self.pool, self.path.name, empty=NO_SCORE)

    def warnings(self) -> list[str]:
        """Return the warnings that `read` found about the database."""
        return list(self._warnings)

    def _logits(self, vectors: Float32) -> tuple[list[str], Float32]:
        """The class names and the logits: the vectors themselves, or what the head makes of them."""
        if self.head is None:
            assert self.classes is not None
            return list(read_class_names(self.classes, column=1).names), vectors
        if self.head.suffix.lower() == ".json":
            return _linear(self.head, vectors)
        names = metadata_names(load_graph(self.head, "hoplite"), "classes", self.head.name, "hoplite")
        session = open_session(self.head, self.context.threads, "hoplite", self.context.provider)
        try:
            return names, session.run(None, {session.get_inputs()[0].name: vectors})[0]
        except Exception as error:  # the runtime raises its own family of exceptions
            details = [" ".join(str(error).split())]
            raise BlendkitError(
                f"hoplite: {self.head.name} does not accept vectors of {vectors.shape[1]}", details
            ) from error


def _linear(path: Path, vectors: Float32) -> tuple[list[str], Float32]:
    """Apply hoplite's own linear classifier, a JSON with base64 float32 `beta` (D, L) and `beta_bias` (L,)."""
    try:
        data = json_value(path.read_text(encoding="utf-8"))
        names = [str(c) for c in data["classes"]]
        beta, bias = (np.frombuffer(base64.b64decode(data[k]), np.float32) for k in ("beta", "beta_bias"))
        beta = beta.reshape(-1, len(names))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BlendkitError(
            f"hoplite: {path.name} is not a hoplite classifier", [f"{type(error).__name__}: {error}"]
        ) from error
    if len(beta) != vectors.shape[1] or len(bias) != len(names):
        raise BlendkitError(
            f"hoplite: {path.name} expects vectors of {len(beta)}, the database holds {vectors.shape[1]}"
        )
    return names, vectors @ beta + bias


def hoplite(
    context: MemberContext,
    *,
    path: Database,
    classes: FilePath | None = None,
    head: FilePath | None = None,
    pool: WindowPool = "mean",
    space: Literal["logit"] = "logit",
) -> HopliteMember:
    """A perch-hoplite 1.x database: the folder of hoplite.sqlite and usearch.index, never changed.

    path: that folder. space: of what it gives.

    Give either `classes:`, if its vectors are logits (one class name a line, in their order), or `head:`,
    if they are embeddings: hoplite's own classifier (JSON), or an ONNX graph whose metadata says
    `classes`. Classes by id or scientific name. Its float16 vectors carry three digits: close logits tie.
    """
    if (classes is None) == (head is None):
        raise BlendkitError("hoplite: name either `classes:` (the vectors are logits) or `head:` (embeddings)")
    if Path(path).is_file():
        raise BlendkitError(f"hoplite: `path:` must name the folder of {Path(path).name}, not the file itself")
    names, graph = (Path(p) if p else None for p in (classes, head))
    return HopliteMember(Path(path), space, context, names, graph, pool)
