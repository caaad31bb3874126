"""TFLite graphs: interpreters side by side, block taps found by structure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.terminal import without_noise

# what LiteRT and its delegates say of themselves; errors, and warnings of anything else, are passed on
_NOISE = re.compile(
    rb"(INFO|VERBOSE): |WARNING: .*(delegate|XNNPACK|TensorFlow Lite|LiteRT)"
    rb"|WARNING: All log messages before absl|I\d{4} [\d:.]+"
)
_BLOCK = re.compile(r"BLOCK_(\d+-\d+)", re.IGNORECASE)


class TfliteInterpreters:
    """A TFLite model, run by several interpreters of one thread each, which scale better than one of many threads.

    Batches have one fixed size; the last one is filled with silence, whose rows are dropped.
    """

    def __init__(self, model: Path | bytes, name: str, *, threads: int, batch: int) -> None:
        self.model, self.name, self.batch = model, name, batch
        self.idle: SimpleQueue[Any] = SimpleQueue()
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        first = self._open()
        inputs = first.get_input_details()
        self.inputs = [(str(i["name"]), tuple(map(int, i["shape"])), i["dtype"]) for i in inputs]
        self.outputs = [(str(o["name"]), tuple(map(int, o["shape"]))) for o in first.get_output_details()]
        self.idle.put(first)
        self.made, self.threads = 1, threads
        self.ready: set[int] = set()  # interpreters that hold tensors of the batch's size

    def check(self, samples: int) -> None:
        """Raise BlendkitError unless the only input is [batch, samples] of float32."""
        if len(self.inputs) != 1 or self.inputs[0][1][1:] != (samples,) or self.inputs[0][2] != np.float32:
            found = ", ".join(f"{n} {list(s)} {np.dtype(d).name}" for n, s, d in self.inputs)
            raise BlendkitError(
                f"{self.name}: expected one input [batch, {samples}] float32",
                [f"found {found}", f"outputs {', '.join(f'{n} {list(s)}' for n, s in self.outputs)}"],
            )

    def run(self, windows: Float32) -> list[Float32]:
        """Return every output for windows (B, samples), in the order of the windows."""
        parts = [windows[i : i + self.batch] for i in range(0, len(windows), self.batch)]
        done = list(self.pool.map(self._run_one, parts))
        return [np.concatenate([d[k] for d in done]) for k in range(len(self.outputs))]

    def _run_one(self, windows: Float32) -> list[Float32]:
        interpreter = self._idle_interpreter()
        try:
            given = windows
            if len(windows) < self.batch:
                given = np.zeros((self.batch, windows.shape[1]), np.float32)
                given[: len(windows)] = windows
            index = interpreter.get_input_details()[0]["index"]
            if id(interpreter) not in self.ready:
                with without_noise(_NOISE):  # the runtime names its delegate when tensors are allocated
                    interpreter.resize_tensor_input(index, given.shape)
                    interpreter.allocate_tensors()
                self.ready.add(id(interpreter))
            interpreter.set_tensor(index, np.ascontiguousarray(given))
            interpreter.invoke()
            found = [interpreter.get_tensor(o["index"]) for o in interpreter.get_output_details()]
            return [f[: len(windows)] for f in found]
        finally:
            self.idle.put(interpreter)

    def _idle_interpreter(self) -> Any:
        if self.idle.empty() and self.made < self.threads:
            self.made += 1
            return self._open()
        return self.idle.get()

    def _open(self) -> Any:
        interpreter = runtime(self.name)
        given = {"model_content": self.model} if isinstance(self.model, bytes) else {"model_path": str(self.model)}
        try:
            with without_noise(_NOISE):
                return interpreter(**given, num_threads=1)
        except (ValueError, RuntimeError) as error:
            what = self.model.name if isinstance(self.model, Path) else "graph"
            raise BlendkitError(f"{self.name}: LiteRT cannot load {what}", [str(error).splitlines()[0]]) from error


def runtime(name: str) -> Any:
    """Return LiteRT's interpreter class. Raises BlendkitError if it is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise BlendkitError(
            f"{name}: LiteRT, which runs .tflite models, is not installed",
            ["pip install 'blendkit[birdnet]'", str(error)],
        ) from error
    return Interpreter


