"""`blendkit`: what is started. Nothing else is imported before Ctrl-C and SIGTERM end it in good order."""

from __future__ import annotations

import sys


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


if __name__ == "__main__":
    main()
