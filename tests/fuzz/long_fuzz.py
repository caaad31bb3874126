"""Fuzz one target for long, guided by which code its inputs reach: `python tests/fuzz/long_fuzz.py TARGET SECONDS`.

Needs `pip install atheris` (Linux, CPython up to 3.13); nothing else of blendkit does. Prints executions and finds.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from tests.fuzz.wild_json import is_json, wild  # noqa: E402


def mutator(plain: Callable[[bytes, int], bytes]) -> Callable[[bytes, int, int], bytes]:
    """Change JSON as such in three of four cases, else its bytes."""

    def change(data: bytes, longest: int, seed: int) -> bytes:
        changed = wild(data, seed) if seed % 4 else plain(data, longest)
        return changed[:longest]

    return change


def main() -> None:
    if sys.argv[1:] == ["--list"]:
        from tests.fuzz.targets import TARGETS

        print("\n".join(TARGETS))
        return
    import atheris

    with atheris.instrument_imports(include=["blendkit", "blendkit_members"], enable_loader_override=False):
        from tests.fuzz import targets
    name, seconds = sys.argv[1], int(sys.argv[2])
    finds = Path(tempfile.gettempdir()) / "blendkit-finds"
    seeds = Path(tempfile.mkdtemp(prefix="blendkit-seeds-"))
    finds.mkdir(exist_ok=True)
    for i, seed in enumerate(targets.TARGETS[name].seeds):
        (seeds / str(i)).write_bytes(seed)
    seen: set[tuple[str, str, int]] = set()

    def one(data: bytes) -> None:
        try:
            targets.check(name, data)
        except Exception as error:
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            key = (
                type(error).__name__,
                place.tb_frame.f_code.co_filename if place else "",
                place.tb_lineno if place else 0,
            )
            if key not in seen:  # go on: a target may have several
                seen.add(key)
                (finds / f"{name}.{key[0]}-{hashlib.sha256(data).hexdigest()[:8]}").write_bytes(data)
                print(f"FIND {name}: {key[0]}: {error} at {key[1]}:{key[2]}", file=sys.stderr)

    options = [
        f"-max_total_time={seconds}",
        "-max_len=20000",
        "-timeout=10",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    more = (
        {"custom_mutator": mutator(lambda data, longest: atheris.Mutate(data, longest))}
        if is_json(targets.TARGETS[name].seeds[0])
        else {}
    )
    atheris.Setup([sys.argv[0], *options, str(seeds)], one, **more)
    os.chdir(finds)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
