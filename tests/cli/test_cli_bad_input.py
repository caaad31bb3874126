"""Everything a user can get wrong: exit code 2, a message that says where, and nothing half-written."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

Process = subprocess.CompletedProcess[str]
Blendkit = Callable[..., Process]
Many = Callable[..., list[Process]]


@dataclass(frozen=True)
class Case:
    """One mistake: text to replace in the recipe or in the score table, and what must be said of it."""

    says: tuple[str, ...]
    recipe: tuple[str, str] = ("", "")
    table: tuple[str, str] = ("", "")
    args: tuple[str, ...] = ()
    at_run: bool = False  # only a run can know; everything else `check` says just as well, and sooner


SIGMA = "gaussian: {sigma: 1.0}"
OF = "of: {t: 0.5, a: 0.5}"
END = "output: both\n"
LOOP = "  p: {by: rank, of: {q: 1}}\n  q: {by: rank, of: {p: 1, both: 1}}\noutput: q\n"

CASES = {
    # the recipe
    "unknown op": Case(
        ("tones.yaml:11: blends.both.steps[0].gausian", "unknown step 'gausian' (did you mean 'gaussian'?)"),
        (SIGMA, "gausian: {sigma: 1.0}"),
    ),
    "a blend as a step": Case(("tones.yaml:11", "'rank' is a blend, not a step"), (SIGMA, "rank")),
    "misspelt parameter": Case(
        ("tones.yaml:11: blends.both.steps[0].gaussian.sigam", "did you mean 'sigma'?"), (SIGMA, "gaussian: {sigam: 1}")
    ),
    "misspelt key": Case(
        ("tones.yaml:12: ouput", "unknown key 'ouput' (did you mean 'output'?)"), ("output:", "ouput:")
    ),
    "misspelt blend key": Case(
        ("tones.yaml:9: blends.both.off", "unknown key 'off' (did you mean 'of'?)"), ("    of: {", "    off: {")
    ),
    "misspelt member parameter": Case(
        ("tones.yaml:5: members.a.pth", "did you mean 'path'?"), ("path: a.csv", "pth: a.csv")
    ),
    "unknown member": Case(
        ("tones.yaml:4: members.t.use", "unknown member 'toen' (did you mean 'tone'?)"), ("use: tone", "use: toen")
    ),
    "duplicate key": Case(("line 13: 'output' is already set on line 12",), (END, END + "output: t\n")),
    "anchor": Case(("tones.yaml", "line 9: anchors are not allowed"), (OF, "of: &w {t: 0.5, a: 0.5}")),
    "no YAML": Case(("tones.yaml: not valid YAML", "line 10"), (OF, "of: {t: 0.5, a: 0.5")),
    "wrong type": Case(
        ("tones.yaml:11: blends.both.steps[0].gaussian.sigma", "number", "'high'"), (SIGMA, "gaussian: {sigma: high}")
    ),
    "a number as text": Case(("tones.yaml:9: blends.both.of.t", "'0.5'"), (OF, 'of: {t: "0.5", a: 0.5}')),
    "out of range": Case(("blends.both.steps[0].gaussian.sigma", "greater than or equal to 1e-09", "-1"), ("sigma: 1.0", "sigma: -1")),
    "infinite": Case(("tones.yaml:9: blends.both.of.a",), (OF, "of: {t: .5, a: 1e999}")),
    "negative weight": Case(
        ("tones.yaml:9: blends.both.of.t: weights cannot be negative, got -0.5",), (OF, "of: {t: -0.5, a: 0.5}")
    ),
    "zero weights": Case(("tones.yaml:9: blends.both.of: all weights are 0",), (OF, "of: {t: 0, a: 0.0}")),
    "cyclic blends": Case(("tones.yaml", "loop", "p -> q"), (END, LOOP)),
    "unused member": Case(
        ("tones.yaml:5: members.a", "'a' is used by nothing"), (OF, "of: {t: 1.0}")
    ),
    "dangling stream": Case(
        ("tones.yaml:12: output", "no stream is called 'boht'", "'both'?"), (END, "output: boht\n")
    ),
    "one name twice": Case(("'t' is already a name under members",), (END, "  t: {by: rank, of: {a: 1}}\n" + END)),
    "ranks back to probabilities": Case(
        ("tones.yaml:11", "ranks cannot become a prob again"), (SIGMA, "to: prob")
    ),
    "a step in the wrong space": Case(
        ("site_hour_prior", "the stream is in rank space", "accepts logit"),
        (SIGMA, "site_hour_prior: {fit: {labels: a.csv, folds: 2}}"),
    ),
    "neither fit nor artefact": Case(
        ("give `fit:` (labels to fit on) or `artefact:`",),
        ("{use: tone, classes: [x, y]}", "{use: tone, steps: [site_hour_prior]}"),
    ),
    "taxonomy smoothing without a taxonomy": Case(
        ("taxonomy_mean", "taxonomy"), (SIGMA, "taxonomy_mean: {genus: 0.5}"), at_run=True),
    "smoothing of unknown classes": Case(
        ("gaussian: where.classes: unknown classes", "'z'"),
        (SIGMA, "{gaussian: {sigma: 1}, where: {classes: [z]}}"),
        at_run=True,
    ),
    "weights of unknown classes": Case(
        ("weights_by.classes: unknown classes", "'z'"),
        (OF, OF + "\n    weights_by: {classes: [{classes: [z], of: {t: 1}}]}"), at_run=True),
    "space not declared": Case(
        ("tones.yaml:5: members.a.space: missing",), ("path: a.csv, space: prob", "path: a.csv")
    ),
    "no such space": Case(("tones.yaml:5: members.a.space", "'probs'"), ("space: prob", "space: probs")),
    "shifts of a table": Case(
        ("member 'a': tta moves audio windows",), ("space: prob", "space: prob, tta: {shifts_s: [0, 1]}"), at_run=True),
    "shifts without zero": Case(
        ("tones.yaml:4: members.t.tta", "needs the shift 0"), ("use: tone,", "use: tone, tta: {shifts_s: [1]},")
    ),
    "bad pattern": Case(("names.pattern", "not a regular expression"), (END, END + "names: {pattern: '('}\n")),
    "bad zone": Case(
        ("names.tz", "unknown time zone", "America/Cuiaba"), (END, END + "names: {tz: America/Cuyaba}\n")
    ),
    "members own mistake": Case(
        ("member 't'", "low_hz"), ("classes: [x, y]", "low_hz: 9000.0, high_hz: 9000.0"), at_run=True
    ),
    # files
    "path up and out": Case(
        ("tones.yaml:5: members.a.path", "'../a.csv' leaves the data folder", "--allow-outside"), ("a.csv", "../a.csv")
    ),
    "absolute path": Case(("'/etc/hostname' leaves the data folder",), ("a.csv", "/etc/hostname")),
    "template outside": Case(("leaves the data folder",), (END, END + "template: ../../x.csv\n")),
    "missing score file": Case(
        ("tones.yaml:5: members.a.path", "'b.csv' is not in", "(did you mean 'a.csv'?)"), ("a.csv", "b.csv")
    ),
    "missing model": Case(
        ("tones.yaml:4: members.t.model", "'models/m.onnx' is not in", "tones.yaml:4: members.t.classes"),
        ("{use: tone, classes: [x, y]}", "{use: onnx, model: models/m.onnx, classes: models/c.txt, rate: 8000}"),
    ),
    "a model that is none": Case(
        ("member 't'", "a.csv is not an ONNX model"),
        ("{use: tone, classes: [x, y]}", "{use: onnx, model: a.csv, classes: a.csv, rate: 8000}"), at_run=True),
    # the score table
    "missing rows": Case(("member 'a'", "1 of 4 rows missing: r10_10"), table=("r10_10,0.4,0.6\n", "")),
    "duplicate rows": Case(("a.csv", "duplicate row: r2_5"), table=("r2_10", "r2_5")),
    "NaN": Case(("a.csv", "(r10, 0 s, class y): nan"), table=("r10_5,0.3,0.7", "r10_5,0.3,")),
    "text for numbers": Case(("a.csv", "'x'", "much"), table=("0.3", "much")),
    "space contradicted": Case(
        ("a.csv: declared `space: prob`, but values lie in [0.1, 3.5]", "row 2, column 2"), table=("0.8", "3.5")
    ),
    "bad row id": Case(("row ids must have the form", "'r2-10'"), table=("r2_10", "r2-10")),
    # the command
    "override nowhere": Case(
        ("--set blends.boht.by=prob", "no such key (did you mean 'both'?)"), args=("--set", "blends.boht.by=prob")
    ),
    "override without value": Case(("expected path=value",), args=("--set", "blends.both.by")),
    "override of a bad type": Case(("blends.both.of.t", "'lots'"), args=("--set", "blends.both.of.t=lots")),
    "no data folder": Case(("no such data folder",), args=("--data", "nowhere")),
    "dry run of nothing": Case(("--dry-run",), args=("--dry-run", "0")),
    "unknown option": Case(("--stire",), args=("--stire", "x")),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a case's process said, and the files its output folder holds."""

    done: Process
    files: tuple[str, ...]


