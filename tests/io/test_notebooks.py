"""What public notebooks really hold: cells for the shell, empty xSED, tasks of any kind, code around the dictionary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blendkit.errors import BlendkitError
from blendkit.io import ConvertedSolutions, read_solutions
from blendkit.recipe import StreamPlan, make_plan, parse_recipe

# The forms of the dictionary in public notebooks of BirdCLEF+ 2026, names and numbers as there.
EOS = """
solutions = {
 'type_add' :'direct',
 'Models'   : [
  {'Model':'Model_3','subm':'subm_3.csv','weight':0.0,'xSED':['    ,    '],'LB':'0.928'},
  {'Model':'Model_4','subm':'subm_4.csv','weight':1.0,'xSED':[0.595,0.405],'LB':'0.947'}
 ]
}
"""
SMOOTHED = """
solutions = {
  'type_add' : 'TAX_SMOOTHING',
  'task1'    : 'run SED once',
  'task2'    : {'save PSSM for Model_74 as': 'subm_74p.csv'},
  'Models'   : [
    {'Model': 'Model_22', 'subm': 'subm_22.csv',  'weight': 0.022,  'xSED': [],          'LB': '0.928'},
    {'Model': 'Model_74', 'subm': 'subm_74p.csv', 'weight': 0.0085, 'xSED': [         ], 'LB': '0.949'},
    {'Model': 'Model_51', 'subm': 'subm_51.csv',  'weight': 0.9695, 'xSED': [0.60,0.40], 'LB': '0.949'},
  ]
}
"""
SINGLE = """# --- Cell 1 ---
solutions = {
 'type_add' :'single',
 'Models'   : [
 {'Model':'Model_7','subm':'submission.csv','weight':1, 'xSED':[],'LB':'0.948'}
 ]
}

# --- Cell 5 ---
if 'Model_2' in _ensemble_models or \\
   'task' in solutions and 'run Model_2_SED once' in solutions['task']:

    !pip install -q /kaggle/input/wheels/onnxruntime.whl \\
        --no-index
    import os
    p = np.clip(p, 1e-5, 1 - 1e-5)
