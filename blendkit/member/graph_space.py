"""What a graph's scores are: logits or probabilities, stated or found out before anything is scored."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blendkit.core import Float64, logit, sigmoid
from blendkit.errors import BlendkitError
from blendkit.graphs import final_activation

ENOUGH = 8  # different values: fewer may lie between 0 and 1 by chance


def stated_space(
    member: str, model: Any, output: str, values: NDArray[Any], gives: Literal["logit", "prob"] | None
) -> Literal["logit", "prob"]:
    """Return what an output holds: what is stated, else logits.

    values: its scores of windows that differ. Raises BlendkitError if nothing is stated and the output looks like
    probabilities, or their logarithms: the graph ends in a sigmoid or softmax, or every value lies between 0 and 1.
    """
    if gives is not None:
        return gives
    last = final_activation(model, output)
    finite = values[np.isfinite(values)]
    within = finite.size > 0 and finite.min() >= 0 and finite.max() <= 1 and len(np.unique(finite)) >= ENOUGH
    if last is not None and last.startswith("Log"):
        what = f"output {output!r} holds logarithms of probabilities, which are no logits: the graph ends in {last}"
        ways = ["export the graph with the probabilities themselves, and state `gives: prob`",
                "or state `gives: logit`: the order of the values is right then, their size is not"]  # fmt: skip
        raise BlendkitError(f"{member}: {what}", ways)
    if last is not None and last.startswith("multiple of"):
        what = f"output {output!r} holds a {last}, as percentages are, which are no logits"
        ways = ["export the graph without the factor, and state `gives: prob`",
                "or state `gives: logit`: the order of the values is right then, their size is not"]  # fmt: skip
        raise BlendkitError(f"{member}: {what}", ways)
    if last is None and not within:
        return "logit"
    why = f"the graph ends in {last}" if last else f"its values lie in [{finite.min():g}, {finite.max():g}]"
    raise BlendkitError(
        f"{member}: output {output!r} looks like probabilities: {why}",
        ["state `gives: prob`, which turns them into logits, or `gives: logit` if they are logits all the same"],
    )


def as_logits(member: str, output: str, values: NDArray[Any], gives: Literal["logit", "prob"]) -> Float64:
    """Return scores as float64 logits, by the rule of `blendkit.core.logit` for the data type that the graph gave.

    Infinite scores become NaN: they say nothing. Raises BlendkitError for probabilities outside 0 to 1.
    """
    finite = _finite_or_nan(values)
    if gives == "logit":
        return finite.astype(np.float64)
    _check_probabilities(member, output, finite)
    return logit(finite, floor=_below(values))


def as_probabilities(member: str, output: str, values: NDArray[Any], gives: Literal["logit", "prob"]) -> Float64:
    """Return scores as float64 probabilities, NaN for infinite ones. Raises BlendkitError for those outside 0 to 1."""
    finite = _finite_or_nan(values)
    if gives == "logit":
        return sigmoid(finite)
    _check_probabilities(member, output, finite)
    return finite.astype(np.float64)


def _finite_or_nan(values: NDArray[Any]) -> NDArray[Any]:
    """Return values with NaN, which is counted and replaced, in place of infinite ones, which a sigmoid would hide."""
    return values if not np.isinf(values).any() else np.where(np.isinf(values), np.nan, values)


def _check_probabilities(member: str, output: str, values: NDArray[Any]) -> None:
    """Raise BlendkitError for values outside 0 to 1; NaN is left to those who score."""
    known = values[~np.isnan(values)]
    if known.size and (known.min() < 0 or known.max() > 1):
        raise BlendkitError(
            f"{member}: `gives: prob`, but output {output!r} lies in [{known.min():g}, {known.max():g}]",
            ["are they percentages? export them divided by 100"]
            if 1 < known.max() <= 100 and known.min() >= 0
            else ["did you mean `gives: logit`?"],
        )


def _below(values: NDArray[Any]) -> float:
    """Return what stands for an exact 0: half the smallest positive value of the data type, if that is a number."""
    smallest = float(np.finfo(values.dtype).smallest_subnormal)
    return smallest / 2 or smallest
