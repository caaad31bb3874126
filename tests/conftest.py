"""Fixtures shared by every test: real data where there is some, small audio files, and recipes over them."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
from filelock import FileLock
from hypothesis import settings
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from threadpoolctl import threadpool_limits

from blendkit.engine.local import RunResult, run
from blendkit.recipe.load import parse_recipe
from blendkit.sample.world import make_world
from tests.opened_browser import opened_browser as opened_browser
from tests.printed_events import events_held_to_the_reference, undocumented_keys
from tests.processes import ForkServer, Process, from_scratch
from tests.small_world import SMALL
from tests.tracing import TestsAlone
from tests.untraced import compile_untraced

Samples = NDArray[np.float32]
Graph = Callable[..., Path]
Once = Callable[[str, Callable[[Path], object]], Path]
IR, OPSET = 8, 17  # old enough for every onnxruntime in use

settings.register_profile("blendkit", deadline=None, max_examples=50)
settings.load_profile("blendkit")
compile_untraced()


# A file is one worker's whole, for its tests share what they start from. The longest come first, so that no worker is
# left with one of them at the end; and beside those that compile the kernels stand those that need none, so that no
# kernel is compiled twice. Folders of long tests are what the quick loop leaves out.
FIRST = (
    *(
        "docs/test_page_blocks.py",
        "audio/test_audio.py",
        "cli/test_cli_search.py",
        "audio/",
        "cli/test_cli_compare.py",
        "graphs/",
    ),
    *(
        "cli/test_cli_whatif.py",
        "members/",
        "mutation/",
        "docs/test_training_page.py",
        "cli/test_cli_fit.py",
        "training/",
    ),
    *("sample/", "cli/", "real/", "ops/", "metrics/"),
)
LONG = (
    *("docs/test_page_blocks", "docs/test_training", "training/", "cli/", "sample/", "real/", "mutation/", "members/"),
    *(
        "scoring/test_isolation",
        "scoring/test_bad_files",
        "scoring/test_addresses",
        "engine/test_run",
        "audio/test_audio",
    ),
    *("engine/test_dask", "engine/test_merging", "member/test_mel", "recipe/test_hub_files", "fuzz/", "installing/"),
    *("studio/test_studio_in_browser", "reporting/test_page_in_browser", "kills/", "core/test_patterns"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Let coverage follow the tests alone."""
    config.pluginmanager.register(TestsAlone())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files as above, and mark the tests of long ones as slow."""

    below = {path: path.as_posix().rpartition("/tests/")[2] for path in {item.path for item in items}}
    place = {
        path: next((i for i, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))
        for path, name in below.items()
    }
    items.sort(key=lambda item: place[item.path])
    for item in items:
        if below[item.path].startswith(LONG):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings and tables, which is not part of the project."""
    folder = os.environ.get("BLENDKIT_REAL_DATA")
    if not folder:
        pytest.skip("BLENDKIT_REAL_DATA is not set: no real data to check against")
    return Path(folder)


def _write(path: Path, samples: NDArray[Any], rate: int, **kind: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    # in blocks: one huge write of Vorbis overflows libsndfile's stack
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=channels, **kind) as handle:
        for first in range(0, len(samples), rate):
            handle.write(samples[first : first + rate])
    return path


@pytest.fixture(scope="session")
def write_wav() -> Callable[[Path, NDArray[Any], int], Path]:
    """Write samples (n,) or (n, channels) as a float WAV: what is read back is what was written."""
    return lambda path, samples, rate: _write(path, samples, rate, format="WAV", subtype="FLOAT")


@pytest.fixture(scope="session")
def write_ogg() -> Callable[[Path, NDArray[Any], int], Path]:
    """Write samples (n,) or (n, channels) as OGG Vorbis."""
    return lambda path, samples, rate: _write(path, samples, rate, format="OGG", subtype="VORBIS")


@pytest.fixture(scope="session")
def tone_chunks() -> Callable[..., Samples]:
    """Make one tone per chunk, in faint noise, so that audio tells where in time it belongs."""

    def make(hz: Sequence[float], rate: int, chunk_s: float = 5.0) -> Samples:
        at = np.arange(round(chunk_s * rate)) / rate
        tones = np.concatenate([0.4 * np.sin(2 * np.pi * f * at) for f in hz])
        noise = np.random.default_rng(7).standard_normal(len(tones))
        return (tones + 0.02 * noise).astype(np.float32)

    return make


@pytest.fixture(scope="session", autouse=True)
def own_cache(once: Once) -> Iterator[None]:
    """Keep what commands cache out of the user's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLENDKIT_CACHE", str(once("cache", Path.mkdir)))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Let numpy and the commands work on one thread: the workers share the cores already, and more would only wait."""
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
        yield


