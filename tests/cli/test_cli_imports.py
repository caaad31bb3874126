"""Start-up stays quick: nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_cli_whatif import oof_world

from tests.processes import unmeasured

HEAVY = {"torch", "onnxruntime", "onnx", "pandas", "sklearn", "numba", "scipy", "pyarrow", "soundfile", "matplotlib"}
HELP = """
import sys
sys.argv = ["blendkit", *{args!r}]
from blendkit.cli.main import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def imported(code: str) -> set[str]:
    """The modules that a fresh process holds after running `code`."""
    tail = "\nimport sys\nprint('\\n@' + ' '.join(sorted(sys.modules)))"
    command = [sys.executable, "-W", "error", "-c", code + tail]
    done = subprocess.run(command, capture_output=True, text=True, env=unmeasured())
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("@")[2].split())


def test_import_blendkit_is_next_to_nothing() -> None:
    assert not (HEAVY | {"numpy", "pydantic", "yaml", "click", "rich"}) & imported("import blendkit")


def test_a_public_name_loads_what_it_needs() -> None:
    assert "numpy" in imported("import blendkit; blendkit.Scores")  # so the test above can fail


@pytest.mark.parametrize("args", [["--help"], ["--version"]])
def test_the_bare_command_is_light(args: list[str]) -> None:
    assert not (HEAVY | {"numpy", "pydantic"}) & imported(HELP.format(args=args))


@pytest.mark.parametrize("args", [["run", "--help"], ["recipes", "list"], ["check", "eos7"], ["ops", "list"]])
def test_what_scores_nothing_needs_numpy_at_most(args: list[str]) -> None:
    assert not HEAVY & imported(HELP.format(args=args))


def test_few_cells_need_no_compiler(tmp_path: Path) -> None:
    w = oof_world(tmp_path / "w")
    found = imported(HELP.format(args=["run", f"{w}/trio.yaml", "--out", f"{tmp_path}/out"]))
    assert (tmp_path / "out" / "submission.csv").is_file()
    assert not (HEAVY - {"pandas", "pyarrow"}) & found


@pytest.mark.parametrize("norm", ["slaney", None])
def test_a_spectrogram_compiles_nothing(norm: str | None) -> None:
    # librosa's core compiles loops at its import, for 20 s on a new machine, its util for 10
    code = "import numpy as np; from blendkit.member.mel import Mel; Mel(norm={!r})(np.zeros((1, 9000), np.float32))"
    found = imported(code.format(norm))
    assert "librosa.filters" in found
    assert not {"librosa.core.audio", "librosa.core.spectrum", "librosa.feature", "librosa.util.utils"} & found


def test_no_measure_imports_all_of_scipys_statistics() -> None:
    # over a second of CPU time, which every command would pay
    every = "import blendkit.metrics, blendkit.searching, blendkit.ops as o; [getattr(m, n) for m in (blendkit.metrics, blendkit.searching, o) for n in m.__all__]"
    found = imported(every)
    assert "blendkit.metrics.leaderboard" in found
    assert not {"scipy.stats", "numba", "pandas", "sklearn"} & found


@pytest.mark.parametrize("command", ["eval", "compare", "whatif", "search", "search grid"])
def test_help_is_light(command: str) -> None:
    args = [*command.split(), "--help"]
    assert not (HEAVY | {"numpy", "pydantic", "yaml"}) & imported(HELP.format(args=args))


def test_saved_scores_need_no_audio_and_no_model_runtime(tmp_path: Path) -> None:
    w = oof_world(tmp_path / "w")
    plain = ["--share", "mix.cnn=0:1:0.5", "--replicates", "40"]
    found = [
        imported(HELP.format(args=["whatif", f"{w}/trio.yaml", *plain, *more]))
        for more in ([], ["--plot", f"{tmp_path}/a.svg"])
    ]
    for modules in found:
        assert "numba" in modules
        assert not {"torch", "onnxruntime", "onnx", "sklearn", "soundfile", "soxr"} & modules
    assert ["matplotlib" in modules for modules in found] == [False, True]
    assert (tmp_path / "a.svg").is_file()


def test_members_are_reached_through_entry_points_alone() -> None:
    code = "import blendkit.engine.local, blendkit.recipe, blendkit.testing, blendkit.cli.commands.run"
    assert "blendkit_members" not in imported(code)
