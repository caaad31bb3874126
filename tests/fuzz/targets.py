"""What is fuzzed: each target is a function of bytes that may raise BlendkitError, OSError and MemoryError alone."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from blendkit.audio import decode
from blendkit.core import PATTERNS, NameRule, in_words, rows_from_ids, seconds_in, user_pattern
from blendkit.engine.output_folder import new_outputs, write_report
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
from blendkit.sample.world import is_whole
from blendkit.scoring import Shard
from blendkit.searching import ledger_transfers, read_ledger, transfer_agreement
from blendkit.training.jobs.head_fit import _probe as read_probe
from blendkit.training.jobs.pseudo_labels import _saw as saw_of_labels
from blendkit.training.jobs.teacher_chunks import chunk_length
from tests.fuzz import crafted_stores
from tests.fuzz.running import Target, of_file, of_text
from tests.fuzz.store_targets import store_targets
from tests.io.format_samples import TEXTS
from tests.sounds import encoded, noise

ALLOWED = (BlendkitError, OSError, MemoryError)
ROWS = "row_id,ara,frog\nR1_5,0.9,0.1\nR1_10,0.2,0.3\n"
LABELS = "filename,start,end,primary_label\nR1.ogg,00:00:00,00:00:05,ara;frog\nR1.ogg,00:00:05,00:00:10,['ara']\n"


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


def stated_hash(text: str) -> None:
    """A recipe that states this hash, as a text, in YAML as it stands, and for one of its files."""
    for said in (json.dumps(text), text, f"{{path: {text}}}"):
        with suppress(BlendkitError):
            recipe(HASHED.format(sha256=said, budget="90m"))


def length_of_time(text: str) -> None:
    """The length as an option, and as the budget of a recipe."""
    with suppress(ValueError):
        in_words(seconds_in(text))
    with suppress(BlendkitError):
        recipe(HASHED.format(sha256="a" * 64, budget=json.dumps(text)))
    recipe(HASHED.format(sha256="a" * 64, budget=text))


def shard(text: str) -> None:
    with suppress(ValueError):
        Shard.parse(text).holds(text)


def ledger(path: Path) -> None:
    transfer_agreement(ledger_transfers(read_ledger(path)))


def run_json(path: Path) -> None:
    """All that reads a run.json, and that run's folder being replaced."""
    with suppress(BlendkitError):
        read_provenance(path.parent)
    with suppress(BlendkitError):
        chunk_length(path.parent / "submission.csv", None)
    with new_outputs(path.parent) as new:
        write_report(new, {}, {}, [])


def artefacts(path: Path) -> None:
    """Load the file as every kind of artefact, of which it can be one at most."""
    for name in registry(OPS).names():
        info = info_of(registry(OPS).get(name))
        if info is not None and info.load is not None:
            try:
                info.load(path)
            except BlendkitError:
                continue


def artefact_facts(text: str) -> None:
    """The text as the facts of an artefact, beside arrays that fit the seed's."""
    of_file(artefacts, "a.npz").run(npz(meta=text, rate=np.array([0.5, 0.1])))


def side_provenance(path: Path) -> None:
    """The provenance beside a table."""
    (path.parent / "a.csv").write_text(ROWS, encoding="utf-8")
    read_provenance(path.parent / "a.csv").in_sample(["R1"])


def scores(path: Path) -> None:
    """Read the file as what it seems to be."""
    read_found(path, ColumnNames())


def as_format(name: str) -> Callable[[Path], Any]:
    return lambda path: read_found(path, ColumnNames(format=name, array="scores"))


def readers() -> Iterable[tuple[str, Target]]:
    for name in registry(READERS).names():
        if name not in ("folder", "parts"):
            yield f"format-{name}", of_file(as_format(name), "t.csv", TEXTS.get(name, ROWS))


STORES = crafted_stores.seeds()
SAID = {"space": "prob", "kind": "oof", "saw": ["R1"], "saw_known": True, "saw_contents": {}, "held_out": [],
        "uncovered": ["a"], "contents": {"R1": {"whole": "ab", "levels": "00", "marks": ""}}}  # fmt: skip
HASHED = """recipe: 1
name: r
members: {{m: {{use: table, path: a.csv, space: prob, sha256: {sha256}}}}}
budget: {budget}
output: m
"""
LEDGER = (
    '{"kind": "oof", "recipe": "a", "sha256": "abcdef", "oof": 0.9, "low": 0.8, "high": 0.95}\n'
    '{"kind": "lb", "recipe": "a", "public": 0.9}\n'
)
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
    "artefact_facts": of_text(artefact_facts, json.dumps(RATES)),
    "side_provenance": of_file(side_provenance, "a.csv.provenance.json", json.dumps(SAID)),
    "run_json": of_file(run_json, "run.json", '{"recipe": {"chunk_s": 5}, "files": ["a.csv"]}',
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
    "ledger": of_file(ledger, "l.jsonl", LEDGER),
    "probe_json": of_file(read_probe, "p.json", '{"features": [{"name": "b1", "top_one": 0.5}], "weights": {"b1": 1.0}}'),
    "pseudo_json": of_file(saw_of_labels, "pseudo.json", '{"saw": ["R1"], "saw_known": true, "saw_contents": {}}'),
    "world_json": of_file(lambda p: is_whole(p.parent), "world.json", '{"files": {"world.json": 2}}'),
    "sha256": of_text(stated_hash, "a" * 64, f"[{'0' * 64}]"),
    "duration": of_text(length_of_time, "90m", "1h30m", "5400", "1.5 h"),
    "shard": of_text(shard, "2/8"),
    "solutions": of_file(read_solutions, "s.py", "solutions = {'Type': 'rank', 'Models': [{'Model': 'a', 'Weight': 1}]}\n"),
    "class_file": of_file(read_class_names, "c.csv", "inat2024_fsd50k\nara\nfrog\n", "id,name\n1,ara\n"),
    "store_journal": Target(crafted_stores.journal, (STORES["line"],)),
    "store_index": Target(crafted_stores.index, (STORES["index"],)),
    "store_facts": Target(crafted_stores.facts, (STORES["facts"],)),
    "wav": of_file(decode, "a.wav", encoded(noise(0.1, 8000), "WAV", rate=8000)),
    "flac": of_file(decode, "a.flac", encoded(noise(0.1, 8000), "FLAC", rate=8000)),
    "ogg": of_file(decode, "a.ogg", encoded(noise(0.3, 8000), "OGG", rate=8000)),
    "mp3": of_file(decode, "a.mp3", encoded(noise(0.3, 16000), "MP3", rate=16000)),
    "aiff": of_file(decode, "a.aiff", encoded(noise(0.1, 8000), "AIFF", rate=8000)),
    **store_targets(),
    **dict(readers()),
}  # fmt: skip


def check(name: str, data: bytes) -> None:
    """Run a target on bytes. Raises what is a find: all but the errors that are allowed."""
    try:
        TARGETS[name].run(data)
    except ALLOWED:
        return
