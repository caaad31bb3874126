from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile

from blendkit.sample.cached import cached_world
from blendkit.sample.config import FORMAT_VERSION, Part, WorldConfig
from blendkit.sample.recording_schedule import plan_recordings, row_ids, truth
from blendkit.sample.species import SPECIES, backbone_labels, class_labels
from blendkit.sample.world import is_whole, make_world
from tests.small_world import SMALL

EXTERNAL = (
    "base",
    "birdnet",
    "cnn",
    "dinov2",
    "exp019",
    "exp53",
    "exp72e",
    "exp79b",
    "exp88",
    "insects",
    "proto",
    "sed",
)
TABLES = (
    "taxonomy.csv",
    "train_soundscapes_labels.csv",
    "test_soundscapes_labels.csv",
    "sample_submission.csv",
    "protossm_sed.csv",
    *(f"external/{n}.csv" for n in EXTERNAL),
    "train_oof.npz",
    "world.json",
    "models/perch_labels.csv",
)
HEADS = ("models/seqhead.onnx", "models/seqhead_v1.onnx", "models/seqhead_pseudo.onnx")
MODELS = ("models/perch_v2.onnx", *HEADS)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def values(path: Path) -> np.ndarray:
    return np.array([[float(row[label]) for label in class_labels()] for row in table(path)])


