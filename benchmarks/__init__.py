"""Benchmarks: ``python -m benchmarks [topic ...]``; a table and a JSON file each.

A topic is a module with a function ``run(settings)`` that returns one
:class:`~benchmarks.measure.Table`, and with ``plot(table, path)`` if it has a figure.
One with arguments of its own has ``add_arguments(parser)``, and ``run(settings,
options)``.
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
    "sums",
    "profile",
    "large_edits",
    "silent",
    "influence",
    "kept_rows",
    "balance",
    "pipeline",
    "batch",
    "records",
    "pipeline_text",
    "scale",
    "projection",
    "blocks",
    "cluster",
    "choice",
    "choice_draws",
    "choice_models",
    "coverage",
    "forests",
    "forests_accuracy",
    "forests_large",
    "forests_sequence",
    "perceptron",
    "certified",
    "capacity",
    "adaptive",
    "private",
    "hostile",
)

#: Topics that need PyTorch and skorch, in benchmarks/networks: they run if asked for,
#: or all by ``python -m benchmarks.networks``.
NETWORK_TOPICS = ("poisoned_labels", "memorised_number", "module_memory")

#: Topics about the source text and what it imports, not about what it computes: they
#: run if asked for.
SOURCE_TOPICS = ("architecture", "imports")
