"""Search for weights, and say what the search itself is worth."""

from blendkit.search.greedy import Greedy, greedy
from blendkit.search.guard import Guarded, guard, half_split
from blendkit.search.line import Ascent, ascend, ascend_groups

__all__ = ["Ascent", "Greedy", "Guarded", "ascend", "ascend_groups", "greedy", "guard", "half_split"]
