"""How much is computed for a report, by the size of its data; what is left out is said."""

from __future__ import annotations

from dataclasses import dataclass

_FEW_CELLS = 500_000  # up to which every thousandth of a share costs no time that is felt
_MANY_ROWS = 200_000  # chunks, above which as many recordings are redrawn as take minutes
_MANY_CELLS = 2_000_000  # (chunks x classes) of one stream, above which figures cost seconds each


@dataclass(frozen=True)
class Effort:
    """replicates: of bootstraps; draws: simulated leaderboards, None: as many as replicates.

    points: shares of a path; band: shares with an interval; bands: paths that have intervals.
    paths: most members whose share has a path, those of the largest shares first.
    curves: most points of a precision-recall curve; ablate: whether parts are left out one by one; bytes: that the
    arrays of the share slider may take in the page; cells: that the strips of recordings may.
    """

    replicates: int = 1000
    draws: int | None = None
    points: int = 1001
    paths: int = 20
    band: int = 11
    bands: int = 3
    curves: int = 200
    ablate: bool = True
    bytes: int = 1_100_000
    cells: int = 400_000


def effort_for(cells: int, streams: int, *, rows: int = 0, full: bool) -> Effort:
    """Return what can be done within seconds for streams of so many labelled cells, in so many chunks.

    full: everything, at any size.
    """
    if full or (cells <= _MANY_CELLS and rows <= _MANY_ROWS):
        points = Effort.points if cells <= _FEW_CELLS else 101
        return Effort(points=points, ablate=full or cells * streams <= 4 * _MANY_CELLS)
    return Effort(replicates=200, draws=100, points=11, paths=1, band=0, curves=60, ablate=False)
