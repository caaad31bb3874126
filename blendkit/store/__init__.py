"""Files that are written whole or not at all: saved logits, saved features, fitted artefacts.

Scores, features and plain arrays go in; folders that a killed process cannot leave half-written come out. Every process
that fills a store lists its parts, with their hashes, in a journal of its own: damage is noticed, a run can resume, and
several processes can fill one store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.store.appending import add_line
    from blendkit.store.array_headers import (
        BROKEN_NPZ,
        ArrayHeader,
        archive_problems,
        read_header,
        read_npz,
        read_values,
    )
    from blendkit.store.artefacts import (
        artefact,
        load_artefact,
        loader_of,
        refuse_seen,
        save_artefact,
        saw_of_artefact,
        wrong_artefact,
    )
    from blendkit.store.content_hashes import content_hash
    from blendkit.store.fact_differences import differing_facts
    from blendkit.store.features import FeatureStore, require_features
    from blendkit.store.files import (
        atomic_path,
        check_place,
        file_hash,
        make_folder,
        new_folder,
        write_json,
        write_text,
        write_texts,
    )
    from blendkit.store.files_together import last_seal, require_sealed, written_together
    from blendkit.store.journal_entries import Stored, key_to_score_again
    from blendkit.store.logits import LogitStore
    from blendkit.store.manifest import OWN_FILES
    from blendkit.store.mapped_matrices import MappedMatrices
    from blendkit.store.merging import Merged, merge_stores
    from blendkit.store.mixed_copies_record import MixedCopy, mix_facts
    from blendkit.store.store_facts import OLD_MANIFEST, STORE_FACTS, is_store
    from blendkit.store.user_cache import cache_folder
    from blendkit.store.verifying import verify_store
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "BROKEN_NPZ",
    "OLD_MANIFEST",
    "OWN_FILES",
    "STORE_FACTS",
    "ArrayHeader",
    "FeatureStore",
    "LogitStore",
    "MappedMatrices",
    "Merged",
    "MixedCopy",
    "Stored",
    "add_line",
    "archive_problems",
    "artefact",
    "atomic_path",
    "cache_folder",
    "check_place",
    "content_hash",
    "differing_facts",
    "file_hash",
    "is_store",
    "key_to_score_again",
    "last_seal",
    "load_artefact",
    "loader_of",
    "make_folder",
    "merge_stores",
    "mix_facts",
    "new_folder",
    "read_header",
    "read_npz",
    "read_values",
    "refuse_seen",
    "require_features",
    "require_sealed",
    "save_artefact",
    "saw_of_artefact",
    "verify_store",
    "write_json",
    "write_text",
    "write_texts",
    "written_together",
    "wrong_artefact",
]
