"""Scoring on a Dask cluster: groups of recordings go out, and word comes back that they lie in the stores.

The stores are the same files, filled by the same functions, as those of one process: a worker writes its parts and
lists them in a journal of its own. No scores pass through Dask, and nothing is kept in a worker that could die with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blendkit.audio import Grid, Recording, groups
from blendkit.core import natural_key
from blendkit.engine.dask_cluster import local_client, remote_client, slurm_client
from blendkit.engine.dask_progress import Tally
from blendkit.errors import BlendkitError, DeliveryError, exhausted, shorten
from blendkit.events import Emit
from blendkit.scoring import AudioMember, GroupDone, MemberOrder, Scored, Terms, gathered, score_recordings
from blendkit.temporaries import temporary_beside

_AHEAD, _LEAST_AHEAD = 4, 64  # groups that wait at the scheduler: per worker thread, and at least
_MEMORY = "KilledWorker"  # the name of what Dask raises of a task that several workers did not survive


@dataclass(frozen=True)
class Dask:
    """Scores on a Dask cluster: the `executor` of `score` and `run`.

    workers: processes of this machine, or of Slurm jobs. scheduler: the address of a cluster that runs already. slurm:
    settings of dask_jobqueue.SLURMCluster, from which a cluster of Slurm jobs is made. threads: of each model; default
    those of its worker. Recordings and stores must lie in folders that all machines share.
    """

    workers: int | None = None
    scheduler: str = ""
    slurm: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None

    def __call__(
        self,
        members: Sequence[AudioMember],
        recordings: Sequence[Recording],
        grid: Grid,
        emit: Emit,
        terms: Terms | None = None,
    ) -> Scored:
        """Fill every member's store with logits of all recordings, as `score_recordings` does, with the same bytes.

        Raises BlendkitError as it does, for a time budget, which needs one machine, and for workers that cannot work.
        """
        if terms is not None:
            ways = ["leave out `budget`, or --engine dask: more workers keep a time, too"]
            raise BlendkitError("a time budget is kept on one machine only", ways)
        if not recordings:
            return score_recordings(members, recordings, grid, emit)
        orders = [_order(m) for m in members]
        recordings = sorted(recordings, key=lambda r: natural_key(r.id))
        with _seen(orders, recordings) as sees, self._client() as client:
            work = _Work(client, members, grid, emit, Tally(members, [r.id for r in recordings], emit))
            work.go(orders, recordings, self.threads, sees)
        status = gathered(members, [r.id for r in recordings], emit)
        tally = work.tally
        return Scored(status, tally.decode_s, tally.resample_s, threads=tally.threads)

    def _client(self) -> AbstractContextManager[Any]:
        if self.scheduler:
            return remote_client(self.scheduler)
        if self.slurm:
            return slurm_client(self.slurm, self.workers)
        return local_client(self.workers, self.threads)


def _order(member: AudioMember) -> MemberOrder:
    """Return what a worker makes a member from: it is told of some recordings only, on which no logits depend."""
    assert member.order is not None
    context = member.order.context
    few = tuple(_at_its_place(r) for r in context.recordings[:3])
    folder = member.order.folder.absolute()
    told = replace(context, recordings=few, expected_s={})
    return replace(member.order, folder=folder, context=told, grid=replace(member.order.grid, expected_s={}))


def _at_its_place(recording: Recording) -> Recording:
    here = recording.path.name and recording.remote is None
    return replace(recording, path=recording.path.absolute()) if here else recording


@contextmanager
def _seen(orders: Sequence[MemberOrder], recordings: Sequence[Recording]) -> Iterator[tuple[Path, ...]]:
    """Yield files that every worker must see: one in each store's folder, and a recording."""
    first = next((_at_its_place(r).path for r in recordings if r.path.name and r.path.exists()), None)
    with ExitStack() as marks:
        found = [first] if first is not None else []
        for folder in (o.folder for o in orders):
            folder.mkdir(parents=True, exist_ok=True)
            marks.callback(_remove_if_empty, folder)
            found.append(marks.enter_context(temporary_beside(folder / "seen")))
            found[-1].touch()
        yield tuple(found)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it holds something
        folder.rmdir()


