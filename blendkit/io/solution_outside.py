"""What a notebook does beside its dictionary: found in its code by name, listed, and never converted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from blendkit.io.notebook_code import CodeCell

_NAMED = 4  # names of a kind that are listed
# What names of the public notebooks mean, and the steps of a recipe for it.
KINDS: dict[str, tuple[str, str]] = {
    "gates": (r"gate|fake_only|proto_cont|(sed|proto)_spike|veto", "gates: [fake_only, temporal, spike], rank_gate"),
    "clips": (r"(^|_)(clip|clamp)$|^(EPS|CLIP_\w+)$", "clip"),
    "mirrors": (r"mirror", "mirror"),
    "taxonomy": (r"tax(onomy|onomic)?_?smooth|(alpha|w)_(genus|family|order|class)$|genus_(mean|alpha|smooth)",
                 "taxonomy_mean, taxonomy_mean_unsure"),
    "steps along time": (r"smooth|gaussian_filter|delta_shift|dilat|tempor(al|ally)|neighbou?r|convolve",
                         "gaussian, three_tap, adaptive_delta, local_max"),
    "steps over a recording": (r"(file|clip)_?(level|conf|max|scale)|confidence_scal|rank_aware|top_?k_mean|richness",
                               "file_top_scale, file_max_mix, softmax_richness"),
    "priors": (r"prior", "site_hour_prior, month_prior, diel_prior"),
    "calibration": (r"temperature|taxon_temps|isotonic|platt|calibrat|sharpen|(per_?class|best)_?thresh",
                    "temperature, isotonic, platt, sharpen"),
    "rare classes": (r"rare_?(class|species)?_?(supp|damp|down|thresh)|suppress", "rare_suppression"),
    "sidecars and further members": (r"sidecar|birdnet|effv2|convnext", "sidecar, or a member of its own"),
    "shifted or turned audio": (r"(^|_)tta(_|$)|time_shift|flip", "tta: of a member"),
}  # fmt: skip
_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, (pattern, _) in KINDS.items()}
_WORD = re.compile(r"[A-Za-z_]\w*")


def outside_of(cells: Sequence[CodeCell], changes: Sequence[str], smoothing: str = "") -> tuple[str, ...]:
    """Return a line for each kind of step that the code has names for, with the first places, and what does the same.

    changes: lines that change the dictionary after it is made. smoothing: the step of taxonomy that the recipe has,
    with numbers that are not the notebook's.
    """
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for cell in cells:
        for name, line in sorted(_names(cell), key=lambda n: n[1]):
            kind = next((k for k, p in _PATTERNS.items() if p.search(name)), None)
            if kind is not None:
                found[kind].setdefault(name, cell.at(line))
    out = [f"the dictionary is changed after it is made: {'; '.join(changes[:_NAMED])}"] if changes else []
    for kind, names in found.items():
        if names:
            listed = [f"{n} ({at})" for n, at in list(names.items())[:_NAMED]]
            more = f" and {len(names) - _NAMED} more names" if len(names) > _NAMED else ""
            way = f"in a recipe: {KINDS[kind][1]}"
            if kind == "taxonomy" and smoothing:
                way = f"their numbers are not read, the recipe has the usual ones: {smoothing}"
            out.append(f"{kind}: {', '.join(listed)}{more}; {way}")
    other = [f"{c.magic} ({c.where})" for c in cells if c.magic]
    if other:
        more = f" and {len(other) - _NAMED} more" if len(other) > _NAMED else ""
        out.append(f"cells that are no Python, and were not looked at: {', '.join(other[:_NAMED])}{more}")
    return tuple(out)


def _names(cell: CodeCell) -> Iterator[tuple[str, int]]:
    """Yield the names that a cell defines, assigns or calls, and their lines; of one that does not parse, all words."""
    if cell.error:
        for number, line in enumerate(cell.text.splitlines(), 1):
            yield from ((w, number) for w in _WORD.findall(line.split("#")[0]))
        return
    for statement in cell.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name, node.lineno
            elif isinstance(node, ast.Call):
                yield _called(node.func), node.lineno
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id, node.lineno


def _called(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
