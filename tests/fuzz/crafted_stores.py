"""Stores with a crafted journal, index or facts: each with the hash that belongs to it, as whoever edits one can make it."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from blendkit.core import NameRule, Scores, canonical_json, chunk_rows, text_hash
from blendkit.store import LogitStore, Stored, merge_stores

CONTENT = {"whole": "ab", "levels": "00", "marks": ""}
ENTRY = {"key": "k", "chunks": 1, "status": "ok", "note": "", "duration_s": 5.0, "content": CONTENT}


def filled(folder: Path) -> LogitStore:
    """Make a store of one recording."""
    store = LogitStore.create(folder, "m" * 64, ("a", "b"), (True, True), {"use": "tone"})
    scores = Scores.build(np.zeros((1, 2), np.float32), chunk_rows({"R1": 1}, 5.0, NameRule()), ("a", "b"), "logit")
    store.write(scores, {"R1": Stored("k", 1, "ok", "", 5.0, CONTENT)})
    store.finish()
    return store


def seeds() -> dict[str, bytes]:
    """Return a line, an index and facts that are right."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder) / "s")
        part = next(iter(store.parts.values()))
        line = {"of": store.manifest.of, "part": part.name, "sha256": part.sha256, "size": part.size, "changed_ns": 1,
                "at": 1, "recordings": {"R1": ENTRY}}  # fmt: skip
        (index,) = store.folder.glob("index-*")
        sink = io.BytesIO()
        pq.write_table(pq.read_table(index), sink, compression="none", use_dictionary=False)
        facts = json.loads((store.folder / "store.json").read_text(encoding="utf-8"))
        del facts["sha256"]
        return {"line": json.dumps(line).encode(), "index": sink.getvalue(), "facts": json.dumps(facts).encode()}


def journal(data: bytes) -> None:
    """Read a store to which somebody added a line."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder) / "s")
        check = hashlib.sha256(data).hexdigest()[:16].encode()
        (store.folder / "journal-ffffffff-1-00000000.jsonl").write_bytes(b'["' + check + b'", ' + data + b"]\n")
        _use(store.folder)


def index(data: bytes) -> None:
    """Read a store whose index somebody replaced."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder) / "s")
        for old in store.folder.glob("index-*"):
            old.unlink()
        (store.folder / f"index-{hashlib.sha256(data).hexdigest()[:16]}.parquet").write_bytes(data)
        _use(store.folder)


def facts(data: bytes) -> None:
    """Read a store whose facts somebody replaced."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder) / "s")
        try:
            found: Any = json.loads(data)
            data = json.dumps({**found, "sha256": text_hash(canonical_json(found))}).encode()
        except (ValueError, TypeError, RecursionError):
            pass  # the bytes as they are
        (store.folder / "store.json").write_bytes(data)
        _use(store.folder)


def _use(folder: Path) -> None:
    store = LogitStore.open(folder)
    store.drop_damaged()
    _ = store.saw, store.fold_saw, store.contents()
    merge_stores([folder], folder.with_name("merged"))
    store.read(NameRule())
