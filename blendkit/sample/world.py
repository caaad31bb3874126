"""Make the sample world: all its files in one folder, which appears only when it is complete."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.core import json_value, require_kind
from blendkit.sample.backbone import backbone, tapped, trunk
from blendkit.sample.backbone_outputs import Features, backbone_features, session_of, stacked
from blendkit.sample.competition_tables import write_labels, write_taxonomy, write_template
from blendkit.sample.config import FORMAT_VERSION, Part, WorldConfig
from blendkit.sample.external_scores import labelled_rows, write_external, write_out_of_fold
from blendkit.sample.focal import fit_labels, focal_names, focal_truth, focal_waves, write_clips
from blendkit.sample.onnx_pieces import Piece, to_bytes
from blendkit.sample.recording_schedule import PlannedRecording, plan_recordings, truth
from blendkit.sample.sequence_head import fit_sample_head, head_model, pseudo_labels
from blendkit.sample.sound_rendering import render, write_ogg
from blendkit.sample.species import backbone_labels, class_labels
from blendkit.store import make_folder
from blendkit.temporaries import errors_naming, temporary_beside

_DEFAULT = WorldConfig()


@dataclass(frozen=True)
class WorldFeatures:
    """Features of the training recordings' chunks, of the focal clips, and of the unlabelled recordings' chunks."""

    chunks: Features
    focal: Features
    unlabelled: Features


def make_world(folder: Path | str, config: WorldConfig = _DEFAULT) -> Path:
    """Make the sample world of `config` in a new folder, and return the folder.

    The same config gives the same samples, tables and models. The folder appears under its name only when it
    is complete, so that a whole world of the same config is returned as it is; any other folder that exists raises
    `FileExistsError`. Its `world.json` lists all other files.
    """
    require_kind(config, WorldConfig, "config of a sample world")
    folder = Path(folder)
    if is_whole(folder, config):
        return folder
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; the sample world needs a new folder")
    make_folder(folder.parent)
    with temporary_beside(folder) as building, errors_naming(building, folder):
        building.mkdir()
        _fill(building, config)
        _list_files(building, config)
        building.rename(folder)
    return folder


def is_whole(folder: Path, config: WorldConfig | None = None) -> bool:
    """Return whether a folder holds all files of a sample world, each of its size: caches are cleared now and then.

    config: it must be that of the world, and the world of this version's format.
    """
    try:
        about = json_value((folder / "world.json").read_text(encoding="utf-8"))
        same = config is None or (about["format"], about["config"]) == (FORMAT_VERSION, asdict(config))
        return same and all((folder / name).stat().st_size == size for name, size in about["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _list_files(folder: Path, config: WorldConfig) -> None:
    sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
    about = {"format": FORMAT_VERSION, "config": asdict(config), "files": sizes}
    (folder / "world.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8", newline="\n")


def _fill(folder: Path, config: WorldConfig) -> None:
    train, test, unlabelled = (plan_recordings(config, split) for split in Part)
    _write_tables(folder, config, train, test)
    body = trunk(config)
    session = session_of(to_bytes(tapped(body)))
    # Synthesis, Vorbis and the network all release the interpreter lock.
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        from_train = pool.map(lambda recording: _record(folder, config, recording, session), train)
        from_unlabelled = pool.map(lambda recording: _record(folder, config, recording, session), unlabelled)
        clips = pool.map(lambda name: backbone_features(session, focal_waves(config, name)), focal_names())
        written = pool.map(lambda recording: _record(folder, config, recording), test)
        chunks, more = (stacked([part for part in parts if part]) for parts in (from_train, from_unlabelled))
        _write_models(folder / "models", config, train, body, WorldFeatures(chunks, stacked(list(clips)), more))
        list(written)
        if config.train_audio:
            list(pool.map(lambda label: write_clips(config, label, folder / "train_audio"), class_labels()))


def _write_tables(
    folder: Path, config: WorldConfig, train: tuple[PlannedRecording, ...], test: tuple[PlannedRecording, ...]
) -> None:
    write_taxonomy(folder / "taxonomy.csv")
    write_labels(folder / "train_soundscapes_labels.csv", train)
    write_labels(folder / "test_soundscapes_labels.csv", test)
    write_template(folder / "sample_submission.csv", config, test)
    write_external(folder, config, test)
    write_out_of_fold(folder / "train_oof.npz", config, train)
    for name in ("models", "train_soundscapes", "test_soundscapes", "unlabelled_soundscapes"):
        (folder / name).mkdir()


def _record(folder: Path, config: WorldConfig, recording: PlannedRecording, session: Any = None) -> Features | None:
    """Write one recording; with a session, also return the features of its chunks."""
    wave = render(config, recording)
    write_ogg(folder / f"{recording.split.name.lower()}_soundscapes" / f"{recording.stem}.ogg", wave)
    return None if session is None else backbone_features(session, wave)


def _write_models(
    folder: Path, config: WorldConfig, train: tuple[PlannedRecording, ...], body: Piece, features: WorldFeatures
) -> None:
    """Fit and write the models; nothing of the test recordings is used.

    There are three heads: fitted on focal clips alone, on clips and labelled chunks, and on these and on pseudo-labels
    of the unlabelled recordings, which the second head gives.
    """
    names = "\n".join(["inat2024_fsd50k", *backbone_labels()])
    (folder / "perch_labels.csv").write_text(names + "\n", encoding="utf-8", newline="\n")
    weight, bias = fit_labels(config, features.focal.embedding).folded()
    (folder / "perch_v2.onnx").write_bytes(to_bytes(backbone(body, weight, bias)))
    labelled, stems = labelled_rows(config, train), [r.stem for r in train]
    labels = truth(config, train).reshape(len(labelled), -1)[labelled]
    focal, both = focal_truth(config), stacked([features.chunks.rows(labelled), features.focal])
    layer = fit_sample_head(both, np.concatenate([labels, focal]))
    pseudo = pseudo_labels(layer, features.unlabelled)
    more = fit_sample_head(stacked([both, features.unlabelled]), np.concatenate([labels, focal, pseudo]))
    heads = {
        "seqhead_v1": (fit_sample_head(features.focal, focal), []),
        "seqhead": (layer, stems),
        "seqhead_pseudo": (more, stems),
    }
    for name, (fitted, saw) in heads.items():
        (folder / f"{name}.onnx").write_bytes(to_bytes(head_model(fitted, saw)))
