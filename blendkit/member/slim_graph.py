"""A member's graph, cut to its classes where that changes no logit."""

from __future__ import annotations

from pathlib import Path

from blendkit.errors import BlendkitError
from blendkit.graphs import GraphNeeds, slim
from blendkit.member.class_map import ClassMap
from blendkit.member.protocol import MemberContext


def slim_or_whole(needs: GraphNeeds, mapped: ClassMap, context: MemberContext) -> tuple[Path, ClassMap, str]:
    """Return the graph to run, the class map onto its columns, and a note about it.

    A graph that cannot be cut, or whose logits would differ, is run whole, and the note gives the reason.
    """
    try:
        made = slim(needs, context.examples, context.threads)
    except BlendkitError as error:
        return needs.model, mapped, f"whole graph: {'; '.join([error.title, *error.problems])}"
    return made.path, mapped.narrowed(), made.note()
