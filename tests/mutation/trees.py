"""A copy of the project that mutants are put into, one after another, and the tests run on it.

Nothing of blendkit is imported here: every run is a forked child that imports the copy. What the parent imports
beforehand (numpy, numba, pyarrow, ...) no child has to pay for.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import importlib
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants import Mutant

ROOT = Path(__file__).parents[2]
MEMORY = 8 << 30  # bytes of address space of a child: a mutant that asks for all there is fails alone
PARTS = ("blendkit", "members", "recipes", "tests", "examples", "docs", "pyproject.toml", "README.md")
HEAVY = (
    "numba", "numpy", "pandas", "pyarrow.csv", "pyarrow.parquet", "pyarrow.compute", "scipy.stats", "scipy.special",
    "sklearn.isotonic", "sklearn.linear_model", "sklearn.metrics", "onnx", "onnxruntime", "soundfile", "soxr",
    "pydantic", "yaml", "click", "rich.table", "hypothesis.extra.numpy", "librosa.filters", "pytest",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """How the tests ended: "passed", "failed" or "hung", in how many seconds."""

    ended: str
    seconds: float
    told: str = ""


def import_libraries() -> None:
    """Import what every child needs, once; what is not installed is passed over."""
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class Tree:
    """One copy of the project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "tree", folder / "log.txt"
        self.sound = True  # the tests pass on it when there is no fault in it
        self.folder.mkdir(parents=True)
        for part in PARTS:
            source, to = ROOT / part, self.folder / part
            if source.is_dir():
                shutil.copytree(source, to)  # compiled code comes along
            elif source.is_file():
                shutil.copy2(source, to)
        (self.folder / "blendkit_members").symlink_to("members")
        self.imported = {p: _imported(p) for p in (self.folder / "blendkit").rglob("*.py") if p.name != "__init__.py"}

    def run(self, tests: Sequence[str], limit_s: float, *, keep_bytecode: bool = False) -> Run:
        """Run tests (paths in the tree) until one fails; no paths, no tests."""
        if not tests:
            return Run("passed", 0.0)
        started = time.monotonic()
        child = os.fork()
        if not child:
            code = self._run_tests(tests, keep_bytecode)
            sys.stdout.flush()
            os._exit(code)
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() - started > limit_s:
                _end_group(child)
                os.waitpid(child, 0)
                return Run("hung", limit_s)
            time.sleep(0.02)
        _end_group(child)  # servers that a test left behind
        code, seconds = os.waitstatus_to_exitcode(done[1]), time.monotonic() - started
        return Run("failed" if code else "passed", seconds, self._first_failure() if code else "")

    def _run_tests(self, tests: Sequence[str], keep_bytecode: bool) -> int:
        """In the child: import the copy and nothing else, and return pytest's exit code."""
        os.setsid()
        with contextlib.suppress(OSError, AttributeError):  # Linux: end when the parent does, however that ends
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        stream = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        os.chdir(self.folder)
        for name in [n for n in os.environ if n == "PYTEST_ADDOPTS" or n.startswith("COV")]:
            del os.environ[name]  # whoever measures coverage does not mean the copy
        os.environ |= {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "" if keep_bytecode else "1"}
        sys.dont_write_bytecode = not keep_bytecode
        not_here = (ROOT, Path(__file__).parent)
        sys.path[:] = [str(self.folder), *(p for p in sys.path if Path(p or ".").resolve() not in not_here)]
        for name in [
            n for n in sys.modules if n.split(".")[0] in ("blendkit", "blendkit_members", "tests", "conftest")
        ]:
            del sys.modules[name]  # there are some when a test of this very script forks
        sys.argv = ["pytest"]
        multiprocessing.current_process().daemon = False  # tests start workers, which a pool's own may not
        vars(sys.modules["__main__"]).pop("__file__", None)  # a worker that a test starts must not run this script
        try:
            for package in ("blendkit", "blendkit_members"):
                found = importlib.import_module(package).__file__ or ""
                if not found.startswith(f"{self.folder}{os.sep}"):
                    os.write(2, f"{package} is imported from {found}".encode())
                    return 70
            import pytest

            own = (f"--basetemp={self.folder.parent / 'tmp'}", "-W", "ignore::pytest.PytestAssertRewriteWarning")
            return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *own, *tests]))
        except BaseException as error:
            os.write(2, f"FAILED outside of tests: {error!r}".encode())
            return 71

    def _first_failure(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line for line in lines if line.startswith(("FAILED", "ERROR "))] or lines[-1:]
        return told[0][:160] if told else ""

    @contextlib.contextmanager
    def with_mutant(self, mutant: Mutant) -> Iterator[None]:
        """Put a mutant into the copy, without the machine code made from what it changes; take it out again."""
        path, stash = self.folder / mutant.path, self.folder.parent / "stash"
        text, stat = path.read_text(encoding="utf-8"), path.stat()
        stash.mkdir()
        compiled = list(self._machine_code(path))
        for file in compiled:
            file.rename(stash / f"{file.parents[1].name}-{file.name}")
        path.write_text(mutant.applied(text), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            for file in self._machine_code(path):
                file.unlink()
            for file in compiled:
                (stash / f"{file.parents[1].name}-{file.name}").rename(file)
            stash.rmdir()
            shutil.rmtree(self.folder / ".hypothesis", ignore_errors=True)  # what one mutant taught

    def _machine_code(self, path: Path) -> Iterator[Path]:
        """The numba files of a module and of those that import it: callee code is part of their machine code."""
        for module in (path, *self.importers(path)):
            for kind in ("nbi", "nbc"):
                yield from module.parent.glob(f"__pycache__/{module.stem}.*.{kind}")

    def importers(self, path: Path) -> list[Path]:
        """Return the modules with compiled functions that import a module, directly or through each other."""
        found, waiting = [path], [path]
        while waiting:
            more = [
                p for p in self.users(waiting.pop()) if p not in found and "compiled(" in p.read_text(encoding="utf-8")
            ]
            found, waiting = found + more, waiting + more
        return found[1:]

    def users(self, path: Path) -> list[Path]:
        """Return the modules of blendkit that import a module; those of other packages do so through its face."""
        name, face = self.module(path), ".".join(self.module(path).split(".")[:2])
        return [p for p, names in self.imported.items() if name in names or (face in names and p != path)]

    def module(self, path: Path) -> str:
        """Return the dotted name of a file of the tree."""
        return ".".join(path.relative_to(self.folder).with_suffix("").parts)


def _imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def _end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
