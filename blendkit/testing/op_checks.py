"""`check_op`: test that an op behaves as it declared; and values to test it on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from blendkit.core import LEVELS, Float64, Int64, Matrix, Rows, Space
from blendkit.metrics import doubled_ranks
from blendkit.ops import Fitted, OpInfo, info_of, signature
from blendkit.registry import OPS, registry
from blendkit.testing.op_inputs import op_inputs
from blendkit.testing.small_world import CLASSES, raise_problems

_FARTHEST = 25.0  # a logit; beyond, neighbouring probabilities may round to one float64
_NOT_CLASSWISE = "declared classwise, but some classes alone give other values"
_ROUNDED = (
    "declared classwise, but some classes alone give other last digits: numpy sums one column in another order than "
    "many. `np.add.accumulate(x, axis=0)[-1]` sums in one order; or leave `classwise` out"
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def check_op(function: Callable[..., Any] | str, *, artefact: Any = None, **params: Any) -> None:
    """Check that an op behaves as `@op` declared: scope, classwise, spaces, monotone, affine.

    Parts are run against the whole and must agree bit for bit: each chunk alone for `chunk`, each
    recording alone for `file`, each class alone for `classwise`. Arguments must not change, values must stay
    finite, inside their space, and keep their shape. function: or the name of an installed op. Streams that the op
    names are made up. artefact: what an op applies that is only ever loaded. A gate's edit counts where its mask says
    so. What classes without coverage hold must not reach the others. Raises AssertionError listing failures.
    """
    function = registry(OPS).get(function) if isinstance(function, str) else function
    info = info_of(function)
    assert info is not None, f"{function} is not declared with @op"
    problems: list[str] = []
    spaces: tuple[Space, ...] = ("logit",) if info.kind == "blend" else info.spaces
    for space in spaces:
        for dtype in (np.float32, np.float64):
            inputs = op_inputs(info, space, dtype, artefact)
            problems += [f"{space} {dtype.__name__}: {p}" for p in _op_problems(info, inputs, params)]
    raise_problems("op", info.name, problems)


def scores_strategy(max_rows: int = 40, max_classes: int = 6) -> SearchStrategy[Float64]:
    """Return a Hypothesis strategy of (N, C) float64 scores with many ties, signed zeros and large values."""
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp

    shape = st.tuples(st.integers(2, max_rows), st.integers(1, max_classes))
    value = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([0.0, -0.0, 1e-300, -1e300]),
                      st.floats(-1e6, 1e6, allow_nan=False))  # fmt: skip
    return shape.flatmap(lambda s: hnp.arrays(np.float64, s, elements=value))


def _call(info: OpInfo, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> Matrix:
    wanted = {p: inputs["context"][name] for p, name in info.context().items()}
    found = info.function(*inputs["xs"], **wanted, **inputs["streams"], **params)
    return np.asarray(np.where(found[0], found[1], inputs["xs"][0]) if info.kind == "gate" else found)


def _op_problems(info: OpInfo, inputs: dict[str, Any], params: Mapping[str, Any]) -> list[str]:
    before = [x.copy() for x in inputs["xs"]]
    for x in inputs["xs"]:
        x.setflags(write=False)  # a stream's values are read-only
    try:
        whole = _call(info, inputs, params)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        return ["writes to its argument"]
    x = inputs["xs"][0]
    if whole.shape != x.shape:
        return [f"gave shape {whole.shape}, expected {x.shape}"]
    problems = [] if np.isfinite(whole).all() else ["gave values that are not finite"]
    gives = info.gives or inputs["context"]["space"]
    if not problems and info.kind != "blend" and gives != "logit" and not (whole.min() >= 0 and whole.max() <= 1):
        problems = [f"gave values from {whole.min():g} to {whole.max():g}, in space {gives}"]
    if any(not np.array_equal(a, b) for a, b in zip(before, inputs["xs"], strict=True)):
        problems.append("changed its argument")
    rows: Rows = inputs["context"]["rows"]
    for what, index in _row_parts(info, rows):
        part = _call(info, _rows_of(inputs, index), params)
        if not np.array_equal(part, whole[index]):
            problems.append(f"declared scope {info.scope}, but {what} alone gives other values")
            break
    problems += _column_problems(info, inputs, params, whole) + _coverage_problems(info, inputs, params, whole)
    problems += _monotone_problems(info, inputs, params) + _affine_problems(info, inputs, params, whole)
    return problems + _weight_problems(info, inputs, params, whole) + _taxonomic_problems(info) + _needs_problems(info)


def _coverage_problems(info: OpInfo, inputs: dict[str, Any], params: Mapping[str, Any], whole: Matrix) -> list[str]:
    """What a class that is not covered holds must not reach the others."""
    covered = inputs["context"]["covered"]
    if info.classwise or info.kind == "blend":
        return []
    other = inputs["xs"][0].copy()
    other[:, ~covered] = other[::-1, ~covered] if info.spaces == ("rank",) else other.max()
    found = _call(info, {**inputs, "xs": [other]}, params)
    same = np.array_equal(found[:, covered], whole[:, covered])
    return (
        []
        if same
        else ["classes that are not covered change the others; add a parameter `covered: Covered` and leave them out"]
    )


def _row_parts(info: OpInfo, rows: Rows) -> list[tuple[str, Int64]]:
    bounds = rows.offsets()
    spans = [np.arange(a, b) for a, b in itertools.pairwise(bounds)]
    files = [(f"recording {i}", s) for i, s in enumerate(spans)]
    files.append(("recordings in another order", np.concatenate(spans[::-1])))
    if info.scope == "file":
        return files
    return [*files, *[(f"row {i}", np.array([i])) for i in range(len(rows))]] if info.scope == "chunk" else []


def _rows_of(inputs: Mapping[str, Any], index: Int64) -> dict[str, Any]:
    rows = inputs["context"]["rows"].take(index)
    context = {**inputs["context"], "rows": rows, "offsets": rows.offsets()}
    return _part(inputs, context, lambda v: np.ascontiguousarray(v[index]))


def _part(inputs: Mapping[str, Any], context: dict[str, Any], cut: Callable[[Any], Any]) -> dict[str, Any]:
    streams = {p: cut(v) for p, v in inputs["streams"].items()}
    return {"xs": [cut(x) for x in inputs["xs"]], "context": context, "streams": streams}


def _column_problems(info: OpInfo, inputs: Mapping[str, Any], params: Mapping[str, Any], whole: Matrix) -> list[str]:
    if not info.classwise:
        return []
    context = inputs["context"]
    for part in (slice(0, 1), slice(2, 5), slice(5, 7)):
        narrow = {**context, "classes": CLASSES[part], "covered": context["covered"][part],
                  "weights": context["weights"][:, part]}  # fmt: skip
        sliced = {k: np.asarray(v)[..., part] if k in info.per_class else v for k, v in params.items()}
        given = _part(inputs, narrow, partial(_columns, part=part))
        found = _call(info, given, sliced)
        if not np.array_equal(found, whole[:, part]):
            return [_ROUNDED if np.allclose(found, whole[:, part], rtol=1e-5, atol=1e-9) else _NOT_CLASSWISE]
    return []


def _columns(v: Matrix, part: slice) -> Matrix:
    return np.ascontiguousarray(v[:, part])


def _monotone_problems(info: OpInfo, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """One artefact for all recordings: a map per class. Cross-fitting has several, and may re-order."""
    if info.kind != "step" or info.monotone == "no":
        return []
    fitted, tied = inputs["context"]["fitted"], inputs["xs"][0]
    alone = {**inputs["context"], "fitted": None if fitted is None else Fitted(fitted.artefacts[:1])}
    for x in (tied, _far(tied, inputs["context"]["space"])):
        whole = _call(info, {**inputs, "context": alone, "xs": [x]}, params)
        if found := _reordered(info, x, whole):
            return [found]
    return []


def _reordered(info: OpInfo, x: Matrix, whole: Matrix) -> str:
    before, after = doubled_ranks(x), doubled_ranks(whole)
    if info.monotone == "strict" and not np.array_equal(before, after):
        return "declared strictly monotone, but a column's order or ties changed"
    for b, a in zip(before.T, after.T, strict=True):
        if (np.diff(a[np.argsort(b, kind="stable")]) < 0).any():
            return "declared weakly monotone, but a column was re-ordered"
    return ""


def _far(x: Matrix, space: Space) -> Matrix:
    """Return values (N, C) whose columns reach from near the middle to far out, for a clip may act far out alone.

    float64 holds all of them apart, as logits and as probabilities.
    """
    n, c = x.shape
    z = np.linspace(-1, 1, n)[:, None] * np.geomspace(0.5, _FARTHEST, c)
    order = np.random.default_rng(5).permutation(n)
    return np.asarray(z if space == "logit" else 1 / (1 + np.exp(-z)), np.float64)[order]


def _affine_problems(info: OpInfo, inputs: Mapping[str, Any], params: Mapping[str, Any], whole: Matrix) -> list[str]:
    x = inputs["xs"][0]
    if info.kind != "step" or not info.affine or x.dtype != np.float64:
        return []
    other = np.flipud(x).copy()
    two, mixed = ({**inputs, "xs": [v]} for v in (other, 0.75 * x + 0.25 * other))
    if not np.allclose(
        _call(info, mixed, params), 0.75 * whole + 0.25 * _call(info, two, params), rtol=1e-9, atol=1e-12
    ):
        return ["declared affine, but a weighted mean does not come out as the weighted mean"]
    return []


def _weight_problems(info: OpInfo, inputs: Mapping[str, Any], params: Mapping[str, Any], whole: Matrix) -> list[str]:
    """A blend's weights must be what it declared (ratios, coefficients, membership), and a declared mean be one."""
    if info.kind != "blend":
        return [f"declared {t}, which is for blends" for t in ("weighted_mean",) if info.weighted_mean]
    weights, problems = inputs["context"]["weights"], []
    twice = _call(info, _weighted(inputs, 2 * weights), params)
    wanted = 2 * whole if info.weights == "coefficients" else whole
    if not np.allclose(twice, wanted, rtol=1e-9, atol=1e-12):
        problems.append(f"declared weights {info.weights}, but doubling all of them does something else")
    if info.weights == "membership":
        other = np.where(weights != 0, weights[::-1] + 0.1, 0.0)
        if not np.array_equal(_call(info, _weighted(inputs, other), params), whole):
            problems.append("declared weights membership, but other weights above 0 give other values")
    if info.weighted_mean:
        xs = np.stack([x.astype(np.float64) for x in inputs["xs"]])
        scale = 2.0 * len(xs[0]) if info.inputs_as == "doubled_ranks" else 1.0
        mean = (xs * weights[:, None]).sum(axis=0) / (scale * weights.sum(axis=0))
        if info.weights != "relative" or not np.allclose(whole, mean, rtol=1e-6, atol=1e-9):
            problems.append("declared weighted_mean, but gives no mean of its inputs by their relative weights")
    return problems


def _weighted(inputs: Mapping[str, Any], weights: Float64) -> dict[str, Any]:
    return {**inputs, "context": {**inputs["context"], "weights": weights}}


def _needs_problems(info: OpInfo) -> list[str]:
    """An op can use sites, hours and dates only through the rows."""
    if info.needs and "rows" not in info.context().values():
        return [f"declared to need {', '.join(info.needs)}, but has no parameter of type RowsOf"]
    return []


def _taxonomic_problems(info: OpInfo) -> list[str]:
    """Recipe code finds taxonomy levels by parameter name, so a taxonomic op must have all of these parameters."""
    missing = sorted({*LEVELS, "sonotypes"} - set(signature(info.function)))
    if info.taxonomic and missing:
        return [f"declared taxonomic, but lacks {', '.join(missing)}; add `**levels: Unpack[TaxonLevels]`"]
    return [] if info.taxonomic or missing else ["has the levels of a taxonomy, but is not declared taxonomic"]


def required_params(function: Callable[..., Any]) -> list[str]:
    """Return the parameters that an op or a member factory cannot do without."""
    import inspect

    return [n for n, (_, c, d) in signature(function).items() if c is None and d is inspect.Parameter.empty]