def prepared(case: Case, folder: Path, source: Path) -> tuple[tuple[str, ...], Path]:
    """Lay out a case in a folder of its own; return its command and the folder."""
    data = folder / "data"
    shutil.copytree(source, data)
    for name, (old, new) in (("tones.yaml", case.recipe), ("a.csv", case.table)):
        text = (data / name).read_text(encoding="utf-8")
        assert old in text
        (data / name).write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    running = case.at_run or case.table[0] or case.args
    command = ("run", "data/tones.yaml", "--out", "out") if running else ("check", "data/tones.yaml")
    return (*command, *case.args), folder


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, tone_folder: Path, many: Many) -> dict[str, Outcome]:
    """Every case in a process and a folder of its own."""
    base = tmp_path_factory.mktemp("bad")
    jobs = [prepared(case, base / name.replace(" ", "_"), tone_folder) for name, case in CASES.items()]
    out = {}
    for name, done, (_, folder) in zip(CASES, many(jobs), jobs, strict=True):
        files = [p.relative_to(folder).as_posix() for p in (folder / "out").rglob("*") if p.is_file()]
        out[name] = Outcome(done, tuple(files))
    return out


def test_the_recipe_is_sound_without_a_mistake(tmp_path: Path, tone_folder: Path, many: Many) -> None:
    runs = [prepared(Case((), at_run=run), tmp_path / str(run), tone_folder) for run in (False, True)]
    for done in many(runs):
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "True/out/submission.csv").exists()


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_explained_and_nothing_half_written(outcomes: dict[str, Outcome], name: str) -> None:
    done = outcomes[name].done
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 2, done.stdout + done.stderr
    for part in CASES[name].says:
        assert part in done.stderr
    assert "wrote" not in done.stdout
    for file in outcomes[name].files:  # saved logits are whole, and may stay
        own = Path(file).name in (".blendkit", "store.json", "checked.json")
        assert own or file.endswith((".parquet", ".jsonl")), file


