"""The grammar of chains that fits some data: what their sites, hours, taxa and spaces allow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from blendkit.offline.chain_moves import PRIOR_STRENGTHS, SITE_SHIFTS, Grammar
from blendkit.offline.workspace import Workspace
from blendkit.ops import info_of
from blendkit.recipe import Recipe, make_plan
from blendkit.registry import OPS, registry

_PRIOR_FOLDS = 5


def grammar_for(workspace: Workspace, recipe: Recipe) -> Grammar:
    """Return the grammar for a recipe's data: site shifts and priors where sites (and hours) are known, the taxa."""
    taxa = [workspace.around.taxonomy.group_of(c, "class_name") for c in workspace.classes]
    scored = np.flatnonzero((workspace.truth & workspace.labelled[:, None]).any(axis=0)).tolist()
    counts = Counter(taxa[c] for c in scored)
    several = sorted(t for t, n in counts.items() if t and n > 1)
    plain = Grammar(taxa=tuple(several) if len(several) > 1 else ())
    rows = workspace.rows
    members = dict(plain.members)
    if len(set(rows.site.tolist()) - {""}) > 1:
        members["prior_shift_by_site"] = SITE_SHIFTS
    if workspace.labels and any(rows.site) and (rows.hour >= 0).any():
        fit = {"labels": recipe.model.labels[0], "folds": _PRIOR_FOLDS}
        members["site_hour_prior"] = tuple({"strength": s, "fit": fit} for s in PRIOR_STRENGTHS)
    logits_only = frozenset(n for n in members if _takes_logits_only(n))
    no_logits = frozenset(s.name for s in make_plan(recipe).streams if s.start_space != "logit")
    return replace(plain, members=members, logits_only=logits_only, to_logit=no_logits)


def _takes_logits_only(name: str) -> bool:
    info = info_of(registry(OPS).get(name))
    return info is not None and tuple(info.spaces) == ("logit",)
