"""What lies on disk, whole or not at all: files, saved logits, saved features, fitted artefacts.

In go scores, features and plain arrays; out come folders that a killed process cannot spoil, and what they hold.
Every part is named by a hash in a manifest, so that damage is noticed and resuming is a look-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.store.artefacts import artefact, load_artefact, loader_of, not_a, refuse_seen, save_artefact
    from blendkit.store.content import content_hash
    from blendkit.store.features import FeatureStore, require_features
    from blendkit.store.files import atomic_path, cache_folder, file_hash, write_json, write_text
    from blendkit.store.logits import LogitStore
    from blendkit.store.manifest import Stored
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "FeatureStore",
    "LogitStore",
    "Stored",
    "artefact",
    "atomic_path",
    "cache_folder",
    "content_hash",
    "file_hash",
    "load_artefact",
    "loader_of",
    "not_a",
    "refuse_seen",
    "require_features",
    "save_artefact",
    "write_json",
    "write_text",
]
