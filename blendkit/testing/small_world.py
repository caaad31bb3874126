"""A small world by hand: seven classes, five recordings."""

from __future__ import annotations

from typing import Literal

from blendkit.core import NameRule, Rows, Taxonomy, chunk_rows

CLASSES = ("22961", "grekis1", "47158son01", "47158son02", "compau", "116570", "litnig1")
_NAMES = ("Scinax fuscus", "Pitangus sulphuratus", "Insect son01", "Insect son02", "Nyctidromus albicollis",
          "Scinax nasicus", "Nyctidromus niger")  # fmt: skip
_TAXA = ("Amphibia", "Aves", "Insecta", "Insecta", "Aves", "Amphibia", "Aves")
_RECORDINGS = {
    "BC_Test_0001_S01_20250101_040000": 12,
    "BC_Test_0002_S02_20250101_230000": 1,
    "BC_Test_0003_S01_19700101_000000": 5,
    "no_name_to_parse": 2,
    "BC_Test_0010_S09_20250102_050000": 8,
}


def small_taxonomy() -> Taxonomy:
    """Return seven classes: two genera of two, two sonotypes, one bird of its own."""
    rows = zip(CLASSES, _NAMES, _TAXA, strict=True)
    return Taxonomy({c: {"scientific_name": s, "family": "", "order": "", "class_name": t} for c, s, t in rows})


def small_rows() -> Rows:
    """Return the rows of five recordings of 1 to 12 chunks: two sites, a clock reset, a bare name."""
    return chunk_rows(_RECORDINGS, 5.0, NameRule())


def raise_problems(kind: Literal["op", "member", "reader", "writer"], name: object, problems: list[str]) -> None:
    """Raise AssertionError listing broken promises, if there are any."""
    if problems:
        raise AssertionError("\n".join([f"{kind} {name!r} breaks its promises", *(f"  {p}" for p in problems)]))
