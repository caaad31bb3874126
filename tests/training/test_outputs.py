from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from blendkit.core import Saw
from blendkit.training.cross_fit import logits_of
from blendkit.training.examples import Examples
from blendkit.training.figures_in_words import figure_lines, span, two_figures
from blendkit.training.jobs.against_fits import seen_by
from blendkit.training.model_cards import write_head_card
from blendkit.training.out_of_fold import judge
from blendkit.training.outputs import Source, summary, write_heads, write_oof
from blendkit.training.token_shares import shares_of

Make = Callable[..., Examples]
SOURCE = Source(
    ("clips", "scapes"), "0123456789abcdef", {"params": {"model": "m"}}, "labels.csv", "XC\\d+", Saw.of(["teacher1"])
)


def test_every_head_says_what_it_saw(make_examples: Make, head_fit: Any, fitted: Any, tmp_path: Path) -> None:
    e = make_examples()
    pseudo = {0: frozenset({"p0"}), 1: frozenset({"p1", "p2"}), 2: frozenset[str](), None: frozenset({"p3"})}
    drift = write_heads(tmp_path, replace(fitted, pseudo_recordings=pseudo), e, head_fit, SOURCE)
    assert set(drift) == {"head.onnx", *(f"folds/head_{f}.onnx" for f in range(3))}
    assert max(drift.values()) < 1e-4
    for f in range(3):
        path = tmp_path / f"folds/head_{f}.onnx"
        facts = {p.key: p.value for p in onnx.load(str(path)).metadata_props}
        own = set(e.recording[fitted.fold != f].tolist())
        assert set(json.loads(facts["saw"])) == own | pseudo[f] | {"teacher1"}
        assert json.loads(facts["classes"]) == ["x", "y", "z"]
        assert json.loads(facts["fitted_on"]) == {"params": {"model": "m"}}
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        found = session.run(None, {n: e.features[n] for n in ("a", "b")})[0]
        np.testing.assert_allclose(found, logits_of(fitted.heads[f], e), atol=1e-4)
    facts = {p.key: p.value for p in onnx.load(str(tmp_path / "head.onnx")).metadata_props}
    assert set(json.loads(facts["saw"])) == {*e.recording.tolist(), "p3", "teacher1"}


def test_the_out_of_fold_table_is_a_member(make_examples: Make, fitted: Any, tmp_path: Path) -> None:
    e = make_examples()
    write_oof(tmp_path, fitted, e, Saw(), fitted.oof)
    with np.load(tmp_path / "oof.npz", allow_pickle=False) as held:
        np.testing.assert_array_equal(held["logits"], fitted.oof)
        np.testing.assert_array_equal(held["fold"], fitted.fold)
        np.testing.assert_array_equal(held["labels"], e.targets.astype(np.uint8))
        assert held["row_ids"].tolist() == e.row_ids.tolist()
        assert held["kind"].tolist() == e.kind.tolist()


def test_a_fit_that_saw_its_rows_is_nothing_to_compare_with(make_examples: Make, fitted: Any, tmp_path: Path) -> None:
    e = make_examples()
    folders = {"honest": Saw(), "seen": Saw.of(e.recording.tolist()), "unsure": Saw(known=False)}
    for name, saw in folders.items():
        (tmp_path / name).mkdir()
        write_oof(tmp_path / name, fitted, e, saw, fitted.oof)
    assert seen_by([tmp_path / "honest"]) == []
    first, second = seen_by([tmp_path / n for n in folders])
    assert first == "seen learned from rows of its own out-of-fold table: they cannot be compared"
    assert second.startswith("what unsure learned from is not known")


