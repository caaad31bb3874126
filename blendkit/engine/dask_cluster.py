"""The Dask cluster that work is given to: of this machine, one that runs already, or one of Slurm jobs."""

from __future__ import annotations

import inspect
import logging
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from blendkit.errors import BlendkitError, did_you_mean
from blendkit.scoring import cpu_count
from blendkit.temporaries import scratch_folder
from blendkit.terminal import with_own_terminal

_PIP = "pip install 'blendkit[dask]'"
_CONNECT_S = 20.0
_LISTS = ("job_extra_directives", "job_script_prologue", "worker_extra_args", "job_directives_skip")
_SETTINGS = {
    "distributed.worker.daemon": False,  # members may have processes of their own
    "distributed.worker.profile.enabled": False,  # a look at the worker's stack every 10 ms
    "distributed.admin.system-monitor.interval": "2 s",
}
_MAY_START = "export DASK_DISTRIBUTED__WORKER__DAEMON=false"  # the same for Slurm jobs


def require_dask(*modules: str) -> None:
    """Raise BlendkitError, with the way out, where a module of the extra `dask` is not installed."""
    for name in modules or ("distributed",):
        try:
            __import__(name)
        except ImportError as error:
            raise BlendkitError(f"--engine dask needs {name.replace('_', '-')}: {_PIP}") from error


@contextmanager
def local_client(workers: int | None, threads: int | None) -> Iterator[Any]:
    """Yield a client of workers on this machine, which end with it.

    workers: processes, default one per `threads` CPUs. threads: of each, default 1, or with `workers` its share of the
    CPUs.
    """
    require_dask()
    import dask
    from distributed import Client, LocalCluster

    processes = workers or max(1, cpu_count() // (threads or 1))
    each = threads or max(1, cpu_count() // processes)
    with scratch_folder() as folder, dask.config.set({**_SETTINGS, "temporary-directory": folder}):
        with with_own_terminal(), _interrupts_later():
            cluster = LocalCluster(
                n_workers=processes,
                threads_per_worker=each,
                memory_limit=None,  # tasks keep nothing, and a model may need more than an even share
                dashboard_address="127.0.0.1:0",
                local_directory=folder,
                silence_logs=logging.CRITICAL,
            )
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Let Ctrl-C wait, here; and for good in the threads and processes that begin inside: the command ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else it would be started inside, and let them in
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def remote_client(address: str) -> Iterator[Any]:
    """Yield a client of a scheduler that runs already. Raises BlendkitError if none answers."""
    require_dask()
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        way = "start one with `dask scheduler`, and name the address that it prints, such as tcp://host:8786"
        raise BlendkitError(f"--scheduler {address}: no Dask scheduler answers", [str(error), way]) from error
    with client:
        yield client


@contextmanager
def slurm_client(settings: Mapping[str, Any], workers: int | None) -> Iterator[Any]:
    """Yield a client of Slurm jobs, which are cancelled in the end. workers: processes in all; default one job's."""
    from distributed import Client

    with slurm_cluster(settings) as cluster, Client(cluster, set_as_default=False) as client:
        cluster.scale(workers or settings.get("processes", 1))
        yield client


def slurm_cluster(settings: Mapping[str, Any]) -> Any:
    """Return a cluster of Slurm jobs with these settings of dask_jobqueue, without a job yet.

    Raises BlendkitError for settings that it does not know, or lacks.
    """
    require_dask("distributed", "dask_jobqueue")
    import dask
    from dask_jobqueue import SLURMCluster

    lacks = [k for k in ("cores", "memory") if not (settings.get(k) or dask.config.get(f"jobqueue.slurm.{k}", None))]
    if lacks:
        ways = "such as --slurm cores=4 --slurm memory=8GB --slurm walltime=04:00:00"
        raise BlendkitError(f"--slurm: say how much one job gets: {' and '.join(lacks)} are missing", [ways])
    prologue = [_MAY_START, *settings.get("job_script_prologue", [])]
    pages = {"dashboard_address": "127.0.0.1:0"}  # for this machine alone
    try:
        return SLURMCluster(**{**settings, "job_script_prologue": prologue}, scheduler_options=pages)
    except (ValueError, TypeError) as error:
        raise BlendkitError("--slurm: these settings make no Slurm job", [str(error)]) from error


def slurm_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Return the settings of `KEY=VALUE` texts: numbers, yes or no, and text; of keys that hold lists, all values.

    Raises BlendkitError for what is no such text, and for keys that dask_jobqueue does not know.
    """
    require_dask("dask_jobqueue")
    out: dict[str, Any] = {}
    problems = []
    known = _known_settings()
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in known:
            near = did_you_mean(key, known) if equals else ""
            problems.append(f"{text!r}: expected KEY=VALUE with a setting of dask_jobqueue.SLURMCluster{near}")
        elif key in _LISTS:
            out.setdefault(key, []).append(value)
        else:
            out[key] = _value(value)
    if problems:
        raise BlendkitError("--slurm: unknown settings", [*problems, f"known: {', '.join(known)}"])
    return out


def _known_settings() -> list[str]:
    from dask_jobqueue.core import Job
    from dask_jobqueue.slurm import SLURMJob

    own = {n: p for made in (SLURMJob, Job) for n, p in inspect.signature(made.__init__).parameters.items()}
    hidden = {"self", "scheduler", "name", "base_class_kwargs", "protocol", "security", "config_name"}
    return sorted(set(own) - hidden)


def _value(text: str) -> int | bool | str:
    words = {"true": True, "false": False}
    return int(text) if text.isdecimal() else words.get(text.lower(), text)