def test_every_problem_is_reported_at_once(tmp_path: Path, tone_folder: Path, blendkit: Blendkit) -> None:
    text = (tone_folder / "tones.yaml").read_text(encoding="utf-8")
    path = tmp_path / "many.yaml"
    path.write_text(
        text.replace("sigma", "sigam").replace("use: tone", "use: toen").replace("t: 0.5", "t: -1"), encoding="utf-8"
    )
    stderr = blendkit("check", path).stderr
    for part in ("many.yaml:11", "'sigam'", "many.yaml:4", "'toen'", "many.yaml:9", "got -1"):
        assert part in stderr


def test_an_empty_recipe(tmp_path: Path, blendkit: Blendkit) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n", encoding="utf-8")
    done = blendkit("check", path)
    assert done.returncode == 2
    assert "empty.yaml: a recipe is a mapping that starts with `recipe: 1`" in done.stderr


def test_commands_and_recipes_that_do_not_exist(tmp_path: Path, blendkit: Blendkit) -> None:
    for args, *parts in (
        (("rnu",), "no command 'rnu' (did you mean 'run'?)"),
        (("run", "nothing.yaml"), "no recipe file 'nothing.yaml'", "packaged: eos7, eos7_birdnet_sidecar, "),
        (("check", "eso7"), "did you mean 'eos7'?"),
        (("members", "show", "perhc"), "unknown member 'perhc' (did you mean 'perch'?)"),
        (("ops", "show", "gausian"), "unknown op 'gausian' (did you mean 'gaussian'?)"),
        (("recipes", "show", "eso7"), "no packaged recipe 'eso7' (did you mean 'eos7'?)"),
        (("run",), "Missing argument 'RECIPE'"),
    ):
        done = blendkit(*args, cwd=tmp_path)
        assert done.returncode == 2, args
        for part in parts:
            assert part in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_of_somebody_else(tmp_path: Path, tone_folder: Path, blendkit: Blendkit) -> None:
    (tmp_path / "thesis.txt").write_text("years", encoding="utf-8")
    done = blendkit("run", tone_folder / "tones.yaml", "--out", tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path}: holds files that blendkit did not make; choose another --out" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_output_that_cannot_be_written_is_an_io_failure(tone_folder: Path, blendkit: Blendkit) -> None:
    done = blendkit("run", tone_folder / "tones.yaml", "--out", "/proc/out")
    assert done.returncode == 3
    assert "/proc/out" in done.stderr


