"""Conformance tests for members, ops, readers of score files and writers, built-in or third-party; and new plugins.

A plugin's whole test can be one line: `check_member("my-member")`, `check_op(my_op)`,
`check_reader("my-format", sample)` or `check_writer("my-format")`. Each raises AssertionError that lists every broken
promise. `new_plugin` writes the package of a new one, which passes its test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.testing.member_checks import check_member
    from blendkit.testing.op_checks import check_op, required_params, scores_strategy
    from blendkit.testing.reader_checks import check_reader
    from blendkit.testing.scaffolds import PluginKind, new_plugin
    from blendkit.testing.score_writer_checks import odd_scores
    from blendkit.testing.small_world import CLASSES, small_rows, small_taxonomy
    from blendkit.testing.writer_checks import check_writer, odd_detections
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "CLASSES",
    "PluginKind",
    "check_member",
    "check_op",
    "check_reader",
    "check_writer",
    "new_plugin",
    "odd_detections",
    "odd_scores",
    "required_params",
    "scores_strategy",
    "small_rows",
    "small_taxonomy",
]
