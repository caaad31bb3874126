"""Options on where scoring is done: in this process, or by the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from blendkit.cli._options import bundle

if TYPE_CHECKING:
    from blendkit.engine import Dask
    from blendkit.scoring import Executor, Runtime


def _dask(engine: str, workers: int | None, scheduler: str | None, slurm: Sequence[str]) -> Dask | None:
    """Return how work is given out; None for this process."""
    given = {"--workers": workers, "--scheduler": scheduler, "--slurm": slurm}
    used = [name for name, value in given.items() if value]
    if engine == "local":
        if used:
            raise click.UsageError(f"{', '.join(used)}: add --engine dask")
        return None
    if scheduler and len(used) > 1:
        raise click.UsageError("--scheduler names a cluster that has its workers: leave out --workers and --slurm")
    from blendkit.engine import Dask, slurm_settings

    return Dask(workers, scheduler or "", slurm_settings(slurm) if slurm else {})


engine_options = bundle(
    "dask",
    ("engine", "workers", "scheduler", "slurm"),
    _dask,
    click.option(
        "--engine",
        default="local",
        show_default=True,
        type=click.Choice(["local", "dask"]),
        help="Score in this process, or by the workers of a Dask cluster (extra `dask`), with the same bytes.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1),
        metavar="N",
        help="Dask: worker processes on this machine, or with --slurm in all jobs (default: one per CPU, or one job).",
    ),
    click.option(
        "--scheduler", metavar="ADDRESS", help="Dask: use the cluster of this scheduler, as in tcp://host:8786."
    ),
    click.option(
        "--slurm",
        multiple=True,
        metavar="KEY=VALUE",
        help="Dask: start workers as Slurm jobs with these settings of dask_jobqueue.SLURMCluster, such as cores=4, "
        "memory=8GB, walltime=04:00:00, queue=long. May be repeated.",
    ),
)


def executor_of(dask: Dask | None, runtime: Runtime) -> Executor:
    """Return what scores."""
    from blendkit.scoring import score_recordings

    return score_recordings if dask is None else replace(dask, threads=runtime.threads)