BROKEN = "import a_package_that_is_not_there\n"
SOUND = "def made(context):\n    'A member that is never built.'\n"


def test_broken_and_rival_plugins(
    tmp_path: Path, tone_folder: Path, blendkit: Blendkit, install: Callable[..., Path]
) -> None:
    install(tmp_path, "night-owl", "owl", BROKEN)
    install(tmp_path, "day-owl", "wren", SOUND)
    install(tmp_path, "old-wren", "wren", SOUND)
    env = {"PYTHONPATH": str(tmp_path)}
    recipe = tmp_path / "p.yaml"
    text = (tone_folder / "tones.yaml").read_text(encoding="utf-8")

    def checked(use: str) -> str:
        recipe.write_text(text.replace("{use: tone, classes: [x, y]}", f"{{use: {use}}}"), encoding="utf-8")
        done = blendkit("check", recipe, "--data", tone_folder, env=env)
        assert done.returncode == 2
        assert "p.yaml:4: members.t.use" in done.stderr
        return done.stderr

    broken = checked("owl")
    assert "member 'owl' cannot be loaded from night-owl 1.2 (plugin_night_owl:made)" in broken
    assert "ModuleNotFoundError" in broken
    rival = checked("wren")
    assert "member 'wren' is claimed by 2 packages" in rival
    assert "day-owl 1.2" in rival
    assert "old-wren 1.2" in rival
    # neither disturbs whoever does not use them, and the list shows them for what they are
    listed = blendkit("members", "list", env=env)
    assert listed.returncode == 0
    assert "BROKEN: ModuleNotFoundError" in listed.stdout
    assert "tone" in listed.stdout
    hidden = blendkit("members", "list", env={**env, "BLENDKIT_PLUGINS": "day-owl"})
    assert "BROKEN" not in hidden.stdout
    assert "wren" in hidden.stdout
    assert "blocked by BLENDKIT_PLUGINS: owl of night-owl 1.2" in hidden.stdout


WRONG = """
from dataclasses import dataclass
import numpy as np
from blendkit.member import MemberInfo

@dataclass
class Owl:
    info: MemberInfo
    mode: str

    def predict(self, windows):
        if self.mode == "raise":
            raise RuntimeError("out of feathers")
        out = np.zeros((len(windows), 2), np.float32)
        return out[:, :1] if self.mode == "shape" else out * np.nan

def made(context, *, mode: str):
    return "nothing" if mode == "type" else Owl(MemberInfo(("x", "y"), (True, True), 8000, 5.0), mode)
"""


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("shape", "expected (4, 2)"),
        ("nan", "gave NaN or infinite values"),
        ("type", "gave a str"),
        ("raise", "feathers"),
    ],
)
def test_a_plugin_that_misbehaves_is_named(
    tmp_path: Path, tone_folder: Path, blendkit: Blendkit, install: Callable[..., Path], mode: str, says: str
) -> None:
    install(tmp_path / "site", "night-owl", "owl", WRONG)
    text = (tone_folder / "tones.yaml").read_text(encoding="utf-8")
    recipe = tmp_path / "p.yaml"
    recipe.write_text(text.replace("{use: tone, classes: [x, y]}", f"{{use: owl, mode: {mode}}}"), encoding="utf-8")
    env = {"PYTHONPATH": str(tmp_path / "site")}
    done = blendkit("run", recipe, "--data", tone_folder, "--out", tmp_path / "out", env=env)
    assert done.returncode == 2, done.stderr
    assert "member 't'" in done.stderr
    assert says in done.stderr
    assert not (tmp_path / "out/submission.csv").exists()
