"""Benchmarks: ``python -m benchmarks [topic ...]``; a table and a JSON file each.

A topic is a module with a function ``run(settings)`` that returns one
:class:`~benchmarks.measure.Table`, and with ``plot(table, path)`` if it has a figure.
Figures are measured in pairs, never asserted: tests check correctness, these tables
show what it costs.
"""

#: Topics in the order in which they run.
TOPICS = (
    "requests",
    "exact",
    "suite",
    "suite_sums",
    "solve",
    "scaling",
    "fit",
    "lineage",
    "memory",
    "threads",
    "profile",
    "large_edits",
    "influence",
    "balance",
    "pipeline",
    "pipeline_text",
    "perceptron",
    "certified",
    "capacity",
)
