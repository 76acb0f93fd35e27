"""Command line of the study: choose data, write tables, figures and a summary."""

import argparse
import os
import sys
import warnings
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning

from benchmarks.measure import environment
from benchmarks.paper.figures import draw, plotting
from benchmarks.paper.progress import progress
from benchmarks.paper.report import summary
from benchmarks.paper.scenarios import KNOWN, NORMS, loaders
from benchmarks.paper.study import read, study
from sklearn_unlearn.exceptions import LargeStepWarning


def main(arguments=None):
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.data_folder is not None:
        if not options.data_folder.is_dir():
            parser.error(f"--data-folder: no such folder: {options.data_folder}")
        os.environ["SKLEARN_UNLEARN_DATA"] = str(options.data_folder)
    names = options.only if options.only is not None else list(KNOWN)
    try:
        if not options.no_figures:
            plotting()  # missing, it would be missed after all has been computed
        found = loaders(names, options.data, options.normalise, options.quick)
    except (ImportError, OSError, ValueError) as error:
        parser.error(str(error))
    n_draws = options.draws or (1 if options.quick else 5)
    with warnings.catch_warnings(), progress(not options.no_progress) as bar:
        # residuals are in the tables: they say what did not converge
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LargeStepWarning)
        results = study(
            found,
            penalty=options.penalty,
            n_draws=n_draws,
            seed=options.seed,
            progress=bar,
        )
    if not results.tables["efficacy"]:
        parser.error(" ".join(results.notes))
    results.write(options.out)
    figures = [] if options.no_figures else draw(read(options.out), options.out)
    settings = (
        f"lambda = {options.penalty:g} beside the summed loss, no intercept, "
        f"normalised: {options.normalise}, at most {n_draws} draws of each request, "
        f"seed {options.seed}{', quick' if options.quick else ''}."
    )
    text = summary(options.out, figures, [environment(), settings, *results.notes])
    (options.out / "summary.md").write_text(text, encoding="utf-8")
    print(text)
    print(f"Written to {options.out}/")
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paper",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="a part of the data, under a minute")
    add("--out", type=Path, default=Path("paper_results"), help="where results go")
    add("--only", nargs="*", choices=list(KNOWN), help="which of the paper's data")
    add("--data-folder", type=Path, help="where these lie: SKLEARN_UNLEARN_DATA")
    add(
        "--data",
        nargs=4,
        action="append",
        default=[],
        metavar=("NAME", "X", "Y", "COLUMNS"),
        help="data of your own: X as .npz (sparse) or .npy, labels of two classes as "
        ".npy, and a text file with positions of columns to forget, those that belong "
        "together on a line",
    )
    add("--lambda", dest="penalty", type=_positive, default=1.0, help="the penalty")
    add(
        "--normalise",
        choices=NORMS,
        default="none",
        help="rows of unit length, columns of unit variance, or as the data are",
    )
    add("--draws", type=_whole(1), help="requests of each size; 5, or 1 if quick")
    add("--seed", type=_whole(0), default=0, help="of all draws")
    add("--no-progress", action="store_true", help="show no bar")
    add("--no-figures", action="store_true", help="tables and summary alone")
    return parser


def _whole(least):
    def read(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {text}")
        return value

    return read


def _positive(text):
    value = float(text)
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