@dataclass
class _Work:
    """A scoring that goes on: its groups are given out as others come back, so that few wait at the scheduler."""

    client: Any
    members: Sequence[AudioMember]
    grid: Grid
    emit: Emit
    tally: Tally
    ahead: int = _LEAST_AHEAD
    lost: list[str] = field(default_factory=list)

    def go(
        self,
        orders: Sequence[MemberOrder],
        recordings: Sequence[Recording],
        threads: int | None,
        sees: tuple[Path, ...],
    ) -> None:
        """Give out all groups, and note what comes back; in the end, and on an error, the job ends on all workers."""
        from blendkit.engine.dask_worker import HeldJob, Job

        self._announce()
        job = Job(tuple(orders), replace(self.grid, expected_s={}), threads, sees)
        name = f"blendkit-{secrets.token_hex(4)}"
        self.client.register_plugin(HeldJob(job), name)
        try:
            self._all(name, recordings)
        finally:
            with suppress(OSError, TimeoutError):  # the scheduler may be gone
                self.client.unregister_worker_plugin(name)
        if self.lost:
            ways = ["give the member `isolate: true`: then only the recording fails that ends its process",
                    "all others are saved; run the command again to try these once more"]  # fmt: skip
            what = f"{len(self.lost)} recordings ended every worker that scored them, often for want of memory"
            raise DeliveryError(what, [shorten(self.lost, 16), *ways])

    def _announce(self) -> None:
        info = self.client.scheduler_info(n_workers=-1)
        told = {"scheduler": self.client.scheduler.address, "dashboard": dashboard(self.client)}
        self.emit("cluster", {**told, "workers": len(info["workers"])})

    def _all(self, job: str, recordings: Sequence[Recording]) -> None:
        from distributed import as_completed

        self.tally.begin()
        waiting = enumerate(groups(recordings))
        asked: dict[Any, list[Recording]] = {}
        back = as_completed([], loop=self.client.loop)
        self._give(job, waiting, asked, back)
        try:
            for future in back:
                group = asked.pop(future)
                self._came(future, group)
                future.release()  # else its word stays at the worker, and is lost and made anew if that dies
                self._give(job, waiting, asked, back)
        finally:
            if asked:
                with suppress(OSError, TimeoutError):
                    self.client.cancel(list(asked), force=True)

    def _give(
        self, job: str, waiting: Iterator[tuple[int, list[Recording]]], asked: dict[Any, list[Recording]], back: Any
    ) -> None:
        from blendkit.engine.dask_worker import score_group

        while len(asked) < self.ahead and (following := next(waiting, None)) is not None:
            number, group = following
            expected = {r.id: self.grid.expected_s[r.id] for r in group if r.id in self.grid.expected_s}
            there = [_at_its_place(r) for r in group]
            future = self.client.submit(score_group, job, there, expected, key=f"score-{job}-{number}", pure=False)
            asked[future] = group
            back.add(future)

    def _came(self, future: Any, group: Sequence[Recording]) -> None:
        """Note what came back of a group. Raises BlendkitError for what would meet all other groups, too."""
        if future.status == "finished":
            done: GroupDone = future.result()
            self.tally.note(done)
            return
        if future.status != "error":
            raise DeliveryError(
                "the connection to the Dask scheduler was lost", ["what was scored is saved; run the command again"]
            )
        error = future.exception()
        if type(error).__name__ == _MEMORY:
            self.lost += [r.id for r in group]
            return
        if isinstance(error, BlendkitError):
            raise error
        listed = shorten([r.id for r in group], 8)
        problems = [f"{type(error).__name__}: {error}", *filter(None, [exhausted(error)])]
        raise BlendkitError(f"a worker failed on {listed}", [*problems, "what was scored before is saved"]) from error


def dashboard(client: Any) -> str:
    """Return the address of the pages that show the cluster at work; "" where bokeh, which makes them, is lacking."""
    try:
        import bokeh  # noqa: F401
    except ImportError:
        return ""
    return str(client.dashboard_link or "")
