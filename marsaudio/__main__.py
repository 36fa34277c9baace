"""Run the command: ``python -m marsaudio``, or ``marsaudio``.

Apart from the commands, which take a tenth of a second to import, so that an interrupt meanwhile is one, too.
"""

import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command with this process's arguments, and return its exit code."""
    try:
        from marsaudio.cli import main as run

        return run()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("marsaudio: interrupted\n")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
