"""The whole of `probe`: clips of known classes through a model's blocks, and which block separates them best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blendkit.core import Float32, notebook_view
from blendkit.events import Emit, silent
from blendkit.metrics import KnnMetric, Probe, initial_weights, probe
from blendkit.scoring import CPU_ONLY, Runtime, one_member
from blendkit.store import write_json
from blendkit.training.jobs.clips import clip_features, find_clips, sample_clips

if TYPE_CHECKING:
    import pandas as pd

RESULT = "probe.json"


@dataclass(frozen=True)
class ClipDraw:
    """Which clips are probed: how many classes, how many clips of each, drawn how often and with which seed.

    group: a regular expression that is searched in file names; clips with the same match do not vote on each other.
    """

    group: str | None = None
    classes: int = 30
    per_class: int = 20
    repeats: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Voting:
    """How neighbours decide a clip's class: by the majority of the k nearest, measured by `metric`."""

    k: int = 5
    metric: KnnMetric = "cosine"


@dataclass(frozen=True, eq=False, repr=False)
class ProbedBlocks:
    """One ranking per draw, the features and labels of the first, and what probe.json says."""

    draws: tuple[Probe, ...]
    features: dict[str, Float32] = field(repr=False)
    labels: Sequence[str] = field(repr=False)
    summary: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        best, of = self.draws[0].features[0], f"{len(self.features)} features of {len(self.labels)} clips"
        return f"ProbedBlocks({of}; best {best.name}, top-1 {best.top_one:.3f})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per draw and feature, best first: width, top_one with its bounds, silhouette."""
        import pandas as pd

        rows = [{"draw": d, **asdict(f)} for d, one in enumerate(self.draws, 1) for f in one.features]
        return pd.DataFrame(rows).rename(columns={"name": "feature"})

    def _repr_html_(self) -> str:
        """Show the ranking in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def probe_member(
    member: str,
    clips: Path | str,
    out: Path | str,
    *,
    features: Sequence[str] = (),
    draw: ClipDraw | None = None,
    voting: Voting | None = None,
    settings: Sequence[str] = (),
    runtime: Runtime = CPU_ONLY,
    emit: Emit = silent,
) -> ProbedBlocks:
    """Rank the blocks of a member by how well nearest neighbours name the class of clips, and write `out/probe.json`.

    clips: a folder with one folder of audio per class. features: what is probed (default: all blocks, and the embedding
    if there is one); they are saved in `out/features` and never computed twice. A clip has no vote on itself, nor on
    its copies and cuts; without a group, clips of one source that do not overlap do, and the figures are too high.
    Raises BlendkitError for clips outside a class folder, classes without a clip that can be read, and members without
    features.
    """
    draw, voting, out = draw or ClipDraw(), voting or Voting(), Path(out)
    every = find_clips(Path(clips), draw.group)
    scorer = one_member(member, [Path(clips)], settings=settings, runtime=runtime)
    draws, first, twins = [], None, dict[str, str]()
    for r in range(draw.repeats):
        drawn = sample_clips(every, draw.classes, draw.per_class, draw.seed + r)
        made, known = clip_features(scorer, drawn, features, out / "features", emit=emit)
        draws.append(probe(made, known.labels, known.groups, k=voting.k, metric=voting.metric, seed=draw.seed))
        first = first or (made, known.labels)
        twins |= known.copies
    assert first is not None
    summary = _summary(draws, draw, voting) | {"copies": dict(sorted(twins.items()))}
    write_json(out / RESULT, summary, sort=False)
    return ProbedBlocks(tuple(draws), *first, summary)


def _summary(draws: Sequence[Probe], draw: ClipDraw, voting: Voting) -> dict[str, Any]:
    first = draws[0]
    blocks = [p for p in first.features if p.name != "embedding"]
    return {
        "clips": len(first.labels),
        "classes": len(set(first.labels)),
        "k": voting.k,
        "metric": voting.metric,
        "group": draw.group,
        "seed": draw.seed,
        "features": [asdict(p) for p in first.features],
        "gains_against": first.against,
        "gains": first.gains,
        "weights": initial_weights(blocks or first.features),
        "repeats": [{p.name: p.top_one for p in r.features} for r in draws],
    }
