from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper

from blendkit.audio.recordings import find_recordings
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.io.readers.taxonomy_csv import read_taxonomy
from blendkit.member.protocol import MemberContext
from blendkit.sample.backbone import BLOCKS
from blendkit.testing.member_checks import check_member
from blendkit_members.perch import normalised, perch

Graph = Callable[..., Path]


@pytest.fixture(scope="module")
def context(world: Path) -> MemberContext:
    taxonomy = read_taxonomy([world / "taxonomy.csv"])
    return MemberContext(taxonomy.classes, taxonomy)


@pytest.fixture(scope="module")
def files(world: Path) -> dict[str, str]:
    return {"model": str(world / "models/perch_v2.onnx"), "labels": str(world / "models/perch_labels.csv")}


@pytest.fixture(scope="module")
def noise() -> NDArray[np.float32]:
    return (np.random.default_rng(3).standard_normal((2, 160_000)) * 0.05).astype(np.float32)


@pytest.fixture(scope="module")
def plain(context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]) -> NDArray[np.float32]:
    return perch(context, **files).predict(noise)


def raw_labels(model: bytes | str, windows: NDArray[np.float32], *names: str) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(list(names), {"inputs": windows})


def test_it_keeps_the_protocol(context: MemberContext, files: dict[str, str]) -> None:
    check_member("perch", context=context, **files)


def test_threads_change_no_bit(context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]) -> None:
    x = np.tile(noise, (3, 1))
    one, three = (perch(replace(context, threads=n), **files) for n in (1, 3))
    assert (one.workers, three.workers) == (1, 3)
    assert np.array_equal(one.predict(x), three.predict(x))


def test_classes_are_matched_by_scientific_name(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32], plain: NDArray[np.float32]
) -> None:
    names = Path(files["labels"]).read_text(encoding="utf-8").splitlines()[1:]
    raw = raw_labels(files["model"], noise, "label")[0]
    assert raw.shape[1] == len(names)
    info = perch(context, **files).info
    for i, class_id in enumerate(context.classes):
        name = context.taxonomy.scientific_name(class_id)
        assert info.covered[i] == (name in names)
        wanted = raw[:, names.index(name)] if name in names else np.zeros(2)
        np.testing.assert_allclose(plain[:, i], wanted, rtol=1e-4, atol=1e-5)
    assert 0 < sum(info.covered) < len(context.classes)  # the world has classes that Perch does not know
    assert (info.rate, info.window_s) == (32000, 5.0)


def test_slope_and_intercept(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32], plain: NDArray[np.float32]
) -> None:
    member = perch(context, slope=0.97, intercept=-10.0, **files)
    covered = np.array(member.info.covered)
    got = member.predict(noise)
    np.testing.assert_allclose(got[:, covered], 0.97 * plain[:, covered] - 10, rtol=1e-5)
    assert (got[:, ~covered] == 0).all()  # no class, no intercept
    assert "x 0.97 + -10" in member.info.notes[1]


def test_normalise_peak_by_hand() -> None:
    windows = np.array([[0.0, 2.0, 4.0], [3.0, 3.0, 3.0], [-0.1, 0.1, 0.0]], np.float32)
    got = normalised(windows, "peak")
    np.testing.assert_allclose(got, [[-0.25, 0, 0.25], [0, 0, 0], [-0.25, 0.25, 0]], atol=1e-7)
    assert got.dtype == np.float32
    assert normalised(windows, "none") is windows
    assert windows[0].tolist() == [0, 2, 4]


def test_normalised_audio_reaches_the_model(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]
) -> None:
    member = perch(context, normalise="peak", **files)
    np.testing.assert_allclose(member.predict(noise), member.predict(7 * noise + 0.5), rtol=1e-3, atol=1e-3)
    by_hand = perch(context, **files).predict(normalised(noise, "peak"))
    assert np.array_equal(member.predict(noise), by_hand)


def test_features_leave_the_logits_alone(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32], plain: NDArray[np.float32]
) -> None:
    member = perch(context, **files)
    shapes = member.feature_shapes
    assert list(shapes) == ["embedding", "spatial_embedding", "spectrogram", *(b.end for b in BLOCKS)]
    assert shapes["embedding"] == (128,)
    assert [f.shape[1:] for f in member.features(noise, list(shapes))] == list(shapes.values())
    assert np.array_equal(member.predict(noise), plain)


def test_features_by_hand(context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]) -> None:
    blocks = [BLOCKS[5].end, BLOCKS[3].end]  # a residual block and one without, in this order
    wanted = [blocks[0], "embedding", blocks[1], "spatial_embedding"]
    model = onnx.load(files["model"])
    model.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in blocks)
    raw = raw_labels(model.SerializeToString(), noise, *wanted)
    for name, got, full in zip(wanted, perch(context, **files).features(noise, wanted), raw, strict=True):
        hand = full.mean(axis=(2, 3)) if name in blocks else full
        np.testing.assert_allclose(got, hand, rtol=1e-4, atol=1e-5)


