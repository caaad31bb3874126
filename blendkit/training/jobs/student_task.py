"""What `fit student` is asked, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from blendkit.errors import BlendkitError
from blendkit.io import Names, read_source, split_source

if TYPE_CHECKING:
    from blendkit.core import Scores
    from blendkit.training.jobs.distillation import Task


def task_of(
    *,
    audio: tuple[Path, ...],
    teacher: str,
    space: Any,
    saw: Path | None,
    labels: Path | None,
    taxonomy: Path | None,
    embedding: Path | None,
    embedding_name: str,
    embedding_weight: float,
    out: Path,
    **how: Any,
) -> Task:
    """Return the task. Raises BlendkitError for what cannot be read, and scores whose space nobody says."""
    from blendkit.core import Taxonomy
    from blendkit.io import read_labels, read_taxonomy
    from blendkit.scoring import gather_audio
    from blendkit.store import FeatureStore, require_features
    from blendkit.training.jobs.distillation import Task

    scores, seen = _teacher(teacher, space)
    seen = read_labels(saw).recordings if saw is not None else seen
    known = (read_taxonomy([taxonomy]) if taxonomy is not None else Taxonomy({})).classes
    store = FeatureStore.open(embedding) if embedding is not None else None
    if store is not None:
        require_features(str(embedding), [embedding_name], store.shapes)
    table = read_labels(labels) if labels is not None else None
    told = _how(how, embedding_weight if store is not None else 0.0)
    pair = None if store is None else (store, embedding_name)
    return Task(out, gather_audio(audio), scores, tuple(seen), table, tuple(known), pair, told)


def _how(asked: dict[str, Any], embedding_weight: float) -> Any:
    import torch

    from blendkit.training.loop import Schedule
    from blendkit.training.student import Distil

    device = asked["device"]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        raise BlendkitError(
            f"--device {device}: torch {torch.__version__} has no such device here", ["take cpu or auto"]
        )
    schedule = Schedule(
        asked["epochs"], asked["batch"], asked["rate"], mixup=asked["mixup"], patience=asked["patience"]
    )
    return Distil(
        schedule=schedule, temperature=asked["temperature"], labels=asked["label_share"], embedding=embedding_weight,
        width=asked["width"], seed=asked["seed"], device=device,
    )  # fmt: skip


def _teacher(source: str, space: Any) -> tuple[Scores, tuple[str, ...]]:
    """A teacher's logits, and the recordings it learned from, where its store says so."""
    from blendkit.core import logit
    from blendkit.member import BELOW_FLOAT32
    from blendkit.store import LogitStore

    path, _ = split_source(source)
    scores, _ = read_source(source, Names())
    if path.is_dir() and (path / "manifest.json").is_file():
        return scores, tuple(LogitStore.open(path).about.get("saw", ()))
    if space is None:
        raise BlendkitError(
            f"--teacher {source}: no file says what its values are", ["say --space logit or --space prob"]
        )
    if space == "prob":
        return scores.with_values(logit(scores.values, floor=BELOW_FLOAT32), "logit"), ()
    return scores.with_values(scores.values, "logit"), ()
