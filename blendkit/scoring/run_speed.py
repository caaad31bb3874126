"""How fast a run was, and how long a competition's test set would take."""

from __future__ import annotations

import itertools
import platform
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from blendkit.scoring.cpus import cpu_count
from blendkit.scoring.opened_members import CPU_ONLY, Opened, Runtime
from blendkit.scoring.scorer import Scored

HEARD = ("ok", "padded", "short", "holed", "partial")
TARGET_RECORDINGS, TARGET_S = 700, 60.0  # BirdCLEF's hidden test set


@dataclass(frozen=True)
class Throughput:
    """One member's speed. x_real_time: seconds of audio per second; the shares are of its own seconds.

    minutes: predicted for 700 recordings of 60 s on the runtime's `cores`, models alone, if time falls as cores are
    added to the threads that were used.
    """

    member: str
    recordings_scored: int
    seconds: float
    recordings_per_s: float
    x_real_time: float
    inference: float
    post: float
    minutes: float


def runtime_of(scored: Scored, runtime: Runtime) -> Runtime:
    """Return what a scoring ran on: a runtime, with the threads of the workers that did it."""
    return runtime if scored.threads is None else replace(runtime, threads=scored.threads)


def throughput(opened: Opened, runtime: Runtime = CPU_ONLY) -> list[Throughput]:
    """Return the speed of every member that scored something."""
    out = []
    share_of_cores = runtime.used_threads / runtime.cores
    for m in opened.audio:
        if m.scored and m.seconds > 0 and m.audio_s > 0:
            share = m.inference_s / m.seconds
            minutes = m.seconds / m.audio_s * TARGET_S * TARGET_RECORDINGS / 60 * share_of_cores
            out.append(
                Throughput(
                    m.name, m.scored, m.seconds, m.scored / m.seconds, m.audio_s / m.seconds, share, 1 - share, minutes
                )
            )
    return out


def predicted_minutes(opened: Opened, scored: Scored, runtime: Runtime = CPU_ONLY) -> float | None:
    """Return the minutes for 700 recordings of 60 s on the runtime's `cores`; None if nothing with sound was scored.

    Windows of silence are all alike, and a model hears one of them: a folder without sound says nothing of its speed.

    Models run one after another; decoding and resampling run beside them, on a thread for every core; the longer of the
    two counts.
    """
    models = sum(t.minutes for t in throughput(opened, runtime))
    audio_s = max((m.audio_s for m in opened.audio), default=0.0)
    silent = bool(scored.status) and not any(s.status in HEARD for s in scored.status.values())
    if not models or not audio_s or silent:
        return None
    decoding = (scored.decode_s + scored.resample_s) / audio_s * TARGET_S * TARGET_RECORDINGS / 60
    return max(models, decoding / runtime.cores)


def timings(clock: dict[str, float], opened: Opened, scored: Scored, runtime: Runtime = CPU_ONLY) -> dict[str, Any]:
    """Return the content of timings.json: all that varies between equal runs."""
    marks = list(clock.items())
    spent = {name: round(at - before, 3) for (_, before), (name, at) in itertools.pairwise(marks)}
    speeds = {t.member: _rounded(asdict(t)) for t in throughput(opened, runtime)}
    minutes = predicted_minutes(opened, scored, runtime)
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "cores": cpu_count(),
        "threads": runtime.used_threads,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "seconds": spent,
        "decode_s": round(scored.decode_s, 3),
        "resample_s": round(scored.resample_s, 3),
        "members": {m.name: speeds.get(m.name, {"recordings_scored": 0, "seconds": 0.0}) for m in opened.audio},
        f"minutes_for_{TARGET_RECORDINGS}_recordings_on_{runtime.cores}_cores": None
        if minutes is None
        else round(minutes, 1),
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in values.items() if k != "member"}
