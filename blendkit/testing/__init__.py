"""Conformance kits for members and ops: ours, and third parties'.

A plugin's whole test can be one line: `check_member("my-member")` or `check_op(my_op)`. Each raises
AssertionError that lists every broken promise.
"""

from blendkit.testing.members import check_member
from blendkit.testing.ops import check_op, needs_params, scores_strategy
from blendkit.testing.small import CLASSES, small_rows, small_taxonomy

__all__ = ["CLASSES", "check_member", "check_op", "needs_params", "scores_strategy", "small_rows", "small_taxonomy"]
