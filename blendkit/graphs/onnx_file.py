"""ONNX files: loading, and checks of inputs, outputs and metadata."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blendkit.core import Saw, json_value
from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.graphs.external_weights import is_inside, weight_files

_GIVE_PROBABILITIES = ("Sigmoid", "HardSigmoid", "Softmax")
_KEEP_PROBABILITIES = (
    *("Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Slice", "Gather", "Clip"),
    *("ReduceMax", "ReduceMean", "GlobalMaxPool", "GlobalAveragePool", "MaxPool", "AveragePool"),
)


@dataclass(frozen=True)
class Port:
    """An input or output of a graph, as onnxruntime describes it: free axes are names or None.

    ranked: whether the file says how many axes there are; where it does not, `shape` is empty.
    """

    name: str
    type: str
    shape: list[int | str | None]
    ranked: bool = True

    def __str__(self) -> str:
        """Return its name and shape, and its type where that is not float32."""
        shape = (
            f"[{', '.join('?' if d is None else str(d) for d in self.shape)}]" if self.ranked else "of unknown shape"
        )
        return f"{self.name} {shape}" if self.type == "tensor(float)" else f"{self.name} {self.type} {shape}"


def require_names(name: str, kind: str, wanted: Sequence[str], found: Sequence[str]) -> None:
    """Raise BlendkitError, listing what was found, unless every wanted input or output is present."""
    missing = [w for w in wanted if w not in found]
    if missing:
        hints = [f"{w!r}{did_you_mean(w, found)}" for w in missing]
        raise BlendkitError(f"{name}: the graph has no {kind} {shorten(hints)}", [f"found {', '.join(found)}"])


def ports(model: Any) -> tuple[list[Port], list[Port]]:
    """Return the inputs and outputs of a ModelProto, without the cost of a session."""
    from onnx import TensorProto

    names = {TensorProto.FLOAT: "float", TensorProto.DOUBLE: "double"}

    def port(value: Any) -> Port:
        held = value.type.WhichOneof("value")
        if held not in (None, "tensor_type"):  # skl2onnx gives a sequence of maps, torch may ask for an optional
            return Port(value.name, str(held).removesuffix("_type"), [], ranked=False)
        tensor = value.type.tensor_type
        kind = names.get(tensor.elem_type) or TensorProto.DataType.Name(tensor.elem_type).lower()
        dims = [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in tensor.shape.dim]
        return Port(value.name, f"tensor({kind})", dims, tensor.HasField("shape"))

    weights = {w.name for w in model.graph.initializer}  # old graphs list them as inputs
    return [port(v) for v in model.graph.input if v.name not in weights], [port(v) for v in model.graph.output]


def final_activation(model: Any, output: str) -> str | None:
    """Return `Sigmoid`, `HardSigmoid` or `Softmax` if the graph's output comes from it, only rearranged or pooled.

    Of logarithms of these: `LogSoftmax`, or `Log of` the activation; of multiples of more than 1: `multiple of` it.
    """
    makers = {t: n for n in model.graph.node for t in n.output}
    constants = [n for n in model.graph.node if n.op_type == "Constant"]
    numbers = {n.output[0]: a.t for n in constants for a in n.attribute if a.name == "value"}
    numbers |= {i.name: i for i in model.graph.initializer}
    name, of = output, ""
    while (node := makers.get(name)) is not None:
        if node.op_type in _GIVE_PROBABILITIES:
            return f"{of}{node.op_type}"
        if node.op_type == "LogSoftmax":
            return "LogSoftmax"
        name = node.input[0]
        if node.op_type == "Log":
            of = "Log of "
        elif node.op_type == "Mul" and sum(i in numbers for i in node.input) == 1:
            factor, name = sorted(node.input, key=lambda i: i not in numbers)
            of = "multiple of " if _largest(numbers[factor]) > 1 else of
        elif node.op_type not in _KEEP_PROBABILITIES:
            return None
    return None


def _largest(tensor: Any) -> float:
    from onnx import numpy_helper

    return float(numpy_helper.to_array(tensor).max(initial=0.0))


def check_input(name: str, inputs: Sequence[Any], input_name: str, samples: int) -> None:
    """Raise BlendkitError unless the input takes [batch, samples] of float32."""
    found = {i.name: i for i in inputs}
    require_names(name, "input", [input_name], list(found))
    node = found[input_name]
    shape = node.shape
    fits = len(shape) == 2 and (not isinstance(shape[1], int) or shape[1] == samples)
    if not fits or node.type != "tensor(float)":
        raise BlendkitError(
            f"{name}: input {input_name!r} is {node.type} {shape}, expected tensor(float) [batch, {samples}]"
        )


def check_width(name: str, outputs: Sequence[Any], output: str, labels: Sequence[str], source: str) -> None:
    """Raise BlendkitError if the output states another number of classes than the class list has."""
    shape = next(o.shape for o in outputs if o.name == output)
    width = shape[-1] if shape else None
    if isinstance(width, int) and width != len(labels):
        raise BlendkitError(f"{name}: output {output!r} has {width} classes, {source} lists {len(labels)}")


def load_graph(path: Path, name: str) -> Any:
    """Return the onnx ModelProto of a file; weights in other files are read from its own folder alone.

    Raises BlendkitError if it is not one, lacks these weights, or has them elsewhere.
    """
    import onnx
    from onnx.external_data_helper import load_external_data_for_model

    try:
        model = onnx.load(str(path), load_external_data=False)
        files = sorted(set(weight_files(model.graph)))
        outside = [f for f in files if not is_inside(path.parent, f)]
        missing = [f for f in files if not (path.parent / f).is_file()]
        if not missing and not outside and files:
            load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # protobuf's exceptions differ between its backends
        raise BlendkitError(f"{name}: {path.name} is not an ONNX model", [str(error).splitlines()[0]]) from error
    if not model.graph.node:
        raise BlendkitError(f"{name}: {path.name} is not an ONNX model", ["it has no nodes"])
    if outside:
        problems = [f"outside {path.parent}: {shorten(outside)}", "weights are read from the model's own folder alone"]
        raise BlendkitError(f"{name}: {path.name} stores its weights in the file of another folder", problems)
    if missing:
        problems = [f"not in {path.parent}: {shorten(missing)}", "put it beside the model, under exactly this name"]
        raise BlendkitError(f"{name}: {path.name} stores its weights in another file", problems)
    return model


def metadata(model: Any) -> dict[str, str]:
    """Return the model's metadata properties."""
    return {p.key: p.value for p in model.metadata_props}


