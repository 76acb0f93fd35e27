"""The trees of NumPy's code by loops that Numba compiles, to the same bits."""
