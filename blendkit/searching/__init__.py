"""Search for weights on arrays, and a held-out estimate of what the search gains.

Truth and the scores of several members go in; weights come out, judged on recordings that the search did not see.
The ledger records measured recipes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blendkit._face import lazy_face

if TYPE_CHECKING:
    from blendkit.searching.coordinate_ascent import Ascent, ascend, ascend_groups
    from blendkit.searching.greedy_selection import Greedy, greedy
    from blendkit.searching.held_out_gain import REAL, Guarded, Judgement, divisions, guard, held_out, word_for
    from blendkit.searching.ledger import (
        IN_SAMPLE,
        Experiment,
        Transfer,
        append_entry,
        check_entry,
        ledger_transfers,
        read_ledger,
        transfer_agreement,
    )
    from blendkit.searching.shrunken_weights import Shrunken, ascend_shrunken
    from blendkit.searching.stacking import Stack, StackLoss, fit_stack
else:
    __getattr__, __dir__ = lazy_face(__name__)

__all__ = [
    "IN_SAMPLE",
    "REAL",
    "Ascent",
    "Experiment",
    "Greedy",
    "Guarded",
    "Judgement",
    "Shrunken",
    "Stack",
    "StackLoss",
    "Transfer",
    "append_entry",
    "ascend",
    "ascend_groups",
    "ascend_shrunken",
    "check_entry",
    "divisions",
    "fit_stack",
    "greedy",
    "guard",
    "held_out",
    "ledger_transfers",
    "read_ledger",
    "transfer_agreement",
    "word_for",
]
