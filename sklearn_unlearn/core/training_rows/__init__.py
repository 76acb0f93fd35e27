"""Training rows that a model keeps: found by keyed hashes, edited, forgotten."""
