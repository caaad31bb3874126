"""Stores whose lists have the right hashes and wild content: they are opened, read, merged and verified."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from blendkit.core import NameRule, Scores, canonical_json, chunk_rows, text_hash
from blendkit.engine import merge
from blendkit.errors import BlendkitError
from blendkit.io import read_provenance
from blendkit.store import FeatureStore, LogitStore, Stored, verify_store
from tests.fuzz.running import Target, memory

CLASSES = ("a", "b")


def _fill(folder: Path) -> None:
    """A store of two recordings in one part that a journal lists."""
    rows = chunk_rows({"r1": 2, "r2": 1}, 5.0, NameRule())
    store = LogitStore.create(folder, "m" * 64, CLASSES, (True, False), {"use": "tone", "saw": ["r9"], "notes": []})
    content = {"whole": "ab12", "levels": "00" * 16, "marks": "0" * 12}
    stored = {r: Stored(f"k{r}", n, "ok", "", 5.0 * n, content) for r, n in (("r1", 2), ("r2", 1))}
    store.write(Scores.build(np.zeros((3, 2), np.float32), rows, CLASSES, "logit"), stored)
    store.manifest.end()


@cache
def _held() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzzed-", dir=memory())


@cache
def _start() -> tuple[Path, str, str, bytes]:
    """A store to copy, the text of its line, of its facts, and a packed one's index."""
    base = Path(_held().name)
    _fill(base / "store")
    _fill(base / "packed")
    LogitStore.open(base / "packed").finish()
    (journal,) = (base / "store").glob("journal-*")
    line = json.dumps(json.loads(journal.read_text(encoding="utf-8").splitlines()[0])[1])
    facts = json.loads((base / "store" / "store.json").read_text(encoding="utf-8"))
    del facts["sha256"]
    (index,) = (base / "packed").glob("index-*")
    return base, line, json.dumps(facts), index.read_bytes()


def _used(folder: Path) -> None:
    """All that commands do with a store that others may have written; each may refuse it."""
    if not (_opens(LogitStore.open, folder) or _opens(FeatureStore.open, folder)):
        return
    for use in (
        lambda: _looked_at(LogitStore.open(folder)),
        lambda: LogitStore.open(folder).read(NameRule()),
        lambda: FeatureStore.open(folder).mixes(),
        lambda: FeatureStore.open(folder).read("x", NameRule()),
        lambda: read_provenance(folder),
        lambda: verify_store(folder),
        lambda: merge(folder, folder.with_name("out")),
        lambda: merge(folder),
    ):
        with suppress(BlendkitError):
            use()


def _opens(opened: Callable[[Path], object], folder: Path) -> bool:
    try:
        opened(folder)
    except BlendkitError:
        return False
    return True


def _looked_at(store: LogitStore) -> None:
    store.drop_damaged()
    for look in (store.contents, lambda: store.saw, lambda: store.fold_saw, lambda: store.classes, lambda: store.parts):
        with suppress(BlendkitError):
            look()


def _changed(start: str, change: Callable[[Path, bytes], None]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=memory()) as place:
            folder = Path(place) / "store"
            shutil.copytree(_start()[0] / start, folder)
            change(folder, data)
            _used(folder)

    return run


def _journal(folder: Path, data: bytes) -> None:
    """Every line of the data as a line of the journal, with the hash that it should have."""
    (journal,) = folder.glob("journal-*")
    lines = [b'["' + hashlib.sha256(x).hexdigest()[:16].encode() + b'", ' + x + b"]\n" for x in data.splitlines()]
    journal.write_bytes(b"".join(lines))


def _facts(folder: Path, data: bytes) -> None:
    """The data as facts, with the hash that they should have."""
    try:
        facts = json.loads(data)
        whole = json.dumps({**facts, "sha256": text_hash(canonical_json(facts))}).encode()
    except (ValueError, TypeError, RecursionError):
        whole = data
    (folder / "store.json").write_bytes(whole)


def _index(folder: Path, data: bytes) -> None:
    """The data as an index, under the name that it should have."""
    next(folder.glob("index-*")).unlink()
    (folder / f"index-{hashlib.sha256(data).hexdigest()[:16]}.parquet").write_bytes(data)


def _index_values(folder: Path, data: bytes) -> None:
    """The data, JSON of columns and metadata, as an index of these values, where pyarrow can hold them."""
    try:
        found = json.loads(data)
        table = pa.table(found["columns"]).replace_schema_metadata({k: json.dumps(v) if k != "blendkit.of" else v
                                                                    for k, v in found["meta"].items()})  # fmt: skip
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, pa.ArrowException):
        return
    _index(folder, sink.getvalue().to_pybytes())


def _as_values(index: bytes) -> str:
    table = pq.read_table(pa.BufferReader(index))
    meta: dict[Any, Any] = {k.decode(): v.decode() for k, v in table.schema.metadata.items() if k.startswith(b"blend")}
    meta["blendkit.parts"] = json.loads(meta["blendkit.parts"])
    return json.dumps({"columns": table.to_pydict(), "meta": meta})


def store_targets() -> dict[str, Target]:
    _, line, facts, index = _start()
    features = json.dumps({"format": 2, "made_by": "m" * 64, "features": {"x": [2]},
                           "about": {"features_format": 2, "mix": {"db": [0, 1], "copies": 1, "seed": 0}}})  # fmt: skip
    return {
        "journal": Target(_changed("store", _journal), (line.encode(), f'{line}\n{{"end": true}}'.encode())),
        "store_json": Target(_changed("store", _facts), (facts.encode(), features.encode())),
        "index": Target(_changed("packed", _index), (index,)),
        "index_values": Target(_changed("packed", _index_values), (_as_values(index).encode(),)),
        "checked": Target(_changed("packed", lambda f, d: (f / "checked.json").write_bytes(d) and None), (b"{}",)),
    }
