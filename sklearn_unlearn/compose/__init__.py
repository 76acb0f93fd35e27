"""How a request is carried through the steps of a pipeline."""
