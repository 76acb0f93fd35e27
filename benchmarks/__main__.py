"""Command line of the benchmarks: choose topics, print tables, write JSON."""

import argparse
import importlib
import json
import sys
import time
import warnings
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning

from benchmarks import NETWORK_TOPICS, SOURCE_TOPICS, TOPICS
from benchmarks.measure import Settings, environment
from sklearn_unlearn.exceptions import (
    LargeStepWarning,
    NotForgottenWarning,
    UnseenRowsWarning,
)


def main(arguments=None, topics=TOPICS):
    """Run the topics that are named, or these."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, add_help=False
    )
    known = TOPICS + NETWORK_TOPICS + SOURCE_TOPICS
    parser.add_argument("topics", nargs="*", metavar="topic", help=", ".join(known))
    parser.add_argument("--quick", action="store_true", help="small data, few rounds")
    parser.add_argument("--repeats", type=int, default=None, help="rounds at most")
    parser.add_argument(
        "--json",
        type=Path,
        default=None,
        metavar="FILE",
        help="one file for all topics; default build/benchmarks/TOPIC.json",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        default=None,
        metavar="FILE",
        help="figure of the topic that draws one; needs matplotlib",
    )
    asked = parser.parse_known_args(arguments)[0].topics or topics
    for topic in asked:
        if topic not in known:
            parser.error(f"unknown topic {topic!r}; choose from {', '.join(known)}")
    modules = {topic: importlib.import_module(_name(topic)) for topic in asked}
    for module in modules.values():
        if hasattr(module, "add_arguments"):
            module.add_arguments(parser)
    parser.add_argument("-h", "--help", action="help", help="show this, and exit")
    options = parser.parse_args(arguments)
    drawing = [topic for topic, module in modules.items() if hasattr(module, "plot")]
    if options.plot is not None and len(drawing) != 1:
        parser.error("--plot needs exactly one topic that draws a figure")
    settings = Settings.of(options.quick, options.repeats)
    machine = environment()
    print(f"{machine}\n")
    results = {}
    for topic, module in modules.items():
        start = time.perf_counter()
        with warnings.catch_warnings():
            # residuals are in the tables: they say what did not converge
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", LargeStepWarning)
            warnings.simplefilter("ignore", NotForgottenWarning)
            warnings.simplefilter("ignore", UnseenRowsWarning)
            if hasattr(module, "add_arguments"):
                table = module.run(settings, options)
            else:
                table = module.run(settings)
        seconds = time.perf_counter() - start
        print(f"{table.markdown()}\n\n({topic}: {seconds:.0f} s)\n", flush=True)
        results[topic] = {"environment": machine, **table.plain()}
        if options.plot is not None and topic in drawing:
            module.plot(table, options.plot)
        if options.json is None:
            write(Path("build/benchmarks") / f"{topic}.json", results[topic])
    if options.json is not None:
        write(options.json, results)
    return 0


def _name(topic):
    """Of the module of a topic."""
    within = "networks." if topic in NETWORK_TOPICS else ""
    return f"benchmarks.{within}{topic}"


def write(path, result):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
