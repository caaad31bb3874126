"""Files of members on the Hugging Face hub: `hf://ORG/REPO@REVISION/FILE`, kept in the hub's own cache."""

from __future__ import annotations

import os
import re
from pathlib import Path

from blendkit.errors import BlendkitError, brief

_FORM = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)/(?P<file>[^\s/][^\s]*)")
_LINE = 300


def is_on_hub(name: str) -> bool:
    """Return whether a recipe means a file on the hub."""
    return name.startswith("hf://")


def hub_file(name: str, *, hashed: bool) -> Path:
    """Return the path of a file in the hub's cache, into which it is fetched unless it is there.

    Without a network, or with `HF_HUB_OFFLINE=1`, the cache alone is used. hashed: whether the recipe states its hash,
    without which nothing is fetched. Raises BlendkitError with the way out on one line.
    """
    found = _FORM.fullmatch(name)
    if found is None or ".." in found["file"].split("/"):
        raise BlendkitError(f"{name!r}: expected hf://ORG/REPO@REVISION/FILE, with a revision that never moves")
    if not hashed:
        raise BlendkitError(f"{name!r}: state its `sha256:`, so that nobody can put another file in its place")
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise BlendkitError(f"{name!r} needs huggingface_hub: pip install 'blendkit[hub]'") from error
    try:
        path = hf_hub_download(
            found["repo"], found["file"], revision=found["revision"], endpoint=os.environ.get("HF_ENDPOINT")
        )
    except (OSError, ValueError) as error:  # what the hub's library raises is of one of these
        said = brief(" ".join(str(error).split()), _LINE)
        raise BlendkitError(f"{name!r} is neither in the hub's cache nor could it be fetched: {said}") from error
    return Path(path)