def test_the_card_holds_the_figures(make_examples: Make, head_fit: Any, fitted: Any, tmp_path: Path) -> None:
    e = make_examples()
    figures = judge(e, fitted.oof, fold=fitted.fold)
    more: dict[str, Any] = {"notes": ["two classes are thin"], "not_judged": {}, "next": ["blendkit eval x"]}
    made = {**summary(fitted, e, head_fit, SOURCE, figures, {"head.onnx": 2e-7}), **more}
    assert made["rows"] == {"clip": 36, "chunk": 18}
    assert made["weights"]["b"][0] == pytest.approx(fitted.weights.mean(axis=0)[1])
    write_head_card(tmp_path, made)
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    for words in (
        f"- chunks: macro-AUC {span(figures['chunk']['by_fold']['macro_auc'])} as the mean of 3 folds, "
        f"{span(figures['chunk']['macro_auc'])} of all rows together; over 3 classes, 18 rows",
        "- The mean of folds compares rows of one head", "- two classes are thin", "    blendkit eval x",
        f"- b: {made['shipped_weights']['b']:.3f} in head.onnx on all rows; in the folds' heads on held-out rows "
        f"{made['weights']['b'][0]:.3f} (",
        f"top-1 {span(figures['clip']['top_one'])}",
        "features: clips, scapes (hash 0123456789ab)", "groups: XC\\d+", "learned from 1 recordings", "2.0e-07",
    ):  # fmt: skip
        assert words in card
    assert json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))["tokens"] == ["a", "b"]
    assert "not known" not in card
    assert "pseudo-labelled" not in card
    assert made["pseudo_recordings"] == []
    pseudo = {0: frozenset({"p0"}), 1: frozenset({"p2", "p1"}), 2: frozenset[str](), None: frozenset({"p1"})}
    taught = summary(replace(fitted, pseudo_recordings=pseudo), e, head_fit, SOURCE, figures, {"head.onnx": 2e-7})
    write_head_card(tmp_path, {**taught, **more})
    assert "- 3 pseudo-labelled recordings" in (tmp_path / "card.md").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert told["pseudo_recordings"] == ["p0", "p1", "p2"]
    unknown = summary(fitted, e, head_fit, replace(SOURCE, saw=Saw(known=False)), figures, {"head.onnx": 2e-7})
    write_head_card(tmp_path, {**unknown, **more})
    assert "teacher learned from is not known" in (tmp_path / "card.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))["source"]["saw_known"] is False
    write_head_card(tmp_path, {**made, "oof": {}, "not_judged": {"chunk": "a teacher learned from all"}})
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "- chunks: no figure: a teacher learned from all" in card
    assert "The mean of folds" not in card


def test_figures_in_words() -> None:
    gain = {"macro_auc": [0.25, 0.125, 0.5], "by": "pooled", "top_one": [-0.5, -0.75, 0.0]}
    clip = {
        "rows": 9,
        "classes": 2,
        "macro_auc": [0.5, 0.25, 0.75],
        "by_fold": None,
        "top_one": [1.0, 1.0, 1.0],
        "gains": {"h": gain},
    }
    report = {"oof": {"clip": clip}, "not_judged": {"chunk": "why"}}
    assert figure_lines(report) == [
        "clips: macro-AUC 0.5000 [0.2500, 0.7500] of all rows together (folds are too small to be measured by "
        "themselves); top-1 1.0000 [1.0000, 1.0000]; over 2 classes, 9 rows",
        "clips, less h: macro-AUC +0.2500 [+0.1250, +0.5000] (pooled); top-1 -0.5000 [-0.7500, +0.0000]",
        "chunks: no figure: why",
    ]
    assert two_figures(report) == []
    report["oof"]["clip"]["by_fold"] = {"macro_auc": [0.75, 0.5, 1.0], "folds": [0.5, 1.0]}
    assert (
        "0.7500 [0.5000, 1.0000] as the mean of 2 folds, 0.5000 [0.2500, 0.7500] of all rows" in figure_lines(report)[0]
    )
    assert len(two_figures(report)) == 1


def test_the_heads_own_shares_are_those_of_all_rows(make_examples: Make, fitted: Any) -> None:
    found = shares_of(fitted.head, make_examples())
    own = fitted.head.each[0].mix.softmax(0).detach().numpy()  # a scalar mix has the same shares for all rows
    np.testing.assert_allclose(found, own, rtol=1e-6)


def test_spans() -> None:
    assert span([0.5, 0.25, 0.75]) == "0.5000 [0.2500, 0.7500]"
    assert span([0.5, -0.25, 0.75], "+") == "+0.5000 [-0.2500, +0.7500]"
