"""The report: one HTML file with all that is known of a blend, and the parts it is made of.

In go recipes with their saved logits, run folders or score files, and labels; out come the facts of every section, and
a page that opens without a network. The page's files (`page_file`) are plain ES modules that a server can hand out too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.reporting.drawn_graph import draw
    from blendkit.reporting.gathering import gather
    from blendkit.reporting.packed_arrays import Packed, packed
    from blendkit.reporting.page_bundle import bundled, page_file, page_names
    from blendkit.reporting.report_data import ReportData, plain
    from blendkit.reporting.report_sources import Asked, Material, open_material
    from blendkit.reporting.write_report import Report, report
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "Asked",
    "Material",
    "Packed",
    "Report",
    "ReportData",
    "bundled",
    "draw",
    "gather",
    "open_material",
    "packed",
    "page_file",
    "page_names",
    "plain",
    "report",
]