def metadata_names(model: Any, key: str, source: str, name: str) -> list[str]:
    """Return a list of names that a model's metadata holds as JSON.

    Raises BlendkitError naming the file `source` if the key is missing, or does not hold such a list.
    """
    properties = metadata(model)
    if key not in properties:
        raise BlendkitError(f"{name}: {source} has no metadata {key!r}", [f"has {', '.join(properties) or 'none'}"])
    try:
        found = json_value(properties[key])
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(n, str) for n in found):
        raise BlendkitError(
            f"{name}: {source}: metadata {key!r} is not a JSON list of names, got {properties[key][:60]!r}"
        )
    return found


def metadata_seconds(model: Any, key: str, source: str, name: str) -> float | None:
    """Return seconds that a model's metadata state, None where they state nothing.

    Raises BlendkitError naming the file `source` for what is no length of time.
    """
    said = metadata(model).get(key)
    try:
        seconds = None if said is None else float(said)
    except ValueError:
        seconds = math.nan
    if seconds is not None and not 0 < seconds < math.inf:
        raise BlendkitError(f"{name}: the metadata `{key}` of {source} is {said!r}, expected seconds")
    return seconds


def metadata_saw(model: Any, source: str, name: str) -> Saw:
    """Return the recordings that a model was fitted on, as its metadata says; unknown where it says nothing.

    Raises BlendkitError naming the file `source` for metadata that is not such a list.
    """
    keys = [k for k in ("saw", "saw_known", "saw_contents") if k in metadata(model)]
    names = metadata_names(model, "saw", source, name) if "saw" in keys else []
    try:
        return Saw.from_json({**{k: json_value(metadata(model)[k]) for k in keys}, "saw": names})
    except ValueError as error:
        raise BlendkitError(f"{name}: {source}: its metadata is damaged", [str(error)]) from error
