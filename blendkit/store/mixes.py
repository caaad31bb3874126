"""What a feature store of mixed copies says of itself: which clip and which background every copy is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from blendkit.core import AudioContent, Contents, contents_to_json
from blendkit.errors import BlendkitError

MIX = "mix"


@dataclass(frozen=True)
class MixedCopy:
    """A clip mixed with a background: the ids of both, and the clip's power over the background's in dB."""

    clip: str
    background: str
    db: float


def mix_facts(db: tuple[float, float], copies: int, seed: int) -> dict[str, Any]:
    """Return what a store of mixed copies says from its beginning on."""
    return {MIX: {"db": list(db), "copies": copies, "seed": seed, "of": {}, "backgrounds": {}}}


def mixing_of(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how the copies of a store are mixed, None for recordings as they are."""
    found = about.get(MIX)
    return {k: found.get(k) for k in ("db", "copies", "seed")} if isinstance(found, Mapping) else None


def add_mixed(about: Mapping[str, Any], copies: Mapping[str, MixedCopy], contents: Contents) -> None:
    """Say of copies what they are made of, and what their backgrounds sound like."""
    about[MIX]["of"].update({c: asdict(m) for c, m in copies.items()})
    about[MIX]["backgrounds"].update(contents_to_json(contents, contents))


def read_mixed(about: Mapping[str, Any], folder: object) -> tuple[dict[str, MixedCopy], Contents]:
    """Return what every copy is made of, and the backgrounds' contents. Raises BlendkitError for damaged facts."""
    try:
        copies = {c: MixedCopy(**m) for c, m in about[MIX]["of"].items()}
        return copies, {b: AudioContent.from_json(v) for b, v in about[MIX]["backgrounds"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BlendkitError(
            f"{folder}: its manifest does not say what its copies are mixed of",
            [str(error), "delete the folder and make the features again"],
        ) from error
