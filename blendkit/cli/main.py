"""`blendkit`: what is started. Nothing else is imported before Ctrl-C and SIGTERM end it in good order."""

from __future__ import annotations

import sys


def command() -> None:
    """Run `main`, and end the process at once when everything is tidied up.

    Python would take it apart first, and Arrow's threads abort it now and then while this goes on: exit code 134 in
    place of the one that is right (apache/arrow issue 34314).
    """
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        _leave(end.code if isinstance(end.code, int) else int(end.code is not None))


def main() -> None:
    """Run the command line in a process of its own, and exit with its code, or with 128 and a signal's number."""
    from blendkit.cli._stopping import stops_on_signals

    stop = stops_on_signals()
    try:
        from blendkit.cli._steady_streams import steady_streams

        steady_streams()
        from blendkit.cli.top import exit_code

        code = exit_code()
    except BaseException:  # what a library makes of a stop counts as one, too
        if not stop.number:
            raise
        code = stop.exit_code()
    stop.at_once()
    sys.exit(code)


def _leave(code: int) -> None:
    import atexit
    import os
    import threading
    from contextlib import suppress

    threading._shutdown()  # type: ignore[attr-defined]  # pools end their threads, and others are waited for
    atexit._run_exitfuncs()  # scratch folders and worker processes go
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    command()
