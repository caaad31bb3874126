"""What is fuzzed: each target is a function of bytes that may raise BlendkitError, OSError and MemoryError alone."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from blendkit.audio import decode
from blendkit.core import PATTERNS, NameRule, rows_from_ids, user_pattern
from blendkit.errors import BlendkitError
from blendkit.io import (
    ColumnNames,
    read_deployments,
    read_finds,
    read_found,
    read_labels,
    read_leaderboard,
    read_provenance,
    read_range_table,
    read_sites,
    read_solutions,
    read_species_lists,
    read_taxonomy,
    read_template,
    read_thresholds,
)
from blendkit.member import read_class_names
from blendkit.ops import info_of
from blendkit.recipe import make_plan, packaged_recipes, parse_recipe
from blendkit.registry import OPS, READERS, registry
from blendkit.searching import read_ledger
from tests.fuzz import crafted_stores
from tests.io.format_samples import TEXTS
from tests.sounds import encoded, noise

ALLOWED = (BlendkitError, OSError, MemoryError)
ROWS = "row_id,ara,frog\nR1_5,0.9,0.1\nR1_10,0.2,0.3\n"
LABELS = "filename,start,end,primary_label\nR1.ogg,00:00:00,00:00:05,ara;frog\nR1.ogg,00:00:05,00:00:10,['ara']\n"


@dataclass(frozen=True)
class Target:
    """run: what reads the bytes; seeds: inputs that it reads well, for the fuzzer to start from."""

    run: Callable[[bytes], Any]
    seeds: tuple[bytes, ...]


def of_file(read: Callable[[Path], Any], name: str, *seeds: bytes | str) -> Target:
    """A target that reads a file of this name."""

    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            read(path)

    return Target(run, tuple(s.encode() if isinstance(s, str) else s for s in seeds))


def of_text(read: Callable[[str], Any], *seeds: str) -> Target:
    """A target that reads a text."""
    return Target(lambda data: read(data.decode("utf-8", "replace")), tuple(s.encode() for s in seeds))


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def table(write: Callable[[pa.Table, Any], object]) -> bytes:
    file = io.BytesIO()
    write(pa.table({"row_id": ["R1_5", "R1_10"], "ara": [0.9, 0.2], "frog": [0.1, 0.3]}), file)
    return file.getvalue()


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", text)
    return file.getvalue()


def recipe(text: str) -> None:
    make_plan(parse_recipe(text, "r.yaml"))


def row_ids(text: str) -> None:
    rows_from_ids(text.split("\n"), 5.0, NameRule())


def recorders(text: str) -> None:
    for pattern in PATTERNS.values():
        NameRule(pattern).read(text)


def pattern(text: str) -> None:
    first, _, name = text.partition("\n")
    user_pattern(first, "--group").search(name)


def artefacts(path: Path) -> None:
    """Load the file as every kind of artefact, of which it can be one at most."""
    for name in registry(OPS).names():
        info = info_of(registry(OPS).get(name))
        if info is not None and info.load is not None:
            try:
                info.load(path)
            except BlendkitError:
                continue


def scores(path: Path) -> None:
    """Read the file as what it seems to be."""
    read_found(path, ColumnNames())


def as_format(name: str) -> Callable[[Path], Any]:
    return lambda path: read_found(path, ColumnNames(format=name, array="scores"))


def readers() -> Iterable[tuple[str, Target]]:
    for name in registry(READERS).names():
        if name != "folder":
            yield f"format-{name}", of_file(as_format(name), "t.csv", TEXTS.get(name, ROWS))


STORES = crafted_stores.seeds()
RATES = {"kind": "class_rates", "version": 1, "classes": ["a", "b"], "saw": ["R1"], "k": 1.0, "recordings": 1}
TARGETS: dict[str, Target] = {
    "recipe": of_text(recipe, *packaged_recipes().values()),
    "row_ids": of_text(row_ids, "R1_5\nR1_10\nR2_5.5"),
    "recorders": of_text(recorders, "x_S22_20211231_201500", "20200101T053000+1000_REC_[-27.3888+152.8808]", "5E90A4D4"),
    "pattern": of_text(pattern, "_(?P<site>S\\d+)_\nx_S22_20211231", "[[a]{2}\n[a"),
    "labels": of_file(read_labels, "l.csv", LABELS, "row_id,birds\nR1_5,ara frog\n", "0.0\t3.0\tara\n",
                      '[{"filename": "R1", "start": 0, "end": 5, "primary_label": "ara"}]', zipped(LABELS)),
    "scores": of_file(scores, "t.csv", ROWS, *TEXTS.values(), zipped(ROWS)),
    "npz": of_file(scores, "t.npz", npz(scores=np.zeros((2, 2)), row_ids=["R1_5", "R1_10"], classes=["a", "b"])),
    "npy": of_file(as_format("npy"), "t.npy", npy(np.zeros((2, 2)))),
    "parquet": of_file(scores, "t.parquet", table(pq.write_table)),
    "arrow": of_file(scores, "t.arrow", table(feather.write_feather)),
    "artefacts": of_file(artefacts, "a.npz", npz(meta=json.dumps(RATES), rate=np.array([0.5, 0.1]))),
    "provenance": of_file(read_provenance, "p.npz", npz(provenance=['{"kind": "oof", "space": "prob", "saw": ["R1"]}'])),
    "run_json": of_file(lambda p: read_provenance(p.parent), "run.json",
                        '{"saw": {"m": ["R1"]}, "recipe": {"members": {"m": {}}}, "written": {}, "recordings": {"R1": {}}}'),
    "taxonomy": of_file(read_taxonomy, "taxonomy.csv", "primary_label,scientific_name,class_name\nara,Ara ararauna,Aves\n"),
    "template": of_file(read_template, "s.csv", ROWS),
    "leaderboard": of_file(read_leaderboard, "l.csv", "TeamId,Score\n1,0.9\n2,0.8\n"),
    "deployments": of_file(read_deployments, "d.csv", "site,folder,tz,latitude,longitude\nA,x,UTC+3,1.5,2\n"),
    "ranges": of_file(read_range_table, "r.csv", "site,week,class,probability\nA,1,ara,0.5\n"),
    "thresholds": of_file(read_thresholds, "t.csv", "class,threshold\nara,0.5\nfrog,\n"),
    "sites": of_file(read_sites, "s.csv", "site,latitude,longitude\nA,1.5,2.5\n"),
    "species": of_file(read_species_lists, "s.csv", "site,class\nA,ara\n", "ara\nfrog\n"),
    "finds": of_file(read_finds, "f.csv", "class,latitude,longitude\nara,1,2\n"),
    "ledger": of_file(read_ledger, "l.jsonl", '{"name": "a", "oof": 0.9, "time": "2020"}\n'),
    "solutions": of_file(read_solutions, "s.py", "solutions = {'Type': 'rank', 'Models': [{'Model': 'a', 'Weight': 1}]}\n"),
    "class_file": of_file(read_class_names, "c.csv", "inat2024_fsd50k\nara\nfrog\n", "id,name\n1,ara\n"),
    "store_journal": Target(crafted_stores.journal, (STORES["line"],)),
    "store_index": Target(crafted_stores.index, (STORES["index"],)),
    "store_facts": Target(crafted_stores.facts, (STORES["facts"],)),
    "wav": of_file(decode, "a.wav", encoded(noise(0.1, 8000), "WAV", rate=8000)),
    "flac": of_file(decode, "a.flac", encoded(noise(0.1, 8000), "FLAC", rate=8000)),
    "ogg": of_file(decode, "a.ogg", encoded(noise(0.3, 8000), "OGG", rate=8000)),
    "mp3": of_file(decode, "a.mp3", encoded(noise(0.3, 16000), "MP3", rate=16000)),
    **dict(readers()),
}  # fmt: skip


def check(name: str, data: bytes) -> None:
    """Run a target on bytes. Raises what is a find: all but the errors that are allowed."""
    try:
        TARGETS[name].run(data)
    except ALLOWED:
        return
