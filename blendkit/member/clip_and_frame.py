"""The clip and frame scores that a sound event detection graph gives, and the frames of each chunk in its windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blendkit.core import Float32
from blendkit.errors import BlendkitError
from blendkit.graphs import Port
from blendkit.member.graph_output import GraphOutput, score_output, with_shapes
from blendkit.member.graph_runner import GraphRunner
from blendkit.member.window_parts import FrameMoves, PartFrames, WindowParts


@dataclass(frozen=True)
class ClipAndFrame:
    """The outputs of `clip` (B, L) and `frame` (B, T, L) scores, of which either may be absent."""

    clip: GraphOutput | None
    frame: GraphOutput | None

    @property
    def used(self) -> list[GraphOutput]:
        """The outputs that are there."""
        return [o for o in (self.clip, self.frame) if o is not None]


def find_clip_and_frame(
    runner: GraphRunner,
    declared: list[Port],
    pictures: Float32,
    named: tuple[str | None, str | None],
    labels: Sequence[str],
    *,
    need_frames: bool,
) -> ClipAndFrame:
    """Return the outputs of clip and frame scores of the `labels`: those named (clip, frame), else the only ones.

    declared: the graph's outputs; pictures: a trial batch. need_frames: refuse a graph without frame scores. Raises
    BlendkitError that lists the outputs.
    """
    real = with_shapes(declared, runner.run(None, pictures[:1]))
    known = [o for o in real if len(labels) in o.shape[1:]]
    ranks = {o.name: len(o.shape) - (runner.input.single and o.shape[1] == 1) for o in real if len(o.shape) > 1}
    found: list[GraphOutput | None] = []
    for name, framed in zip(named, (False, True), strict=True):
        fitting = [o.name for o in known if (ranks[o.name] > 2) == framed]
        if name is None and len(fitting) > 1 and not any(named):
            which, kind = ", ".join(fitting), "frame" if framed else "clip"
            raise BlendkitError(f"sed: several outputs could hold {kind} scores: {which}", [f"name it with `{kind}:`"])
        taken = name or (fitting[0] if len(fitting) == 1 else None)
        found.append(score_output("sed", real, taken, labels, "its class list")[0] if taken else None)
    if not any(found) or (need_frames and found[1] is None):
        details = [f"found {', '.join(map(str, real))}", "name them with `clip:` and `frame:`"]
        wanted = f"clip [batch, L] or frame [batch, T, L] scores of {len(labels)} classes"
        raise BlendkitError(f"sed: the graph has no output of {wanted}", details)
    return ClipAndFrame(found[0], found[1])


def part_frames(outputs: ClipAndFrame, parts: WindowParts, moves: FrameMoves) -> PartFrames:
    """Return the frames of every whole chunk in a window. Raises BlendkitError for clip scores of another number."""
    clip, frame = outputs.clip, outputs.frame
    if clip is not None and clip.frames not in (0, parts.count):
        raise BlendkitError(
            f"sed: output {clip.name!r} has {clip.frames} clip scores a window, which holds {parts.count} whole chunks",
            ["name the outputs with `clip:` and `frame:`"],
        )
    return PartFrames(parts.ranges(max(1, frame.frames) if frame is not None else parts.count), moves)