def read_graph(path: Path, name: str) -> Any:
    """Return a model as LiteRT's object tree. Raises BlendkitError if the file is not a TFLite model."""
    runtime(name)
    from ai_edge_litert.tools import flatbuffer_utils

    try:
        return flatbuffer_utils.read_model(str(path))
    except Exception as error:  # flatbuffers raises exceptions of many kinds
        raise BlendkitError(f"{name}: {path.name} is not a TFLite model", [str(error)]) from error


def discover_tflite_blocks(model: Any) -> dict[str, int]:
    """Return the end tensors of the graph's MBConv blocks by name, in graph order.

    A block is recognised by its depthwise convolution: its end is the next 1x1 convolution that narrows, or
    the residual ADD that follows that one. Its name is the `a-b` of `BLOCK_a-b` where tensors carry it.
    """
    graph, kinds = model.subgraphs[0], _kinds(model)
    readers: dict[int, list[int]] = {}
    for i, op in enumerate(graph.operators):
        for tensor in op.inputs:
            readers.setdefault(int(tensor), []).append(i)
    found: dict[str, int] = {}
    for i, kind in enumerate(kinds):
        if kind == "DEPTHWISE_CONV_2D":
            end = _end(graph, kinds, readers, i)
            if end is not None:
                marked = _BLOCK.findall(graph.tensors[end].name.decode())
                found[marked[-1] if marked else f"block{len(found) + 1}"] = end
    return found


def embedding_of(model: Any) -> int | None:
    """Return the tensor that the last fully connected layer reads, None if the graph ends otherwise."""
    graph, kinds = model.subgraphs[0], _kinds(model)
    ends = [op for op, kind in zip(graph.operators, kinds, strict=True) if kind == "FULLY_CONNECTED"]
    return int(ends[-1].inputs[0]) if ends and ends[-1].outputs[0] in graph.outputs else None


def with_outputs(model: Any, tensors: Sequence[int]) -> bytes:
    """Return the model with further tensors as outputs, after its own; `model` does not change."""
    import copy

    import flatbuffers

    tapped = copy.copy(model)
    tapped.subgraphs = [copy.copy(model.subgraphs[0])]
    tapped.subgraphs[0].outputs = [*model.subgraphs[0].outputs, *tensors]
    tapped.signatureDefs = None  # they list the outputs as they were
    builder = flatbuffers.Builder(1024)
    builder.Finish(tapped.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _kinds(model: Any) -> list[str]:
    from ai_edge_litert import schema_py_generated as schema

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    codes = [names[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in model.operatorCodes]
    return [codes[op.opcodeIndex] for op in model.subgraphs[0].operators]


def _end(graph: Any, kinds: list[str], readers: dict[int, list[int]], depthwise: int) -> int | None:
    """Follow a depthwise convolution to its projection; a squeeze branch starts with a MEAN and is not followed."""
    queue, seen = [int(graph.operators[depthwise].outputs[0])], set()
    while queue:
        tensor = queue.pop(0)
        for i in readers.get(tensor, []):
            op, kind = graph.operators[i], kinds[i]
            if kind == "CONV_2D" and _narrows(graph, op):
                return _after_residual(graph, kinds, readers, int(op.outputs[0]), depthwise)
            if i not in seen and kind not in ("CONV_2D", "MEAN", "AVERAGE_POOL_2D"):
                seen.add(i)
                queue += [int(t) for t in op.outputs]
    return None


def _narrows(graph: Any, op: Any) -> bool:
    out, height, width, source = graph.tensors[op.inputs[1]].shape
    return bool((height, width) == (1, 1) and out <= source)


def _after_residual(graph: Any, kinds: list[str], readers: dict[int, list[int]], end: int, start: int) -> int:
    """Return the output of the block's residual ADD, else of its projection.

    An ADD is the block's own if its other input was computed before the block's depthwise convolution.
    """
    made = {int(t): i for i, op in enumerate(graph.operators) for t in op.outputs}
    for i in readers.get(end, []):
        others = [int(t) for t in graph.operators[i].inputs if int(t) != end]
        if kinds[i] == "ADD" and others and made.get(others[0], len(kinds)) < start:
            return int(graph.operators[i].outputs[0])
    return end
