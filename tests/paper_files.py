"""Files of a scenario for the study of the paper."""

import numpy as np
import scipy.sparse as sp


def write(folder, X, y, lines):
    paths = [folder / "X.npz", folder / "y.npy", folder / "columns.txt"]
    if sp.issparse(X):
        sp.save_npz(paths[0], X)
    else:
        paths[0] = folder / "X.npy"
        np.save(paths[0], X)
    np.save(paths[1], y)
    paths[2].write_text(lines)
    return [str(path) for path in paths]
