"""The command line: one file per command group, each imported only when its command runs."""

from __future__ import annotations


def main() -> None:
    """Run `duetmind` with the process's arguments and leave with its exit status."""
    import sys

    from duetmind_adaptive.cli.app import run

    sys.exit(run(sys.argv[1:]))
