"""`run --memory`: blended in parts, from a store among others, and the same files to the last byte."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from blendkit.blending.divided_work import Parts
from blendkit.cli.top import cli
from blendkit.core.names import NameRule
from blendkit.core.rows import chunk_rows
from blendkit.core.scores import Scores
from blendkit.engine import memory_limit
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError
from blendkit.io.writers.submission import write_scores
from blendkit.store.journal_entries import Stored
from blendkit.store.logits import LogitStore
from blendkit.store.mapped_matrices import MappedMatrices

Run = Callable[..., RunResult]
CLASSES = tuple(f"c{i:02d}" for i in range(20))
RECORDINGS = [f"XY_{i:04d}_S{i % 3:02d}_20250101_{i % 24:02d}0000" for i in range(30)]
RECIPE = """
recipe: 1
name: large
template: null
taxonomy: [taxonomy.csv]
labels: [labels.csv]
members:
  stored: {use: table, path: store, space: logit, steps: [{gaussian: {sigma: 0.8}}]}
  written: {use: table, path: scores.csv, space: prob}
blends:
  c:
    by: rank
    of: {stored: 0.6, written: 0.4}
    steps: [{taxonomy_mean: {genus: 0.1, class_name: 0.05}}]
output: c
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    rows = chunk_rows(dict.fromkeys(RECORDINGS, 4), 5.0, NameRule())
    z = np.random.default_rng(0).standard_normal((2, len(rows), len(CLASSES))).astype(np.float32)
    store = LogitStore.create(folder / "store", "m", CLASSES, [True] * len(CLASSES), {"notes": []})
    for low in range(0, len(RECORDINGS), 10):
        part = RECORDINGS[low : low + 10]
        own = Scores.build(z[0, low * 4 : low * 4 + 40], rows.take(slice(low * 4, low * 4 + 40)), CLASSES, "logit")
        store.write(own, {r: Stored("k", 4, "ok", "", 20.0) for r in part})
    store.finish()
    write_scores(Scores.build(z[1], rows, CLASSES, "logit"), folder / "scores.csv")
    taxa = [f"{c},G{i // 3} s{i},{'Aves' if i % 2 else 'Insecta'}" for i, c in enumerate(CLASSES)]
    (folder / "taxonomy.csv").write_text("\n".join(["primary_label,scientific_name,class_name", *taxa]) + "\n")
    spans = [f"{r}.ogg,{s},{s + 5},{CLASSES[(i + s) % 20]}" for i, r in enumerate(RECORDINGS[:12]) for s in (0, 5)]
    (folder / "labels.csv").write_text("\n".join(["filename,start,end,primary_label", *spans]) + "\n")
    return folder


@pytest.mark.parametrize("bytes_per_cell", [64, 2**20 // 300, 2**20])
def test_parts_write_the_bytes_of_the_whole(
    bytes_per_cell: int, data: Path, tmp_path: Path, run_text: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_limit, "_BYTES", bytes_per_cell)  # 1M of memory then holds all cells, 300 or one
    made: list[tuple[int, int]] = []
    new = MappedMatrices.new
    monkeypatch.setattr(MappedMatrices, "new", lambda self, shape, dtype: made.append(shape) or new(self, shape, dtype))
    whole = run_text(RECIPE, data, tmp_path / "whole")
    assert not made
    parts = run_text(RECIPE, data, tmp_path / "parts", memory="1M")
    assert set(made) == {(120, 20)}
    for name in ("submission.csv", "run.json"):
        assert (whole.out / name).read_bytes() == (parts.out / name).read_bytes()
    assert whole.streams["c"].macro_auc is not None


def test_a_store_is_read_as_logits_alone(data: Path, tmp_path: Path, run_text: Run) -> None:
    with pytest.raises(BlendkitError, match=r"`space: prob`, but a store holds logits"):
        run_text(RECIPE.replace("store, space: logit", "store, space: prob"), data, tmp_path / "out")


@pytest.mark.parametrize("size", ["lots", "4X", "-1G", "0", "1k", 5])
def test_a_size_that_is_none_is_refused(size: str | int, data: Path, tmp_path: Path, run_text: Run) -> None:
    with pytest.raises(BlendkitError, match="no size of at least 1M"):
        run_text(RECIPE, data, tmp_path / "out", memory=size)
    assert not (tmp_path / "out").exists()


def test_a_share_that_is_only_scored_needs_no_limit() -> None:
    done = CliRunner().invoke(cli, ["run", "eos7", "--shard", "1/2", "--memory", "1G"])
    assert done.exit_code == 2
    assert "leave out --budget, --dry-run, --format, --safe-csv, --memory" in done.output


def test_sizes_by_hand() -> None:
    sizes = {"4G": 4 * 2**30, "500M": 500 * 2**20, "1.5 GiB": 3 * 2**29, "2gb": 2**31, 2**20: 2**20}
    assert {t: memory_limit.bytes_in(t) for t in sizes} == sizes


def test_what_cannot_be_divided_is_said_before_anything_is_read(data: Path, tmp_path: Path, run_text: Run) -> None:
    whole = RECIPE.replace("steps: [{taxonomy_mean", "steps: [{to: unit}, {low_rank_power_of_set: {}}, {taxonomy_mean")
    with pytest.raises(BlendkitError, match="cannot be blended in parts") as error:
        run_text(whole, tmp_path / "nowhere", tmp_path / "out", memory="1M")
    assert any("low_rank_power_of_set" in p for p in error.value.problems)


def test_mapped_matrices_hold_values_without_memory_or_files(tmp_path: Path) -> None:
    with MappedMatrices(tmp_path) as files:
        x = files.new((5, 3), np.float64)
        assert not list(tmp_path.iterdir())  # its file has no name any more
        x[:] = np.arange(15).reshape(5, 3)
        files.give_back()
        assert x.flags.f_contiguous
        assert x.tolist() == np.arange(15.0).reshape(5, 3).tolist()
        assert files.holds(x[1:, ::2])
        assert not files.holds(np.array(x))
        assert files.new((0, 3), np.float32).shape == (0, 3)
    assert len(list(Parts(7).of_classes((5, 3)))) == 3


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system cannot take a disk's room beforehand")
def test_a_full_disk_is_noticed_before_a_matrix_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def full(file: int, start: int, size: int) -> None:
        asked.append((start, size))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left on device") as found:
        MappedMatrices(tmp_path).new((30, 20), np.float32)
    assert Path(str(found.value.filename)).parent == tmp_path
    assert (asked, list(tmp_path.iterdir())) == ([(0, 30 * 20 * 4)], [])
