"""`callable`: any Python function that scores files, as opensoundscape's models do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blendkit.audio import WindowPool
from blendkit.errors import BlendkitError
from blendkit.member import (
    FilePath,
    FrameMember,
    Gives,
    MemberContext,
    frame_member,
    import_code,
    isolated,
    read_class_names,
)


@isolated
def callable_member(
    context: MemberContext,
    *,
    function: str,
    classes: list[str] | FilePath,
    gives: Gives = "logit",
    pool: WindowPool = "mean",
    arguments: dict[str, Any] = {},  # noqa: B006 - never changed
    version: str = "",
) -> FrameMember:
    """A function `module:name` that scores a list of files: a frame indexed by (file, start_time, end_time).

    opensoundscape's `model.predict` gives such frames. The recipe needs --allow-code, and the module must be
    importable. arguments: passed by name. classes: the function's columns, or a file that lists them. version: change
    it whenever the function changes, because saved logits are reused as long as these settings are equal.
    `blendkit.member.frame_member` makes the same member in a plugin, without the flag.
    """
    if not context.allow_code:
        raise BlendkitError(f"callable: {function!r} is Python code, which a recipe may call only with --allow-code")
    found = import_code("callable", function)
    notes = [f"function {function} {version}".rstrip()]
    if isinstance(classes, str):
        listed = read_class_names(Path(classes))
        classes = list(listed.names)
        notes.append(listed.note)

    def call(files: list[str]) -> Any:
        return found(files, **arguments)

    return frame_member(call, context, classes, gives=gives, pool=pool, notes=notes)
