"""Hashes of the content of a file or folder, with the weights that an ONNX graph stores in files beside it."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import canonical_json, text_hash
from blendkit.store.files import file_hash

_INLINE_BYTES = 1 << 26  # a graph with weights elsewhere is far smaller


def content_hash(path: Path) -> str:
    """Return the hash of a file or folder, with the weights that a small ONNX graph stores in files beside it."""
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.endswith("-shm"))  # SQLite's locks
        return text_hash(canonical_json([[p.relative_to(path).as_posix(), file_hash(p)] for p in inside]))
    if path.suffix.lower() != ".onnx" or path.stat().st_size > _INLINE_BYTES:
        return file_hash(path)
    import onnx
    from onnx.external_data_helper import ExternalDataInfo

    try:
        tensors = onnx.load(str(path), load_external_data=False).graph.initializer
    except Exception:  # not a graph: the member that loads the file reports it
        return file_hash(path)
    beside = {ExternalDataInfo(t).location for t in tensors if t.data_location == onnx.TensorProto.EXTERNAL}
    found = [path, *(path.parent / name for name in sorted(beside) if (path.parent / name).is_file())]
    return text_hash("".join(file_hash(p) for p in found)) if beside else file_hash(path)