def open_model(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def test_every_file_is_there_and_nothing_else(world: Path) -> None:
    found = {p.relative_to(world).as_posix() for p in world.rglob("*") if p.is_file() and "train_audio" not in p.parts}
    sounds = {name for name in found if name.endswith(".ogg")}
    assert found - sounds == {*TABLES, *MODELS}
    assert len(sounds) == SMALL.train_recordings + SMALL.test_recordings + SMALL.unlabelled
    pattern = r"(train|test|unlabelled)_soundscapes/BC2026_(Train|Test|Unlabelled)_\d{4}_S\d\d_2025\d{4}_\d{6}\.ogg"
    assert all(re.fullmatch(pattern, name) for name in sounds)


def test_world_json_holds_the_config_and_the_format(world: Path) -> None:
    about = json.loads((world / "world.json").read_text(encoding="utf-8"))
    assert about["format"] == FORMAT_VERSION == 4
    assert WorldConfig(**about["config"]) == SMALL
    files = {p.relative_to(world).as_posix(): p.stat().st_size for p in world.rglob("*") if p.is_file()}
    del files["world.json"]
    assert about["files"] == files


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same world once more, without the clips of its classes."""
    folder = tmp_path_factory.mktemp("again") / "world"
    make_world(folder, replace(SMALL, train_audio=False))
    return folder


def test_the_same_config_makes_the_same_world(world: Path, again: Path) -> None:
    assert [p.name for p in again.parent.iterdir()] == ["world"]
    for name in (*TABLES, *MODELS):
        if name != "world.json":
            assert (world / name).read_bytes() == (again / name).read_bytes(), name
    sounds = [*again.rglob("*.ogg")]
    assert len(sounds) == SMALL.train_recordings + SMALL.test_recordings + SMALL.unlabelled
    for path in sounds:
        first, second = (soundfile.read(p)[0] for p in (path, world / path.relative_to(again)))
        assert np.array_equal(first, second), path.name
    listed = [json.loads((folder / "world.json").read_text(encoding="utf-8")) for folder in (world, again)]
    assert WorldConfig(**listed[1]["config"]) == replace(SMALL, train_audio=False)
    clips = {n for n in listed[0]["files"] if n.startswith("train_audio/")}
    assert set(listed[1]["files"]) == set(listed[0]["files"]) - clips
    assert clips


def test_recordings_are_32_khz_mono_and_as_long_as_asked(again: Path) -> None:
    for path in again.rglob("*.ogg"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (32_000, 1, "VORBIS")
        assert info.frames == SMALL.seconds * 32_000


def test_focal_clips_are_written_where_they_are_wanted(world: Path) -> None:
    clips = sorted((world / "train_audio").rglob("*.ogg"))
    assert {p.parent.name for p in clips} == set(class_labels())
    assert len(clips) == len(class_labels()) * SMALL.focal_clips
    assert all(soundfile.info(p).frames == 160_000 for p in clips)


def test_a_folder_with_this_very_world_is_returned_and_any_other_left_alone(world: Path, tmp_path: Path) -> None:
    before = (world / "world.json").stat().st_mtime_ns
    assert make_world(world, SMALL) == world
    assert (world / "world.json").stat().st_mtime_ns == before
    with pytest.raises(FileExistsError, match="exists already"):
        make_world(world, replace(SMALL, seed=SMALL.seed + 1))
    with pytest.raises(FileExistsError, match="exists already"):
        make_world(tmp_path, SMALL)


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("blendkit.sample.world.write_external", fail)
    with pytest.raises(OSError, match="disk full"):
        make_world(tmp_path / "world", SMALL)
    assert list(tmp_path.iterdir()) == []


def damage(folder: Path, how: str) -> None:
    if how == "no list":
        (folder / "world.json").unlink()
    elif how == "an older list":
        (folder / "world.json").write_text('{"format": 3}', encoding="utf-8")
    elif how == "a missing file":
        (folder / "models" / "seqhead.onnx").unlink()
    elif how == "a file cut short":
        (folder / "taxonomy.csv").write_text("primary", encoding="utf-8")


@pytest.mark.parametrize("how", ["no list", "an older list", "a missing file", "a file cut short"])
def test_a_cached_world_that_lacks_something_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    made: list[Path] = []

    def make(folder: Path, config: WorldConfig) -> Path:
        made.append(folder)
        (folder / "models").mkdir(parents=True)
        for name in ("taxonomy.csv", "models/seqhead.onnx"):
            (folder / name).write_text("all of it", encoding="utf-8")
        sizes = '{"files": {"taxonomy.csv": 9, "models/seqhead.onnx": 9}}'
        (folder / "world.json").write_text(sizes, encoding="utf-8")
        return folder

    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("blendkit.sample.world.make_world", make)
    folder = cached_world()
    assert cached_world() == folder
    assert len(made) == 1  # a whole one is used as it is
    damage(folder, how)
    assert not is_whole(folder)
    assert cached_world() == folder
    assert is_whole(folder)
    assert len(made) == 2
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]


def test_two_processes_may_make_the_cached_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: Path, config: WorldConfig) -> Path:
        folder.mkdir(parents=True)
        (folder / "world.json").write_text('{"files": {}}', encoding="utf-8")
        raise FileExistsError("the other one was first")

    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("blendkit.sample.world.make_world", make)
    assert is_whole(cached_world())


def test_train_labels_are_listed_twice_and_two_recordings_are_partial(world: Path) -> None:
    rows = [tuple(row.values()) for row in table(world / "train_soundscapes_labels.csv")]
    assert set(Counter(rows).values()) == {2}
    chunks = Counter(row[0] for row in set(rows))
    assert sorted(chunks.values()) == [6, 6, 12, 12, 12, 12]
    assert any(row[3] == "" for row in rows)
    assert {label for row in rows for label in row[3].split(";") if label} == set(class_labels())


def test_test_labels_are_complete_and_listed_once(world: Path) -> None:
    rows = [tuple(row.values()) for row in table(world / "test_soundscapes_labels.csv")]
    assert len(rows) == len(set(rows)) == SMALL.test_recordings * SMALL.chunks
    assert rows[1][1:3] == ("00:00:05", "00:00:10")


def test_the_template_has_all_test_rows_in_blocks(world: Path) -> None:
    rows = table(world / "sample_submission.csv")
    assert tuple(rows[0]) == ("row_id", *class_labels())
    assert tuple(row["primary_label"] for row in table(world / "taxonomy.csv")) == class_labels()
    ids = [row["row_id"] for row in rows]
    assert sorted(ids) == sorted(row_ids(SMALL, plan_recordings(SMALL, Part.TEST)))
    ends = [int(row_id.rsplit("_", 1)[1]) for row_id in ids]
    assert ends == list(range(5, 61, 5)) * SMALL.test_recordings
    assert np.all(values(world / "sample_submission.csv") == 1 / len(class_labels()))


def test_the_external_table_is_permuted_and_strictly_between_0_and_1(world: Path) -> None:
    rows = table(world / "protossm_sed.csv")
    columns, ids = tuple(rows[0])[1:], [row["row_id"] for row in rows]
    assert columns != class_labels()
    assert sorted(columns) == sorted(class_labels())
    assert ids == sorted(row["row_id"] for row in table(world / "sample_submission.csv"))
    scores = values(world / "protossm_sed.csv")
    assert scores.min() > 0
    assert scores.max() < 1


def test_out_of_fold_members_cover_all_training_rows(world: Path) -> None:
    with np.load(world / "train_oof.npz") as stored:
        oof = dict(stored)
    plan = plan_recordings(SMALL, Part.TRAIN)
    assert tuple(oof["row_ids"]) == row_ids(SMALL, plan)
    assert tuple(oof["classes"]) == class_labels()
    assert np.array_equal(oof["labels"], truth(SMALL, plan).reshape(-1, len(SPECIES)))
    assert oof["labelled"].sum() == 60
    assert np.all(oof["fold"].reshape(-1, SMALL.chunks).std(axis=1) == 0)
    assert set(oof["fold"]) == {0, 1, 2}
    for member in ("protossm_sed", "birdnet_like"):
        assert oof[member].dtype == np.float32
        assert oof[member].shape == oof["labels"].shape
        assert 0 < oof[member].min() <= oof[member].max() < 1


def test_the_backbone_keeps_the_contract(world: Path) -> None:
    session = open_model(world / "models" / "perch_v2.onnx")
    (source,) = session.get_inputs()
    assert (source.name, source.type, source.shape) == ("inputs", "tensor(float)", ["batch", 160_000])
    names = (world / "models" / "perch_labels.csv").read_text(encoding="utf-8").splitlines()
    assert names == ["inat2024_fsd50k", *backbone_labels()]
    for batch in (1, 3):
        found = session.run(None, {"inputs": np.zeros((batch, 160_000), dtype=np.float32)})
        shapes = {o.name: value.shape for o, value in zip(session.get_outputs(), found, strict=True)}
        assert shapes == {
            "embedding": (batch, 128),
            "spatial_embedding": (batch, 32, 8, 128),
            "spectrogram": (batch, 500, 64),
            "label": (batch, len(backbone_labels())),
        }
        assert all(np.isfinite(value).all() for value in found)


def test_the_embedding_is_the_mean_of_the_spatial_embedding(world: Path) -> None:
    wave = np.random.default_rng(0).normal(0, 0.02, (2, 160_000)).astype(np.float32)
    names = ["embedding", "spatial_embedding"]
    pooled, spatial = open_model(world / "models" / "perch_v2.onnx").run(names, {"inputs": wave})
    assert np.allclose(pooled, spatial.mean(axis=(1, 2)), atol=1e-5)
    assert 0.1 < np.abs(spatial).mean() < 10


def test_models_are_small(world: Path) -> None:
    assert sum((world / name).stat().st_size for name in MODELS) < 3_000_000


@pytest.mark.parametrize("head", HEADS)
def test_the_head_reads_tensors_of_the_backbone(world: Path, head: str) -> None:
    model = onnx.load(world / "models" / "perch_v2.onnx")
    tensors = {name for node in model.graph.node for name in node.output}
    session = open_model(world / head)
    inputs = session.get_inputs()
    about = session.get_modelmeta().custom_metadata_map
    assert about["kind"] == "seqhead"
    assert json.loads(about["blocks"]) == [i.name for i in inputs]
    assert {i.name for i in inputs} <= tensors
    assert tuple(json.loads(about["classes"])) == class_labels()
    stems = [r.stem for r in plan_recordings(SMALL, Part.TRAIN)]
    assert json.loads(about["saw"]) == ([] if "v1" in head else stems)
    pooled = {i.name: np.zeros((5, i.shape[1]), dtype=np.float32) for i in inputs}
    assert session.run(["logits"], pooled)[0].shape == (5, len(class_labels()))


def test_default_world_has_positives_where_they_are_needed() -> None:
    config = WorldConfig()
    counts = {split: truth(config, plan_recordings(config, split)).sum(axis=(0, 1)) for split in Part}
    assert counts[Part.TRAIN].min() > 0
    assert (counts[Part.TEST] > 0).sum() >= 18


def test_more_recordings_do_not_change_the_ones_before() -> None:
    few, many = (plan_recordings(replace(SMALL, train_recordings=n), Part.TRAIN) for n in (20, 24))
    assert [r.stem for r in few] == [r.stem for r in many[:20]]


@pytest.mark.parametrize(("shift", "unseen"), [(0.0, False), (1.0, True)])
def test_shift_moves_the_test_sites(shift: float, unseen: bool) -> None:
    plan = plan_recordings(WorldConfig(shift=shift), Part.TEST)
    assert all((recording.site >= 6) is unseen for recording in plan)


@pytest.mark.parametrize("wrong", [{"seconds": 7}, {"shift": 1.5}, {"seed": -1}, {"train_recordings": 2}])
def test_an_impossible_config_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        WorldConfig(**wrong)


def test_importing_the_sample_world_is_cheap() -> None:
    heavy = "{'onnx', 'onnxruntime', 'sklearn', 'scipy', 'soundfile'} & set(sys.modules)"
    code = f"import sys, blendkit.sample.world; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