@pytest.fixture(scope="session")
def fork_server(own_cache: None, one_thread: None) -> Iterator[ForkServer]:
    """One server for all commands of this worker."""
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def documented_events() -> Iterator[None]:
    """Every test: what commands print is documented."""
    with events_held_to_the_reference():
        yield


@pytest.fixture(scope="session")
def many(fork_server: ForkServer) -> Callable[..., list[Process]]:
    """Run many `blendkit ARGS`, each as a process in its own folder: many([(args, folder), ...]).

    A third thing of a job names modules that are not installed there.
    """

    def go(jobs: Sequence[Any]) -> list[Process]:
        made = [fork_server.run(*args, cwd=folder, without=sum(without, ())) for args, folder, *without in jobs]
        assert [key for done in made for key in undocumented_keys(done.stdout)] == []
        return made

    return go


@pytest.fixture(scope="session")
def blendkit(fork_server: ForkServer) -> Callable[..., Process]:
    """Run `blendkit ARGS` as a process; a traceback on stderr fails the test whatever it expects."""

    def go(*args: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Process:
        done = from_scratch(*args, cwd=cwd, env=env) if env else fork_server.run(*args, cwd=cwd)
        assert "Traceback" not in done.stderr, done.stderr
        assert undocumented_keys(done.stdout) == []
        return done

    return go


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Build a folder once for all workers: once("name", build) calls build(folder) in the first worker that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def get(name: str, build: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # half a folder, of a build that failed
                build(folder)
                done.touch()
        return folder

    return get


@pytest.fixture(scope="session")
def world(once: Once) -> Path:
    """One small sample world for all workers; tests must not write into it."""
    return once("world", lambda folder: make_world(folder, SMALL))


def save(path: Path, nodes: Sequence[Any], inputs: Any, outputs: Any, weights: Any, **meta: str) -> Path:
    """Write a graph. inputs and outputs: {name: shape}; weights: {name: array}."""

    def infos(ports: dict[str, Sequence[int | str]]) -> list[Any]:
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in ports.items()]

    graph = helper.make_graph(
        list(nodes),
        "small",
        infos(inputs),
        infos(outputs),
        initializer=[numpy_helper.from_array(v, n) for n, v in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    helper.set_model_props(model, meta)
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="session")
def save_graph() -> Graph:
    """Write a graph from nodes, {input: shape}, {output: shape} and {weight: array}."""
    return save


RATE = 8000
TONE = """
recipe: 1
name: tones
members:
  t: {use: tone, classes: [low, mid, high]}
output: t
"""
TONE_BLEND = """\
recipe: 1
name: tones
members:
  t: {use: tone, classes: [x, y]}
  a: {use: table, path: a.csv, space: prob}
blends:
  both:
    by: rank
    of: {t: 0.5, a: 0.5}
    steps:
      - gaussian: {sigma: 1.0}
output: both
"""


@pytest.fixture(scope="session")
def tone_recipe() -> str:
    """A recipe of one member that detects three tones: 300, 1900 and 3500 Hz."""
    return TONE


@pytest.fixture(scope="session")
def tone_blend() -> str:
    """A recipe that blends a tone member with the score table `a.csv` (`tone_table`)."""
    return TONE_BLEND


@pytest.fixture(scope="session")
def tone_table() -> str:
    """Scores of two recordings, r2 (10 s) and r10 (7 s), as a CSV table."""
    return "row_id,x,y\nr2_5,0.1,0.9\nr2_10,0.2,0.8\nr10_5,0.3,0.7\nr10_10,0.4,0.6\n"


@pytest.fixture
def tones(tmp_path: Path, write_wav: Callable[..., Path]) -> Callable[..., Path]:
    """Write {recording: seconds} of seeded noise as 8 kHz WAVs into data/<folder>; return data."""

    def make(seconds: Mapping[str, float], folder: str = "test_soundscapes") -> Path:
        for i, (name, length) in enumerate(seconds.items()):
            noise = np.random.default_rng([i, len(name)]).standard_normal(round(length * RATE)) * 0.1
            write_wav(tmp_path / "data" / folder / f"{name}.wav", noise.astype(np.float32), RATE)
        return tmp_path / "data"

    return make


@pytest.fixture(scope="session")
def run_text() -> Callable[..., RunResult]:
    """Run a recipe given as text: run_text(text, data, out, overrides=[...], **options)."""

    def go(text: str, data: Path, out: Path, overrides: tuple[str, ...] = (), **options: Any) -> RunResult:
        return run(parse_recipe(textwrap.dedent(text), "test.yaml", overrides), data, out, **options)

    return go


@pytest.fixture(scope="session")
def scored() -> Callable[[Path], dict[str, int]]:
    """Return, per member, how many recordings a run really scored."""

    def read(out: Path) -> dict[str, int]:
        members = json.loads((out / "timings.json").read_text(encoding="utf-8"))["members"]
        return {name: m["recordings_scored"] for name, m in members.items()}

    return read
