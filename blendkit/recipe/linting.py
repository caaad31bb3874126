"""Lint a plan: report what its author may not have meant, from the ops' metadata alone."""

from __future__ import annotations

from collections.abc import Iterator

from blendkit.recipe.plan import Plan, StreamPlan
from blendkit.recipe.step_plans import OpStep, StepPlan

_TIES = {True: "a rank blend gives equal values one rank", False: "pairs that tie count half"}
_KINDS = {"logit": "logits", "prob": "probabilities", "rank": "ranks", "unit": "numbers from 0 to 1"}


def lint(plan: Plan, *, sharded: bool = False) -> list[str]:
    """Return findings, each with its place. sharded: the recipe is to run in parts, or on a stream of recordings."""
    found = [*_idle(plan), *_mixed(plan), *_taken_as(plan), *_smoothed_twice(plan), *_absolute(plan)]
    return [*found, *_in_sample(plan), *seam_notes(plan), *(_transductive(plan) if sharded else ())]


def called(stream: StreamPlan, step: StepPlan) -> str:
    """How messages call a step: `eos7.gaussian`."""
    return f"{stream.name}.{step.label}"


def weak_steps(plan: Plan) -> Iterator[tuple[StreamPlan, int]]:
    """Yield (stream, number) of every step that may make different values equal."""
    for stream in plan.streams:
        for i, step in enumerate(stream.steps):
            if step.order == "weak":
                yield stream, i


def _idle(plan: Plan) -> Iterator[str]:
    """Monotone steps at the end of a stream whose order alone counts."""
    for stream in plan.streams:
        users = _users(plan, stream.name)
        ranked = bool(users) and all(_only_ranks(u, stream.name) for u in users)
        if not ranked and (users or stream.name not in plan.outputs):
            continue
        why = f"the rank blend {users[0].name!r} erases it" if ranked else "nothing follows it"
        for step in reversed(stream.steps):
            if step.order == "strict" and step.ops:
                yield f"{called(stream, step)}: keeps every column's order, and {why}: it cannot change AUC"
            if step.order == "weak":
                yield f"{called(stream, step)}: may make ties, and {_TIES[ranked]}: AUC may rise or fall with them"
            if step.order != "strict":
                break  # what ties or moves depends on the values, so earlier steps matter


def _users(plan: Plan, name: str) -> list[StreamPlan]:
    return [s for s in plan.streams if name in s.inputs or name in s.reads]


def _only_ranks(user: StreamPlan, name: str) -> bool:
    """True where a stream's order is all that another sees: as input of a rank blend, as ranks of a step."""
    marks = [mark for op in user.ops for n, mark in op.streams.values() if n == name]
    ranked = name not in user.inputs or (user.blend is not None and user.blend.inputs_as == "doubled_ranks")
    return ranked and all(mark.space == "rank" for mark in marks)


def _mixed(plan: Plan) -> Iterator[str]:
    spaces = {s.name: s.space for s in plan.streams}
    for stream in plan.streams:
        found = {n: spaces[n] for n in stream.inputs}
        if stream.blend is not None and stream.blend.inputs_as == "any" and len(set(found.values())) > 1:
            listed = ", ".join(f"{n} {s}" for n, s in found.items())
            yield (
                f"{stream.name}: averages values of different spaces ({listed}): ranks spread evenly over (0, 1], "
                "probabilities do not, so the effective weights differ from the stated ones; `by: rank` ranks them all"
            )


def _smoothed_twice(plan: Plan) -> Iterator[str]:
    before: dict[str, dict[str, OpStep]] = {}
    for stream in plan.streams:
        earlier = {name: step for i in stream.inputs for name, step in before[i].items()}
        for step in stream.ops:
            if step.info.effect == "smooth":
                again = [n for n, s in earlier.items() if step.where is None or not step.where.apart_from(s.where)]
                if again:
                    yield f"{called(stream, step)}: smooths along time again, after {', '.join(again)}"
                earlier[called(stream, step)] = step
        before[stream.name] = earlier


def _taken_as(plan: Plan) -> Iterator[str]:
    """Steps that call numbers what they are not: right where a published chain does so, and else a mistake."""
    for stream in plan.streams:
        for step in stream.steps:
            if step.name == "as" and step.space_in != step.space_out:
                yield (
                    f"{called(stream, step)}: takes {_KINDS[step.space_in]} as {_KINDS[step.space_out]} without "
                    "converting them: what follows depends on their scale, not on what they mean"
                )
            elif step.name == "as":
                yield f"{called(stream, step)}: the stream is in {step.space_in} space already"


def _absolute(plan: Plan) -> Iterator[str]:
    streams = {s.name: s for s in plan.streams}
    for stream in plan.streams:
        for gate in stream.ops:
            if not gate.info.thresholds:
                continue
            for parameter, (name, mark) in gate.streams.items():
                scaled = [s.name for s in streams[name].ops if s.info.effect == "rescale"]
                if scaled and mark.space == "prob":
                    yield (
                        f"{called(stream, gate)}: compares {parameter}: {name} with absolute thresholds, after "
                        f"{', '.join(dict.fromkeys(scaled))} rescaled it: 0.5 no longer means one half"
                    )


def _in_sample(plan: Plan) -> Iterator[str]:
    for stream in plan.streams:
        if stream.weights_by is not None and stream.weights_by.allow_seen:
            yield f"{stream.name}: weights_by: allow_seen: figures on the recordings they were fitted on are in-sample"
        for step in stream.ops:
            if step.params.get("allow_seen"):
                yield f"{called(stream, step)}: allow_seen: figures on the recordings it was fitted on are in-sample"


def seam_notes(plan: Plan) -> Iterator[str]:
    """Say which steps are cross-fitted on scores: one column then holds the values of several maps."""
    for stream in plan.streams:
        for step in stream.ops:
            if step.info.fit_on == "scores" and step.folds:
                yield (
                    f"{called(stream, step)}: each of {step.folds} folds gets a map of its own: figures on labelled "
                    "recordings compare chunks across maps, which alone lowers them where positives are few"
                )


def _transductive(plan: Plan) -> Iterator[str]:
    for stream in plan.streams:
        advice = "`quantile_map` gives ranks from a reference instead, and `by: direct` blends them"
        if stream.blend is not None and stream.blend.scope == "set":
            yield f"{stream.name}: `by: {stream.blend.name}` needs all recordings at once; {advice}"
        for step in stream.steps:
            if step.scope == "set":
                yield f"{called(stream, step)}: needs all recordings at once; {advice}"
