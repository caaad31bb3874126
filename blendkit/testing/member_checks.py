"""`check_member`: test that a member keeps the protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from blendkit.audio import samples_at
from blendkit.core import NameRule, Scores, canonical_order
from blendkit.errors import BlendkitError, shorten
from blendkit.member import TTA, FileMember, FinishedMember, Member, MemberContext, score_files
from blendkit.temporaries import scratch_folder
from blendkit.testing.small_world import CLASSES, raise_problems, small_taxonomy

_MAP = (
    "a model with classes of its own answers for the run's: `own = by_name_or_id(name, labels, context)` of "
    "blendkit.member, MemberInfo(own.classes, own.covered, ...), and predict gives own.place(logits)"
)
_OWN = "check it on its own classes: check_member(name, context=MemberContext(labels))"


def check_member(use: str | Callable[..., Any], *, context: MemberContext | None = None, **params: Any) -> None:
    """Check that a member keeps the protocol. `use` is a registered name or the factory itself.

    An audio member must give finite float32 logits (B, C) for noise, silence and one window,
    the same for the same window whatever its batch (to 1e-4), without changing its input; frame
    probabilities (B, frames, C) where it pools by frames. A member of whole files must give a frame for two
    short recordings. Classes of both must be those of the context (default: seven of a small world). A finished
    member must read scores whose rows are in canonical order. Raises AssertionError listing failures.
    """
    factory = _factory(use)
    around = context or MemberContext(CLASSES, small_taxonomy())
    try:
        made = factory(around, **params)
    except BlendkitError as error:
        raise_problems("member", use, [str(error), *([] if context else [_OWN])])
    if isinstance(made, FinishedMember):
        problems = _finished_problems(made)
    elif isinstance(made, Member):
        problems = _class_problems(made, around) or _audio_problems(made)
    elif isinstance(made, FileMember):
        problems = _class_problems(made, around) or _file_problems(made)
    else:
        wanted = "info and predict, info and predict_files, or space, read and warnings"
        problems = [f"a {type(made).__name__} has none of: {wanted}"]
    raise_problems("member", use, problems)


def _class_problems(member: Member | FileMember, context: MemberContext) -> list[str]:
    """Return what is wrong if a member answers for classes that the run does not have."""
    others = [c for c in member.info.classes if c not in context.classes]
    if not context.classes or not others:
        return []
    return [f"{len(others)} of its classes are none of the run's: {shorten(others)}", _MAP, _OWN]


def _factory(use: str | Callable[..., Any]) -> Callable[..., Any]:
    if callable(use):
        return use
    from blendkit.registry import MEMBERS, registry

    found: Callable[..., Any] = registry(MEMBERS).get(use)
    return found


def _audio_problems(member: Member) -> list[str]:
    info = member.info
    problems = []
    if len(info.covered) != len(info.classes) or len(set(info.classes)) != len(info.classes):
        problems.append(f"{len(info.classes)} classes, {len(info.covered)} coverage flags; classes must be distinct")
    if not any(info.covered):
        problems.append("no class is covered")
    noise = np.random.default_rng(5).standard_normal((5, samples_at(info.window_s, info.rate))).astype(np.float32) * 0.1
    noise[3] = 0.0  # digital silence
    before = noise.copy()
    whole = member.predict(noise)
    shape = (5, info.frames, len(info.classes)) if info.frames else (5, len(info.classes))
    if whole.shape != shape:
        return [*problems, f"predict gave shape {whole.shape}, expected {shape}"]
    if whole.dtype != np.float32 and not (info.pool == "frames" and whole.dtype == np.float64):
        problems.append(f"predict gave {whole.dtype}, expected float32")
    if not np.isfinite(whole).all():
        problems.append(
            f"predict gave values that are not finite, for windows {np.argwhere(~np.isfinite(whole))[:, 0]}"
        )
    if not np.array_equal(noise, before):
        problems.append("predict changed its input")
    if not np.array_equal(whole, member.predict(noise)):
        problems.append("predict gave other values the second time")
    each = [member.predict(noise[i : i + 1]) for i in range(5)]
    if each[0].shape != (1, *shape[1:]):
        return [*problems, f"predict gave shape {each[0].shape} for a single window, expected {(1, *shape[1:])}"]
    alone = np.concatenate(each)
    if not np.allclose(whole, alone, atol=1e-4, rtol=1e-4):
        problems.append(f"a window's logits depend on its batch: they differ by {np.abs(whole - alone).max():g}")
    return problems


def _finished_problems(member: FinishedMember) -> list[str]:
    scores: object = member.read()  # a third party's, so its type is only a promise
    problems = []
    if not isinstance(scores, Scores):
        return [f"read gave a {type(scores).__name__}, expected Scores"]
    if scores.space != member.space:
        problems.append(f"read gave {scores.space} scores, space says {member.space}")
    if not np.array_equal(canonical_order(scores.rows), np.arange(len(scores.rows))):
        problems.append("rows are not grouped by recording and ordered by start time; use Scores.build")
    return problems


def _file_problems(member: FileMember) -> list[str]:
    """Score two recordings of noise, of 12 and 5 seconds."""
    import soundfile

    rng = np.random.default_rng(5)
    with scratch_folder() as folder:
        files = {}
        for name, seconds in (("long", 12), ("short", 5)):
            files[name] = Path(folder) / f"{name}.wav"
            soundfile.write(files[name], 0.1 * rng.standard_normal(seconds * 32000), 32000)
        try:
            values, _ = score_files(member, files, {"long": 3, "short": 1}, 5.0, NameRule(), TTA())
        except BlendkitError as error:
            return [error.title, *error.problems]
    return [] if np.isfinite(values).all() else ["predict_files gave values that are not finite"]
