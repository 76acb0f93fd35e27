"""Command line: ``python -m sklearn_unlearn`` with a command."""

from __future__ import annotations

import argparse
import sys

from sklearn_unlearn import _demo
from sklearn_unlearn._capabilities import markdown
from sklearn_unlearn._show_versions import show_versions


def main(arguments=None):
    """Run a command.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process by default.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_unlearn",
        description="Scikit-learn models that forget rows, values, labels and columns.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("demo", help="each request beside a refit, on real data")
    commands.add_parser("capabilities", help="what each estimator can do, a table")
    commands.add_parser("versions", help="versions, platform, BLAS and its threads")
    command = parser.parse_args(arguments).command
    if command == "demo":
        return 1 if _demo.run(print) else 0
    if command == "capabilities":
        print(markdown())
    elif command == "versions":
        show_versions()
    else:
        parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
