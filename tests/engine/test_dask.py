"""Scoring on a Dask cluster: the files are those of one process, also after a worker died."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from blendkit.audio import Grid, Recording
from blendkit.cli.top import cli
from blendkit.core import NameRule
from blendkit.engine.dask_cluster import local_client, slurm_cluster, slurm_settings
from blendkit.engine.dask_engine import Dask, _Work
from blendkit.engine.dask_progress import Tally
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError, DeliveryError
from blendkit.scoring import score, score_recordings
from blendkit.store import LogitStore

dask = pytest.importorskip("dask")
Tones = Callable[..., Path]
Events = list[tuple[str, dict[str, Any]]]


def files(folder: Path) -> dict[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != "checked.json")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """Two workers, forked from a process that has imported what they need: that is the most of their start."""
    from distributed import utils

    utils._forkserver_preload_set = True  # else others than these
    multiprocessing.get_context("forkserver").set_forkserver_preload(["distributed", "blendkit.engine.dask_worker"])
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}), local_client(2, 1) as client:
        yield client


@pytest.fixture
def on_dask(client: Any) -> Dask:
    return Dask(scheduler=client.scheduler.address)


@pytest.fixture
def audio(tones: Tones) -> Path:
    folder = tones({f"rec{i}": 1.5 + i % 2 for i in range(1, 50)}) / "test_soundscapes"
    (folder / "broken.ogg").write_bytes(b"OggS and then nothing")
    return folder


def test_the_store_is_that_of_one_process(audio: Path, tmp_path: Path, on_dask: Dask) -> None:
    alone = score("tone", audio, tmp_path / "one")
    events: Events = []
    status = score("tone", audio, tmp_path / "two", executor=on_dask, emit=lambda *event: events.append(event))
    assert status == alone
    assert status["broken"].status == "unreadable"
    assert files(tmp_path / "two") == files(tmp_path / "one")
    heard = [r for name, told in events if name == "scored" for r in told["recordings"]]
    assert sorted(heard) == sorted(alone)
    assert [told["to_score"] for name, told in events if name == "scoring"] == [50]
    assert [told["done"] for name, told in events if name == "progress"][-1] == 50

    (audio / "rec7.wav").write_bytes((audio / "rec8.wav").read_bytes())  # only what changed is scored again
    events.clear()
    with pytest.raises(BlendkitError, match="1 recording has other audio"):
        score("tone", audio, tmp_path / "two", executor=on_dask)
    score("tone", audio, tmp_path / "two", replace=True, executor=on_dask, emit=lambda *event: events.append(event))
    assert [told["recordings"] for name, told in events if name == "scored"] == [["rec7"]]
    score("tone", audio, tmp_path / "one", replace=True)
    assert files(tmp_path / "two") == files(tmp_path / "one")


def test_a_killed_worker_costs_nothing(audio: Path, tmp_path: Path, client: Any, on_dask: Dask) -> None:
    score("tone", audio, tmp_path / "one")
    victims = list(client.run(os.getpid).values())[:1]

    def kill(name: str, told: dict[str, Any]) -> None:
        if name == "scored" and victims:
            os.kill(victims.pop(), signal.SIGKILL)

    score("tone", audio, tmp_path / "two", executor=on_dask, emit=kill)
    assert not victims
    assert files(tmp_path / "two") == files(tmp_path / "one")


def test_a_run_delivers_the_same_bytes(
    tones: Tones, tmp_path: Path, on_dask: Dask, run_text: Callable[..., RunResult]
) -> None:
    data = tones({f"rec{i}": 10.0 for i in range(1, 12)})
    text = """
        recipe: 1
        name: two
        members:
          a: {use: tone, classes: [x, y]}
          b: {use: tone, classes: [x, y], low_hz: 300}
        blends:
          both: {by: rank, of: {a: 1, b: 2}}
        output: both
    """
    alone = run_text(text, data, tmp_path / "one")
    given = run_text(text, data, tmp_path / "two", executor=on_dask)
    assert given.submission.read_bytes() == alone.submission.read_bytes()
    assert (given.out / "run.json").read_bytes() == (alone.out / "run.json").read_bytes()
    assert files(given.out / "logits") == files(alone.out / "logits")
    assert [s.recordings_scored for s in given.speeds] == [11, 11]
    with pytest.raises(BlendkitError, match="one machine only"):
        run_text(text, data, tmp_path / "three", executor=on_dask, budget="1h")


def test_a_mistake_in_a_worker_is_told_as_here(audio: Path, tmp_path: Path, on_dask: Dask) -> None:
    settings = ["low_hz=3000", "high_hz=10"]
    for place, how in (("one", score_recordings), ("two", on_dask)):
        with pytest.raises(BlendkitError, match="high_hz"):
            score("tone", audio, tmp_path / place, settings=settings, executor=how)


def test_a_worker_that_sees_other_folders_says_so(
    audio: Path, tmp_path: Path, on_dask: Dask, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from blendkit.engine.dask_worker import Job

    job = Job((), Grid(5.0, "pad", NameRule()), None, (tmp_path / "not there",), version="0")
    monkeypatch.setattr("blendkit.engine.dask_worker._SEEN_S", 0.0)
    version, unseen = job.problems()
    assert "that of the command 0" in version
    assert "not there" in unseen


class Future:
    def __init__(self, status: str, error: Exception | None = None) -> None:
        self.status, self.error = status, error

    def exception(self) -> Exception | None:
        return self.error


KilledWorker = type("KilledWorker", (Exception,), {})


@pytest.mark.parametrize(
    ("future", "raised", "said"),
    [
        (Future("cancelled"), DeliveryError, "connection"),
        (Future("error", BlendkitError("wrong", ["why"])), BlendkitError, "wrong\n  why"),
        (Future("error", OSError(28, "No space left on device")), BlendkitError, "a worker failed on r1(.|\n)*--out"),
    ],
)
def test_what_may_come_back_of_a_group(future: Future, raised: type[Exception], said: str) -> None:
    grid = Grid(5.0, "pad", NameRule())
    work = _Work(None, [], grid, lambda *_: None, Tally([], [], lambda *_: None))
    with pytest.raises(raised, match=said):
        work._came(future, [Recording("r1", Path("r1.wav"))])
    work._came(Future("error", KilledWorker()), [Recording("r2", Path("r2.wav"))])
    assert work.lost == ["r2"]  # the others go on


def test_an_error_keeps_its_problems_between_processes() -> None:
    found = pickle.loads(pickle.dumps(DeliveryError("what", ["one", "two"])))
    assert (type(found), found.title, found.problems) == (DeliveryError, "what", ("one", "two"))


def test_an_open_store_sees_what_others_add(audio: Path, tmp_path: Path) -> None:
    few = sorted(audio.glob("rec1*.wav"))
    score("tone", few, tmp_path / "store")
    store = LogitStore.open(tmp_path / "store")
    other = LogitStore.open(tmp_path / "store")
    one = other.read(NameRule(), ["rec1"])
    entry = other.recordings()["rec1"]
    other.write(one, {"rec1": replace(entry, note="anew")})
    store.catch_up()
    assert store.recordings()["rec1"].note == "anew"
    assert store.part_of("rec1") == other.part_of("rec1")
    other.write(one, {"rec1": replace(entry, note="once more")})
    journal = other.manifest.journal
    assert journal is not None
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-5])  # as another machine sees a line that is being written
    store.catch_up()
    assert store.recordings()["rec1"].note == "anew"
    journal.write_bytes(whole)
    store.catch_up()
    assert store.recordings()["rec1"].note == "once more"
    other.finish()  # the journal goes, an index comes
    store.catch_up()
    assert store.part_of("rec1") == other.part_of("rec1")


def test_slurm_jobs_are_made_of_the_settings() -> None:
    pytest.importorskip("dask_jobqueue")
    settings = slurm_settings(
        ["cores=4", "processes=2", "memory=8GB", "walltime=04:00:00", "queue=long", "job_extra_directives=--gres=gpu:1"]
    )
    with slurm_cluster(settings) as cluster:
        lines = cluster.job_script().splitlines()
    assert {"#SBATCH -p long", "#SBATCH -t 04:00:00", "#SBATCH --cpus-per-task=4", "#SBATCH --gres=gpu:1"} <= set(lines)
    assert {"--nthreads 2", "--nworkers 2"} <= {f"--{o.strip()}" for o in lines[-1].split("--")}
    assert "export DASK_DISTRIBUTED__WORKER__DAEMON=false" in lines
    with pytest.raises(BlendkitError, match=r"did you mean 'memory'(.|\n)*expected KEY=VALUE"):
        slurm_settings(["memry=8GB", "cores"])
    with pytest.raises(BlendkitError, match="cores and memory are missing"):
        slurm_cluster({"walltime": "1:00"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--workers", "2"], "add --engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://x:1", "--workers", "2"], "leave out --workers"),
        (["--engine", "dask", "--slurm", "cors=4"], "did you mean 'cores'"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], said: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["score", "tone", str(tmp_path), "--out", str(tmp_path / "s"), *options])
    assert said in done.output + str(done.exception)
    assert not (tmp_path / "s").exists()