"""
HALVES = """
solut = {
 'type_add': 'direct_safe',
 'task1': {'div': 'dataframe_on_2_half', 'boundary': 118},
 'task3': 'dance',
 'author': 'someone',
 'Models': [
  {'Model': 'a', 'subm': 'a.csv', 'wts_first_half': 0.4, 'wts_second_half': 0.3, 'xSED': [], 'LB': ''},
  {'Model': 'b', 'subm': 'b.csv', 'wts_first_half': 0.6, 'wts_second_half': 0.7, 'xSED': None, 'LB': None},
 ]
}
"""


def notebook(folder: Path, *cells: str, name: str = "nb.ipynb") -> Path:
    """Write code cells under a heading as a notebook."""
    text = [{"cell_type": "markdown", "source": ["# A title"]}]
    code = [{"cell_type": "code", "source": c.splitlines(keepends=True), "outputs": []} for c in cells]
    (folder / name).write_text(json.dumps({"cells": [*text, *code], "nbformat": 4}), encoding="utf-8")
    return folder / name


def streams(made: ConvertedSolutions) -> dict[str, StreamPlan]:
    return {s.name: s for s in make_plan(parse_recipe(made.text, "r.yaml")).streams}


def test_an_empty_xsed_and_a_weight_of_zero(tmp_path: Path) -> None:
    found = streams(read_solutions(notebook(tmp_path, "import os\nos.system('false')", EOS)))
    assert found["blend"].weights == {"Model_3": 0.0, "Model_4": 1.0}
    assert found["Model_4"].weights == {"Model_4_proto": 0.595, "sed": 0.405}
    assert "Model_3_proto" not in found


def test_tasks_as_dictionaries(tmp_path: Path) -> None:
    made = read_solutions(notebook(tmp_path, SMOOTHED))
    found = streams(made)
    assert found["blend"].weights == {"Model_22": 0.022, "Model_74": 0.0085, "Model_51": 0.9695}
    assert [s.name for s in found["blend"].steps] == ["taxonomy_mean"]
    assert "also: [Model_51_proto]" not in made.text  # the task names another model, which has no branches here
    assert any(
        "save PSSM for Model_74 as subm_74p.csv" in n
        and "Model_74 has no xSED here; save that file from the notebook" in n
        for n in made.notes
    )


def test_lines_for_the_shell_and_a_single_model(tmp_path: Path) -> None:
    (tmp_path / "eos.py").write_text(SINGLE, encoding="utf-8")
    made = read_solutions(tmp_path / "eos.py")
    assert streams(made)["blend"].weights == {"Model_7": 1}
    assert made.outside == ("clips: clip (eos.py:16); in a recipe: clip",)
    two = SINGLE.replace("'LB':'0.948'}", "'LB':''}, {'Model': 8, 'subm': 'b.csv', 'weight': 1}")
    (tmp_path / "eos.py").write_text(two, encoding="utf-8")
    with pytest.raises(BlendkitError, match="`single` takes one model, got 2"):
        read_solutions(tmp_path / "eos.py")


def test_weights_for_two_halves_and_keys_that_are_not_known(tmp_path: Path) -> None:
    made = read_solutions(notebook(tmp_path, HALVES))
    split = streams(made)["blend"].weights_by
    assert split is not None
    assert split.split is not None
    assert (split.split.at, split.split.before, split.split.after) == (117, {"a": 0.4, "b": 0.6}, {"a": 0.3, "b": 0.7})
    assert made.notes == (
        "nb.ipynb, cell 2, line 6: key 'author' is not known, and is left out",
        "nb.ipynb, cell 2, line 5: task3: the task 'dance' is not known, and is left out",
    )
    assert all(n in " ".join(line.strip("# ") for line in made.text.splitlines()) for n in made.notes)


def test_every_task_of_a_list_is_heard_and_named_in_plain_words(tmp_path: Path) -> None:
    more = HALVES.replace("'task3': 'dance'", "'task3': ['run a SED once', 'dance'], 'task4': {'foo': [1, 2]}")
    made = read_solutions(notebook(tmp_path, more))
    assert [n.partition("line 5: ")[2] for n in made.notes[1:]] == [
        "task3: the task 'dance' is not known, and is left out",
        "task4: the task 'foo [1, 2]' is not known, and is left out",
    ]


def test_a_key_that_is_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(BlendkitError, match=r"not a literal, and nothing is executed: 3$"):
        read_solutions(notebook(tmp_path, HALVES.replace("'author': 'someone'", "3: 'someone'")))


def test_the_weights_of_division_attention_stand_in_its_function(tmp_path: Path) -> None:
    cell = EOS.replace("'direct'", "'division_attention'")
    function = "def division_attention():\n    sub_w1 = [0.1, 0.9]\n    sub_w2 = [0.2, 0.8]\n"
    made = read_solutions(notebook(tmp_path, cell, function))
    split = streams(made)["blend"].weights_by
    assert split is not None
    assert split.split is not None
    assert (split.split.before, split.split.after) == (
        {"Model_3": 0.1, "Model_4": 0.9},
        {"Model_3": 0.2, "Model_4": 0.8},
    )
    assert "sub_w1 and sub_w2 of its code" in made.notes[0]
    alone = read_solutions(notebook(tmp_path, cell))
    assert "both sides of class 117 get it" in alone.notes[0]
    defaults = read_solutions(notebook(tmp_path, cell, "def f(files, sub_w1=[0.1, 0.9], sub_w2=(0.2, 0.8)): pass"))
    assert defaults.text == made.text


def test_names_and_sums_are_worked_out_and_nothing_is_run(tmp_path: Path) -> None:
    before = "W = 0.6\nN = 7\nW2: float = W / 2\nLATER = len('x')\n"
    own = "{'Model': N, 'subm': f'subm_{N}.csv', 'weight': W2, 'xSED': [W, 1 - W]}"
    cell = f"solutions = {{'type_add': 'direct', 'Models': [{own}]}}"
    found = streams(read_solutions(notebook(tmp_path, before, cell)))
    assert found["blend"].weights == {"model_7": 0.3}
    assert found["model_7"].weights == {"model_7_proto": 0.6, "sed": 0.4}
    for code, why in (
        ("LATER", "not a literal, and nothing is executed: LATER"),
        ("W ** 2", "nothing is executed: W ** 2"),
        ("W / 0", "nothing is executed: W / 0"),
        ("float('1')", "nothing is executed: float('1')"),
    ):
        with pytest.raises(BlendkitError) as error:
            read_solutions(notebook(tmp_path, before, cell.replace("'weight': W2", f"'weight': {code}")))
        assert f"nb.ipynb, cell 3, line 1: {why}" in str(error.value) or why in str(error.value)
    changed = before + "for W2 in range(3): pass\n"  # nobody knows it any more
    with pytest.raises(BlendkitError, match="nothing is executed: W2"):
        read_solutions(notebook(tmp_path, changed, cell))


CHAIN = """
def f_TAX_SMOOTHING_POSTPROC(df): return df
def mirror_pairs(p): return p
proto_cont = (xctx > 0.88) & (rank_proto > 0.77)
submission = taxon_smooth(submission, alpha_texture=0.25)
pred = np.clip(pred, 1e-5, 1 - 1e-5)
p = rank_aware_scaling(file_confidence_scale(p), power=0.6)
"""


def test_the_checklist_names_what_is_not_converted(tmp_path: Path) -> None:
    last = "solutions['Models'][0]['weight'] = 0.5\nsolutions.update(x=1)\nw = solutions['Models'][1]['weight']"
    made = read_solutions(notebook(tmp_path, EOS, CHAIN, last))
    assert made.outside == (
        "the dictionary is changed after it is made: nb.ipynb, cell 4, line 1; nb.ipynb, cell 4, line 2",
        "gates: proto_cont (nb.ipynb, cell 3, line 4); in a recipe: gates: [fake_only, temporal, spike], rank_gate",
        "clips: clip (nb.ipynb, cell 3, line 6); in a recipe: clip",
        "mirrors: mirror_pairs (nb.ipynb, cell 3, line 3); in a recipe: mirror",
        "taxonomy: f_TAX_SMOOTHING_POSTPROC (nb.ipynb, cell 3, line 2); in a recipe: taxonomy_mean, taxonomy_mean_unsure",
        "steps along time: taxon_smooth (nb.ipynb, cell 3, line 5); in a recipe: gaussian, three_tap, adaptive_delta, "
        "local_max",
        "steps over a recording: rank_aware_scaling (nb.ipynb, cell 3, line 7), file_confidence_scale (nb.ipynb, cell 3, "
        "line 7); in a recipe: file_top_scale, file_max_mix, softmax_richness",
    )
    assert "which is NOT in this recipe:" in made.text


def test_steps_that_the_checklist_names_are_there() -> None:
    from blendkit.io.solution_outside import KINDS
    from blendkit.registry import OPS, registry

    words = {w for _, steps in KINDS.values() for w in steps.replace("[", "").replace("]", "").split() if "_" in w}
    assert {w.strip(",") for w in words} <= set(registry(OPS).names())


def test_of_several_dictionaries_the_last_counts(tmp_path: Path) -> None:
    made = read_solutions(notebook(tmp_path, EOS, "%%writefile x.txt\nsolutions = {}", SMOOTHED))
    assert "2 dictionaries are assigned; the last is taken, at nb.ipynb, cell 4, line 2" in made.notes
    other = notebook(tmp_path, EOS.replace("solutions =", "CONFIG ="))
    assert streams(read_solutions(other))["blend"].weights == {"Model_3": 0.0, "Model_4": 1.0}


def test_cells_of_python_are_read_whatever_magic_they_begin_with(tmp_path: Path) -> None:
    made = read_solutions(notebook(tmp_path, EOS, f"%%time\n{SMOOTHED}", "%%bash\necho clip", " %%html\n<b>"))
    assert "2 dictionaries are assigned; the last is taken, at nb.ipynb, cell 3, line 3" in made.notes
    (other,) = [line for line in made.outside if "no Python" in line]
    assert other.endswith("not looked at: %%bash (nb.ipynb, cell 4), %%html (nb.ipynb, cell 5)")
    assert "clips" not in " ".join(made.outside)


def test_the_numbers_of_smoothing_are_the_recipes_own(tmp_path: Path) -> None:
    made = read_solutions(notebook(tmp_path, "GENUS_ALPHA = 0.12", SMOOTHED))
    (line,) = [line for line in made.outside if line.startswith("taxonomy: ")]
    assert "GENUS_ALPHA" in line
    assert "the recipe has the usual ones: taxonomy_mean: {genus: 0.15, class_name: 0.05" in line


def test_a_cell_with_a_mistake_is_read_around_it(tmp_path: Path) -> None:
    made = read_solutions(notebook(tmp_path, "x = 1\n" + EOS + "if x:\nprint('no indent')\np = mirror(p)\n"))
    assert streams(made)["blend"].weights == {"Model_3": 0.0, "Model_4": 1.0}
    assert made.outside == ("mirrors: mirror (nb.ipynb, cell 2, line 12); in a recipe: mirror",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "it has no 'cells'"),
        ("{", "not a notebook"),
        ('{"cells": [{"cell_type": "code"}]}', "it has no 'source'"),
        ('{"cells": 3}', "not a notebook"),
        ('{"cells": [], "nbformat": 4}', "found 0"),
    ],
)
def test_notebooks_that_are_damaged(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(BlendkitError) as error:
        read_solutions(tmp_path / "nb.ipynb")
    assert why in str(error.value)