def test_an_unknown_feature_gets_the_nearest(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32]
) -> None:
    with pytest.raises(BlendkitError, match="no feature 'blok6_add' \\(did you mean 'block6_add'"):
        perch(context, **files).features(noise, ["blok6_add"])


def test_slim_or_whole_gives_the_same_bits(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32], world: Path, cache: Path
) -> None:
    recordings = tuple(find_recordings(world / "test_soundscapes").recordings)
    some = MemberContext(context.classes[:3], context.taxonomy, recordings=recordings)
    slim, whole = perch(some, **files), perch(some, slim=False, **files)
    assert np.array_equal(slim.predict(noise), whole.predict(noise))
    assert "slim graph" in slim.info.notes[-1]
    assert "2 of 40 classes" in slim.info.notes[-1]
    assert len(list((cache / "slim").iterdir())) == 1
    assert slim.labels.width < whole.labels.width
    assert slim.info.classes == whole.info.classes


def test_a_synonym_and_a_genus(files: dict[str, str], noise: NDArray[np.float32], tmp_path: Path) -> None:
    names = Path(files["labels"]).read_text(encoding="utf-8").splitlines()[1:]
    known = next(n for n in names if " " in n)
    ours = {"a": "Novum nomen", "b": f"{known.split()[0]} fictus", "c": "Nihil simile"}
    context = MemberContext(tuple(ours), Taxonomy({c: {"scientific_name": s} for c, s in ours.items()}))
    synonyms = tmp_path / "synonyms.csv"
    synonyms.write_text(f"Novum nomen,{known}\n", encoding="utf-8")
    member = perch(context, synonyms=str(synonyms), proxies="genus", **files)
    raw = raw_labels(files["model"], noise, "label")[0]
    genus = [i for i, n in enumerate(names) if n.split()[0] == known.split()[0]]
    got = member.predict(noise)
    assert member.info.covered == (True, True, False)
    assert np.allclose(got[:, 0], raw[:, names.index(known)], atol=1e-5)
    assert np.allclose(got[:, 1], raw[:, genus].max(axis=1), atol=1e-5)
    assert "1 by synonym" in member.info.notes[0]
    assert "by the highest of their genus" in member.info.notes[0]


def test_found_in_the_users_cache(
    context: MemberContext, files: dict[str, str], noise: NDArray[np.float32], plain: NDArray[np.float32],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("BLENDKIT_MODELS", "XDG_CACHE_HOME", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BlendkitError, match="Perch v2 was not found") as error:
        perch(context)
    assert "perch_v2.onnx or perch_v2_no_dft.onnx" in error.value.problems[0]
    assert str(tmp_path / ".cache" / "huggingface" / "hub") in error.value.problems[0]
    assert "Hugging Face" in error.value.problems[1]
    hub = tmp_path / ".cache/huggingface/hub/models--justinchuby--Perch-onnx/snapshots/abc"
    hub.mkdir(parents=True)
    shutil.copy(files["model"], hub / "perch_v2.onnx")
    shutil.copy(files["labels"], hub / "labels.csv")
    assert np.array_equal(perch(context).predict(noise), plain)


def other_contract(tmp_path: Path, save_graph: Graph, source: str, output: str) -> dict[str, str]:
    """A model that is not Perch: other names of input and outputs."""
    weights = {"w": np.ones((160_000, 2), np.float32)}
    path = save_graph(
        tmp_path / "other.onnx",
        [helper.make_node("MatMul", [source, "w"], [output])],
        {source: ("b", 160_000)},
        {output: ("b", 2)},
        weights,
    )
    labels = tmp_path / "l.csv"
    labels.write_text("Ara ararauna\nPipa pipa\n", encoding="utf-8")
    return {"model": str(path), "labels": str(labels)}


@pytest.mark.parametrize(("source", "output"), [("audio", "label"), ("inputs", "scores")])
def test_a_model_of_another_contract(tmp_path: Path, save_graph: Graph, source: str, output: str) -> None:
    context = MemberContext(("a",), Taxonomy({"a": {"scientific_name": "Pipa pipa"}}))
    with pytest.raises(BlendkitError, match="the graph has no") as error:
        perch(context, **other_contract(tmp_path, save_graph, source, output))
    assert "found" in str(error.value)


def test_more_labels_than_columns(context: MemberContext, files: dict[str, str], tmp_path: Path) -> None:
    # a label file of another release must not shift or lose classes in silence
    labels = tmp_path / "more.csv"
    labels.write_text(Path(files["labels"]).read_text(encoding="utf-8") + "Nova species\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"more\.csv"):
        perch(context, model=files["model"], labels=str(labels))
