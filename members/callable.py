"""`callable`: any Python function that scores files, as opensoundscape's models do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blendkit.audio import WindowPool
from blendkit.errors import BlendkitError
from blendkit.member import MemberContext

if TYPE_CHECKING:
    pass
from blendkit.member import FrameMember, Gives, frame_member, import_code


def callable_member(
    context: MemberContext,
    *,
    function: str,
    classes: list[str],
    gives: Gives = "logit",
    pool: WindowPool = "mean",
    arguments: dict[str, Any] = {},  # noqa: B006 - never changed
    version: str = "",
) -> FrameMember:
    """A function `module:name` of a list of files, giving a frame indexed by (file, start_time, end_time).

    opensoundscape's `model.predict` gives such frames. A recipe that names code runs it: only with
    --allow-code, and the module must be importable. arguments: passed by name. classes: its columns.
    version: say another one when the function changes, for saved logits are kept by these settings.
    `blendkit.member.frame_member` makes the same of a function in a plugin, without the flag.
    """
    if not context.allow_code:
        raise BlendkitError(f"callable: {function!r} is code; --allow-code lets a recipe call it")
    found = import_code("callable", function)

    def call(files: list[str]) -> Any:
        return found(files, **arguments)

    return frame_member(
        call, context, classes, gives=gives, pool=pool, notes=(f"function {function} {version}".rstrip(),)
    )
