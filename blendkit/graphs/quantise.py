"""Smaller variants of an ONNX graph: 8-bit weights, or half precision. Their loss is written into their metadata."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blendkit.core import json_value
from blendkit.errors import BlendkitError
from blendkit.graphs.onnx_file import load_graph, metadata
from blendkit.store import atomic_path
from blendkit.temporaries import scratch_folder

VARIANT_KEY = "blendkit.variant"


@contextmanager
def _unwarned() -> Iterator[None]:
    """Drop warnings of the root logger in this block, because the quantiser warns there about every model.

    The logger's level and handlers do not change, and errors pass.
    """
    root, only_errors = logging.getLogger(), _OnlyErrors()
    root.addFilter(only_errors)
    try:
        yield
    finally:
        root.removeFilter(only_errors)


class _OnlyErrors(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR


def to_int8(model: Path, out: Path, name: str) -> None:
    """Write a variant with 8-bit weights and activations quantised at run time (onnxruntime's dynamic scheme).

    Raises BlendkitError if the quantiser refuses the graph. On CPUs without 8-bit convolutions this can be
    slower than the original: measure it.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _unwarned(), scratch_folder() as folder, atomic_path(out) as temporary:
        made = Path(folder) / "int8.onnx"
        try:
            quantize_dynamic(str(model), str(made), weight_type=QuantType.QUInt8)
        except Exception as error:  # the quantiser raises exceptions of many kinds
            raise BlendkitError(f"{name}: {model.name} cannot be quantised", [str(error).splitlines()[0]]) from error
        temporary.write_bytes(made.read_bytes())


def to_fp16(model: Path, out: Path, name: str) -> None:
    """Write a variant with half-precision weights and arithmetic; inputs and outputs stay float32.

    Raises BlendkitError if the converter refuses the graph.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        made = convert_float_to_float16(load_graph(model, name), keep_io_types=True)
    except BlendkitError:
        raise
    except Exception as error:  # the converter raises exceptions of many kinds
        raise BlendkitError(f"{name}: {model.name} cannot be converted", [str(error).splitlines()[0]]) from error
    with atomic_path(out) as temporary:
        temporary.write_bytes(bytes(made.SerializeToString()))


def stamp(path: Path, about: dict[str, Any]) -> None:
    """Write into a variant its origin and its loss; every run with it reports them."""
    model = load_graph(path, "variant")
    for entry in [p for p in model.metadata_props if p.key == VARIANT_KEY]:
        model.metadata_props.remove(entry)
    added = model.metadata_props.add()
    added.key, added.value = VARIANT_KEY, json.dumps(about)
    with atomic_path(path) as temporary:
        temporary.write_bytes(bytes(model.SerializeToString()))


def variant_note(model: Any) -> list[str]:
    """Return the text of a graph's stamp, an empty list for an original."""
    text = metadata(model).get(VARIANT_KEY)
    try:
        about = json_value(text) if text else None
        return [] if about is None else [f"{about['kind']} variant of {about['of']}: {about['cost']}"]
    except (ValueError, KeyError, TypeError):
        return [f"a variant with an unreadable stamp: {str(text)[:60]!r}"]
