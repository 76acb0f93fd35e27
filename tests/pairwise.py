"""Combinations of what tests vary: not all of them, but any two values meet."""

from itertools import combinations, product


def pairwise(*factors):
    """Rows in which each value of each factor meets each value of each other one.

    A mistake is nearly always one of a single value or of two together; these rows are
    about as many as the product of the two longest factors, not as that of all.

    Parameters
    ----------
    *factors : iterable
        Values of what varies, one or more factors.

    Returns
    -------
    list of tuple
        For ``pytest.mark.parametrize``, the same each time, in the order of the
        product.
    """
    factors = [list(factor) for factor in factors]
    sizes = [range(len(factor)) for factor in factors]
    missing = {
        ((i, a), (j, b))
        for i, j in combinations(range(len(factors)), 2)
        for a, b in product(sizes[i], sizes[j])
    }
    rows = set() if len(factors) > 1 else {(value,) for value in sizes[0]}
    n_uses = dict.fromkeys(((i, a) for i, size in enumerate(sizes) for a in size), 0)
    while missing:
        row = dict(min(missing))
        for i, size in enumerate(sizes):
            if i not in row:
                gain = [len(_pairs({**row, i: a}) & missing) for a in size]
                row[i] = max(size, key=lambda a, i=i, g=gain: (g[a], -n_uses[i, a]))
        missing -= _pairs(row)
        for each in row.items():
            n_uses[each] += 1
        rows.add(tuple(row[i] for i in range(len(factors))))
    return [tuple(map(list.__getitem__, factors, row)) for row in sorted(rows)]


def _pairs(row):
    return set(combinations(sorted(row.items()), 2))


def one_each(cases):
    """The first case of each class, for what parameters have no part in.

    Parameters
    ----------
    cases : dict of str to tuple
        The class comes first in the tuples.

    Returns
    -------
    list of str
    """
    first = {}
    for name, (cls, *_) in cases.items():
        first.setdefault(cls, name)
    return list(first.values())
