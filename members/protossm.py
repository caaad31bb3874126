"""`protossm`: saved Perch embeddings and logits through a temporal head over the chunks of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, Int64, Rows, Scores, Space, canonical_order, rows_from_ids
from blendkit.errors import BlendkitError, shorten
from blendkit.graphs import load_graph, metadata, metadata_names, open_session
from blendkit.io import Cache, read_cache
from blendkit.member import FilePath, MemberContext, Rolls

# What a head's inputs are called in public exports, lower case.
ROLES: Mapping[str, tuple[str, ...]] = {
    "embedding": ("embedding", "embeddings", "emb", "x", "features"),
    "logits": ("logits", "perch_logits", "scores", "backbone_logits", "scores_full_raw"),
    "site": ("site", "site_id", "site_ids", "sites"),
    "hour": ("hour", "hours", "hour_utc", "hour_id"),
}


@dataclass
class ProtossmMember:
    """A cache and a head; `read` runs the head recording by recording."""

    cache: Cache
    rows: Rows
    session: Any
    roles: dict[str, str]
    classes: tuple[str, ...]
    sites: tuple[str, ...]
    rolls: tuple[int, ...]
    source: str
    space: Space = "logit"
    _warnings: list[str] = field(default_factory=list)

    def read(self) -> Scores:
        """Return logits of every row of the cache."""
        order = canonical_order(self.rows)
        rows = self.rows.take(order)
        out = np.empty((len(rows), len(self.classes)), np.float32)
        for first, last in zip(rows.offsets()[:-1].tolist(), rows.offsets()[1:].tolist(), strict=True):
            out[first:last] = self._one(rows, order[first:last], first)
        if "site" in self.roles:
            strange = sorted({str(s) for s in rows.site} - set(self.sites))
            if strange:
                listed = shorten([s or "(none)" for s in strange])
                self._warnings.append(f"sites that the head was not trained on count as unknown: {listed}")
        return Scores.build(out, rows, self.classes, self.space, source=self.source)

    def warnings(self) -> list[str]:
        """Return the warnings that `read` found."""
        return list(self._warnings)

    def _one(self, rows: Rows, at: Int64, first: int) -> Float64:
        """One recording (T, C): the mean over rolls of its chunks, each rolled back."""
        recording = str(rows.recording[first])
        known = {s: i for i, s in enumerate(self.sites, 1)}
        place = {
            "site": np.array([known.get(str(rows.site[first]), 0)], np.int64),
            "hour": np.array([max(int(rows.hour[first]), 0)], np.int64),
        }
        total = np.zeros((len(at), len(self.classes)))
        for roll in self.rolls:
            rolled = np.roll(at, roll)
            given: dict[str, NDArray[Any]] = {
                "embedding": self.cache.embeddings[rolled][None],
                "logits": self.cache.logits[rolled][None],
                **place,
            }
            total += np.roll(self._run(recording, {self.roles[r]: given[r] for r in self.roles}), -roll, axis=0)
        return total / len(self.rolls)

    def _run(self, recording: str, feeds: dict[str, NDArray[Any]]) -> Float64:
        try:
            found = self.session.run(None, feeds)[0]
        except Exception as error:  # the runtime raises its own family of exceptions
            shapes = ", ".join(f"{n} {list(v.shape)}" for n, v in feeds.items())
            details = [" ".join(str(error).split())[:300], f"its inputs were {shapes}"]
            raise BlendkitError(f"protossm: the head failed on recording {recording}", details) from error
        wanted = (1, next(v.shape[1] for v in feeds.values() if v.ndim == 3), len(self.classes))
        if found.shape != wanted:
            raise BlendkitError(f"protossm: the head gave {list(found.shape)} for {recording}, expected {list(wanted)}")
        return np.asarray(found[0], np.float64)


def protossm(
    context: MemberContext,
    *,
    cache: FilePath,
    head: FilePath,
    meta: FilePath | None = None,
    embeddings: str = "emb_full",
    logits: str = "scores_full_raw",
    rows: str = "row_id",
    rolls: Rolls = [0],  # noqa: B006 - never changed
    space: Literal["logit"] = "logit",
) -> ProtossmMember:
    """An ONNX temporal head [1, T, D] + [1, T, C] (+ site, hour) -> [1, T, C] over a recording's chunks.

    cache: the NPZ of the public chains, with arrays of embeddings (N, D) and backbone logits (N, C). meta:
    the Parquet or CSV beside it with the row ids; without it they are an array of the NPZ. rows: the
    column or array of row ids. The head's inputs are found by name; its metadata says `classes` and, with
    a site input, `sites` (number 0 is unknown). rolls: chunks to roll a recording by, logits averaged
    (`[0, -1, 1]` is the public test-time augmentation). space: of what it gives. The finished chain's CSV is a `table`.
    """
    name = Path(head).name
    graph = load_graph(Path(head), "protossm")
    classes = metadata_names(graph, "classes", name, "protossm")
    session = open_session(Path(head), context.threads, "protossm", context.provider)
    roles = _roles(name, [i.name for i in session.get_inputs()])
    sites = metadata_names(graph, "sites", name, "protossm") if "site" in roles else []
    held = read_cache(Path(cache), Path(meta) if meta else None, embeddings=embeddings, logits=logits, rows=rows)
    if "logits" in roles and held.logits.shape[1] != len(classes):
        details = [
            f"the cache's {logits!r} has {held.logits.shape[1]} columns, its metadata names {len(classes)} classes"
        ]
        raise BlendkitError(f"protossm: {name} does not fit the cache", details)
    if not rolls:
        raise BlendkitError("protossm: `rolls:` needs at least one number; use [0] to roll nothing")
    at = rows_from_ids(held.row_ids, context.chunk_s, context.names)
    saved = f"backbone {metadata(graph)['backbone']}" if "backbone" in metadata(graph) else ""
    made = ProtossmMember(held, at, session, roles, tuple(classes), tuple(sites), tuple(rolls), Path(cache).name, space)
    made._warnings += [f"trained on {saved}: a cache of another backbone gives lower accuracy"] if saved else []
    return made


def _roles(name: str, inputs: Sequence[str]) -> dict[str, str]:
    """Return {role: input name}, found by the inputs' names."""
    found = {role: i for role, names in ROLES.items() for i in inputs if i.lower() in names}
    strange = [i for i in inputs if i not in found.values()]
    if strange or "embedding" not in found:
        details = [f"found {', '.join(inputs)}", *(f"{r}: {', '.join(n)}" for r, n in ROLES.items())]
        raise BlendkitError(f"protossm: {name} has inputs that are not known by name", details)
    return found
