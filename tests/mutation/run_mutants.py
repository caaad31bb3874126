"""Do the tests notice faults? Put random small faults into blendkit, one at a time, and count those that a test finds.

    python tests/mutation/run_mutants.py --count 200 --seed 0
    python tests/mutation/run_mutants.py --package metrics --count 50
    python tests/mutation/run_mutants.py --only blendkit/metrics/auc.py:75:0

A mutant is a source file with one change: `<` for `<=`, `+` for `-`, `and` for `or`, 1 for 0, `min` for `max`, a bound
or a `not` or a call left out, an `if` that is never met, a `return` of None. It is put into a copy of the project, never
into the checkout. First the tests of its package run and those elsewhere that import the changed module (these before
others), then, if they pass, a second stage (`--then`). A mutant is killed when a test fails or hangs, and survives when all pass.

A survivor is one of two things: a gap in the tests (write a test whose figures are worked out by hand), or a change that
nobody can observe (the size of a block, the words of a message). Equal seeds draw equal mutants from equal sources, and
`--only file:line:index` runs one again; `--list` shows all there are in a package. It takes hours for thousands, so it
is run now and then, not with every change. Compiled code of what a mutant changes is made anew, and thrown away.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutants import Mutant, mutants_of
from trees import ROOT, Tree, import_libraries

PACKAGES = ("ops", "metrics", "blending", "recipe", "scoring")
THEN = ("tests/blending", "tests/recipe", "tests/engine", "tests/offline", "tests/searching", "tests/testing")
LEFT_OUT = ("real", "mutation")  # tests that need real data, and those of this script
tree: Tree  # a worker's own copy


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: "killed", "hung" (killed by the clock) or "survived", and in which stage."""

    mutant: Mutant
    ended: str
    stage: int
    seconds: float
    told: str = ""

    def __str__(self) -> str:
        return f"{self.ended:8} {self.mutant}  [stage {self.stage}, {self.seconds:.0f} s] {self.told}"


def all_mutants(packages: Sequence[str], root: Path = ROOT) -> list[Mutant]:
    """Return the mutants of every module of some packages, faces left out."""
    files = [
        p for name in packages for p in sorted((root / "blendkit" / name).rglob("*.py")) if p.name != "__init__.py"
    ]
    return [m for p in files for m in mutants_of(p.read_text(encoding="utf-8"), p.relative_to(root).as_posix())]


def drawn(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return `count` mutants drawn at random: a package with more places has more of them."""
    return random.Random(seed).sample(list(mutants), min(count, len(mutants)))


def own_tests(here: Tree, mutant: Mutant) -> list[str]:
    """Return the tests of a mutant's package, and those elsewhere that import the module itself.

    Those that import the module, or what is built on it in its package, come first.
    """
    path = here.folder / mutant.path
    users = [p for p in here.users(path) if p.is_relative_to(here.folder / "blendkit" / mutant.package)]
    names = [f"{here.module(p)} import" for p in (path, *users)]
    own = here.folder / "tests" / mutant.package
    order = []
    for file in sorted((here.folder / "tests").glob("*/test_*.py")):
        text = file.read_text(encoding="utf-8")
        at = next((i for i, name in enumerate(names) if name in text), len(names))
        if file.parent == own or (at == 0 and file.parent.name not in LEFT_OUT):
            order.append((at, file.relative_to(here.folder).as_posix()))
    return [name for _, name in sorted(order)]


def start_worker(folder: str, tests: Sequence[str]) -> None:
    """Make a worker's copy, and run tests on it without a fault: they must pass, and leave their compiled code."""
    global tree
    tree = Tree(Path(tempfile.mkdtemp(dir=folder)))
    run = tree.run(tests, 3600, keep_bytecode=True)
    say(f"without a fault: {' '.join(tests)} {run.ended} in {run.seconds:.0f} s {run.told}")
    tree.sound = run.ended == "passed"


def tried(job: tuple[Mutant, tuple[str, ...], float]) -> Outcome:
    """Run both stages on one mutant."""
    mutant, then, limit_s = job
    if not tree.sound:
        raise RuntimeError("the tests must pass before faults are put in")
    seconds = 0.0
    stages = [own_tests(tree, mutant), [t for t in then if t != f"tests/{mutant.package}"]]
    with tree.with_mutant(mutant):
        for stage, tests in enumerate(stages, 1):
            run = tree.run(tests, limit_s)
            seconds += run.seconds
            if run.ended != "passed":
                return Outcome(mutant, "killed" if run.ended == "failed" else "hung", stage, seconds, run.told)
    return Outcome(mutant, "survived", 2, seconds)


def say(text: object) -> None:
    """Write a line at once, so that a log can be read while it grows."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def report(outcomes: Sequence[Outcome]) -> None:
    """Write the counts, and one line per survivor."""
    survived = [o for o in outcomes if o.ended == "survived"]
    killed, hung = len(outcomes) - len(survived), sum(o.ended == "hung" for o in outcomes)
    say(f"\n{killed} of {len(outcomes)} killed ({killed / max(len(outcomes), 1):.1%}), {hung} of them by the clock")
    drawn_of, left_of = (Counter(o.mutant.package for o in some) for some in (outcomes, survived))
    for package, count in sorted(drawn_of.items()):
        say(f"  {package}: {count - left_of[package]} of {count}")
    for o in survived:
        say(f"survived {o.mutant}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="how many mutants to draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="copies that run side by side")
    parser.add_argument("--package", choices=PACKAGES, action="append", help="only this package (may be repeated)")
    parser.add_argument("--only", action="append", metavar="FILE:LINE:INDEX", help="this mutant (may be repeated)")
    parser.add_argument("--then", nargs="*", default=THEN, help="tests that a mutant meets after its package's own")
    parser.add_argument("--timeout", type=float, default=300, help="seconds a stage may take")
    parser.add_argument("--list", action="store_true", help="show the mutants, and run nothing")
    return parser.parse_args()


def main() -> None:
    """Draw, run, report."""
    given = arguments()
    mutants = all_mutants(given.package or PACKAGES)
    chosen = [m for m in mutants if m.name in given.only] if given.only else drawn(mutants, given.count, given.seed)
    say(f"{len(chosen)} of {len(mutants)} mutants")
    if given.list:
        say("\n".join(map(str, chosen if given.only else mutants)))
        return
    import_libraries()
    own = sorted({f"tests/{m.package}" for m in chosen})
    tests = [*own, *(t for t in given.then if t not in own)]
    jobs = [(m, tuple(given.then), given.timeout) for m in chosen]
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        multiprocessing.get_context("fork").Pool(given.jobs, start_worker, (folder, tests)) as pool,
    ):
        for i, outcome in enumerate(pool.imap_unordered(tried, jobs), 1):
            say(f"{time.strftime('%H:%M:%S')} {i}/{len(jobs)} {outcome}")
            outcomes.append(outcome)
    report(outcomes)


if __name__ == "__main__":
    main()
