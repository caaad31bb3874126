"""Options on the machine: runtimes, threads, and the time that a run may take."""

from __future__ import annotations

from typing import Any

import click

from blendkit.cli._options import bundle


class LengthOfTime(click.ParamType):  # type: ignore[type-arg]
    """A length of time in seconds, as people write it: 90m, 1h30m, 5400."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        from blendkit.core import seconds_in

        try:
            return seconds_in(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _how(provider: str, allow_code: bool, threads: int | None = None, cores: int | None = None) -> object:
    from blendkit.graphs import best_provider
    from blendkit.scoring import TARGET_CORES, Runtime

    found: Any = best_provider() if provider == "auto" else provider
    return Runtime(found, allow_code, threads, cores or TARGET_CORES)


_MACHINE = (
    click.option(
        "--provider",
        default="cpu",
        show_default=True,
        envvar="BLENDKIT_PROVIDER",
        show_envvar=True,
        type=click.Choice(["cpu", "cuda", "openvino", "auto"]),
        help="Runtime of ONNX graphs; auto uses CUDA if onnxruntime has it.",
    ),
    click.option(
        "--allow-code", is_flag=True, help="Let the recipe call Python functions that it names (`use: callable`)."
    ),
)
machine = bundle("runtime", ("provider", "allow_code"), _how, *_MACHINE)
timed_machine = bundle(
    "runtime",
    ("provider", "allow_code", "threads", "cores"),
    _how,
    *_MACHINE,
    click.option(
        "--threads",
        type=click.IntRange(1),
        metavar="N",
        help="Threads that each model may use (default: the CPUs that this process may use).",
    ),
    click.option(
        "--cores",
        "cores",
        type=click.IntRange(1),
        metavar="N",
        help="Cores of the machine for which the minutes of 700 recordings are predicted (default: 4, as on Kaggle).",
    ),
)
