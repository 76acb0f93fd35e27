"""`scan`: what of given rows, categories and words still stands in a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

import numpy as np

from sklearn_unlearn.inspection._scan_files import BYTES, content, file_leaves
from sklearn_unlearn.inspection._scan_steps import Steps
from sklearn_unlearn.inspection._scan_wanted import row_tells, wanted_of
from sklearn_unlearn.utils.optional import import_optional
from sklearn_unlearn.utils.traces import leaves, packed, traces

#: Attributes that hold extreme values and other values at a rank.
_EXTREMES = re.compile(r"min|max|extreme|edges|quantiles|center|references", re.I)
_CATEGORIES = re.compile(r"categories", re.I)
#: The place of an array in a list of one for each column.
_OF_COLUMN = re.compile(r"\[(\d+)\]$")
_SUPPORT = re.compile(r"support_vectors", re.I)
#: Relative difference that rounding explains.
_CLOSE = 1e-12
_CLOSE_32 = 1e-6


class Found(NamedTuple):
    """Something that still stands in a model.

    Attributes
    ----------
    kind : {"row", "support vector", "value", "extreme", "category", "word", \
"identifier"}
    what : str
        Which of what was looked for, by its place: no value is ever part of a report.
    place : str
        Where it stands: attributes and positions, or a byte of a file.
    how : {"verbatim", "scaled"}, or as which step gives it
        Scaled means up to a factor.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_unlearn.inspection import scan
    >>> X, y = load_iris(return_X_y=True)
    >>> scan(KNeighborsClassifier().fit(X, y), X[:1]).found[0].kind
    'row'
    """

    kind: str
    what: str
    place: str
    how: str


class ScanReport:
    """What a scan has found; true if that is something.

    Parameters
    ----------
    found : list of Found
    skipped : list of str
        What was not looked for by itself because many numbers are like it.
    refused : list of str
        Places of estimators inside that do not take the rows, so that these were not
        looked for as what stands there would be given them.

    Attributes
    ----------
    found : tuple of Found
    skipped : tuple of str
    refused : tuple of str

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_unlearn.inspection import scan
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(scan(KNeighborsClassifier().fit(X, y), X[:1]))
    True
    """

    def __init__(self, found: Any, skipped: Any = (), refused: Any = ()) -> None:
        self.found = tuple(found)
        self.skipped = tuple(skipped)
        self.refused = tuple(refused)

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def __getitem__(self, place: Any) -> Any:
        return self.found[place]

    def frame(self) -> Any:
        """What was found as a data frame, one line each.

        Returns
        -------
        pandas.DataFrame
        """
        pandas = import_optional("pandas", "ScanReport.frame", "frame")
        return pandas.DataFrame(self.found, columns=list(Found._fields))

    def _remarks(self):
        said = []
        if self.skipped:
            said.append(
                f"{len(self.skipped)} numbers of few digits were looked for in whole "
                "rows and among extremes alone."
            )
        if self.refused:
            said.append(
                f"X was refused by {', '.join(self.refused)}: as they would be given "
                "there and behind, rows were not looked for."
            )
        return said

    def __repr__(self) -> str:
        if not self.found:
            return " ".join(["Nothing was found.", *self._remarks()])
        table = [Found._fields, *self.found]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (
            "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
            for line in table
        )
        return "\n".join([*lines, *self._remarks()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(each)}</th>" for each in Found._fields)
        rows = (
            "".join(f"<td>{escape(cell)}</td>" for cell in each) for each in self.found
        )
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        said = " ".join(self._remarks()) if self.found else repr(self)
        return f"<table><tr>{head}</tr>{body}</table><p>{escape(said)}</p>"


def scan(
    model: Any, X: Any = None, row_ids: Any = None, words: Any = None
) -> ScanReport:
    """What of given rows, categories, words and identifiers still stands in a model.

    The model may be anybody's: an estimator of any library, any other object, or the
    file of one. To find nothing is no proof that nothing was learned: coefficients hold
    what no value of them shows. What is found stands there, though it may be another
    row's that is like it.

    **A file is read and never loaded.** Given bytes or a path, `scan` unpacks archives,
    walks a pickle opcode by opcode and searches bytes: nothing of it is run. To load a
    pickle runs whatever its author wrote into it; whether to do that is for the caller
    to decide, who then passes what was loaded. Such a scan finds more: rows as the
    steps of pipelines, column transformers, searches, stacks and bags inside transform
    them, which it asks to do so.

    Parameters
    ----------
    model : object, bytes, str or path-like
        A text is a path. Files of pickle, joblib (packed or not) and skops are known;
        of others, bytes are searched.
    X : array-like, DataFrame, sparse matrix or list of str, optional
        Rows that are to have left. A number is looked for by itself, up to rounding and
        whatever its sign, if it has more than three digits that count; each row as a
        whole, up to a factor too; each number in its column among extremes. Texts in
        columns are categories.
    row_ids : array-like, optional
        Identifiers of rows, numbers or texts.
    words : list of str, optional
        Whole words or longer texts.

    Returns
    -------
    ScanReport

    Raises
    ------
    ValueError
        If there is nothing to look for, or a packed file is cut off.
    OSError
        If there is no such file.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> from sklearn_unlearn.inspection import scan
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    >>> scan(model, X[41:42])
    kind            what   place                   how
    support vector  row 0  [svc].support_vectors_  as given to step 'svc'
    4 numbers of few digits were looked for in whole rows and among extremes alone.
    """
    wanted = wanted_of(X, row_ids, words)
    if X is None and row_ids is None and words is None:
        raise ValueError("There is nothing to look for: give X, row_ids or words.")
    data = content(model)
    found = []
    for place, leaf in leaves(model) if data is None else file_leaves(data):
        found += _in_leaf(place, leaf, wanted, "verbatim")
    inside = Steps.of(model, X) if data is None and X is not None else Steps()
    for place, how, step, rows in inside.given:
        wanted_here = wanted_of(rows)
        for each, leaf in leaves(step):
            found += _in_leaf(f"{place}{each}", leaf, wanted_here, how)
    found = _found_by_place(_without_parts(dict.fromkeys(found)))
    return ScanReport(found, wanted.skipped, inside.refused)


def _found_by_place(found):
    """What was found, but for what of it was found once more among all bytes."""
    placed = [each for each in found if each.place.rpartition(" ")[2] != BYTES]
    known = {each.what for each in placed}
    rows = {what.partition(",")[0] for what in known}
    return placed + [
        each
        for each in found
        if each.place.rpartition(" ")[2] == BYTES
        and each.what not in known | rows
        and each.what.partition(",")[0] not in known
    ]


def _without_parts(found):
    """What was found, but for single values of rows that stand there as a whole."""
    whole = {(each.what, each.place) for each in found}
    return [
        each
        for each in found
        if "," not in each.what
        or (each.what.partition(",")[0], each.place) not in whole
        or each.kind in ("extreme", "category")
    ]


def _in_leaf(place, leaf, wanted, how):
    """What stands in an array, a text or bytes."""
    if isinstance(leaf, bytes):
        return _in_bytes(place, leaf, wanted, how)
    if isinstance(leaf, str):
        return _in_texts(place, [leaf], wanted, how)
    if leaf.dtype.names is not None:  # nodes of trees, of several fields
        fields = [(f"{place}.{name}", leaf[name]) for name in leaf.dtype.names]
        return [one for each in fields for one in _in_leaf(*each, wanted, how)]
    if leaf.dtype.kind in "US":
        return _in_texts(place, leaf.ravel().tolist(), wanted, how)
    if leaf.dtype.kind not in "fiuc" or not leaf.size:
        return []
    numbers = {**wanted.cells, **wanted.identifiers}
    name = place.rpartition(".")[2]
    kind = "extreme" if _EXTREMES.search(name) else "value"
    kind = "category" if _CATEGORIES.search(name) else kind
    found = []
    for each in traces(leaf, numbers):
        named = each.name in wanted.identifiers
        found.append(Found("identifier" if named else kind, each.name, place, how))
    if kind != "value":
        return found + _in_their_places(place, leaf, wanted, how, kind)
    return found + _rows_in(place, leaf, wanted, how)


def _in_their_places(place, leaf, wanted, how, kind):
    """Values of columns, in arrays of as many or lists of one for each of them."""
    n_columns, of_column = wanted.n_columns, _OF_COLUMN.search(place)
    if of_column is not None:
        stored = {int(of_column[1]): leaf.ravel()}
    elif leaf.ndim in (1, 2) and n_columns and n_columns in leaf.shape:
        table = np.atleast_2d(leaf) if leaf.shape[-1] == n_columns else leaf.T
        stored = dict(enumerate(table.T))
    else:
        return []
    return [
        Found(kind, name, place, how)
        for column, cells in wanted.columns.items()
        for name, value in cells
        if value
        and column in stored
        and np.any(np.isclose(stored[column], value, _CLOSE_32, 0.0))
    ]


def _rows_in(place, leaf, wanted, how):
    """Whole rows in an array that has as many columns, up to a factor."""
    rows = wanted.rows
    if rows is None or leaf.dtype.kind == "c":
        return []
    stored = np.asarray(leaf, dtype=np.float64)
    n_columns = rows.shape[1]
    tables = []
    if stored.ndim == 1 and stored.size % n_columns == 0:
        tables = [stored.reshape(-1, n_columns)]
        if stored.size > n_columns:
            tables.append(stored.reshape(n_columns, -1).T)
    elif stored.ndim == 2:
        tables = [t for t in (stored, stored.T) if t.shape[1] == n_columns]
    close = _CLOSE_32 if leaf.dtype.itemsize < 8 and leaf.dtype.kind == "f" else _CLOSE
    name = place.rpartition(".")[2]
    kind = "support vector" if _SUPPORT.search(name) else "row"
    found = []
    for number, row in enumerate(rows):
        if not row_tells(row) or not np.all(np.isfinite(row)) or n_columns < 2:
            continue
        for table in tables:
            said = _said_of(table, row, close)
            if said is not None:
                said = how if said == "verbatim" else f"{said}, {how}"
                said = said.removesuffix(", verbatim")
                found.append(Found(kind, f"row {number}", place, said))
    return found


def _said_of(table, row, close):
    """How a row stands in a table: "verbatim", "scaled", or None if it does not."""
    table = table[np.all(np.isfinite(table), axis=1)]
    size = np.linalg.norm(row)
    with np.errstate(over="ignore"):
        sizes = np.linalg.norm(table, axis=1)
    off = np.abs(table - row).max(axis=1, initial=0.0)
    if np.any(off <= close * size):
        return "verbatim"
    there = (sizes > 0.0) & np.isfinite(sizes)
    shares = table[there] / sizes[there, None]
    along = np.abs(shares @ (row / size))
    # the sine, which unlike the cosine has all digits there
    signs = np.sign(shares @ row)[:, None]
    apart = np.linalg.norm(shares * signs - row / size, axis=1)
    return "scaled" if np.any((along > 0.5) & (apart <= 10 * close)) else None


def _in_texts(place, texts, wanted, how):
    """Words, categories and identifiers that texts are, or hold as a whole."""
    known = {
        each.decode("latin-1") if isinstance(each, bytes) else each for each in texts
    }
    longer = [each for each in known if re.search(r"\W", each)]
    found = []
    for name, (kind, text) in wanted.texts.items():
        if not text:
            continue
        inside = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
        if text in known or any(inside.search(each) for each in longer):
            found.append(Found(kind, name, place, how))
    return found


def _in_bytes(place, data, wanted, how):
    """The same in bytes, at any place of them."""
    found = []
    for name, value in wanted.cells.items():
        if any(form in data for form in packed(value, ("<f8",))):
            found.append(Found("value", name, place, how))
    if wanted.rows is not None and wanted.rows.shape[1] > 1:
        # of single precision, two in a row: four bytes are found anywhere by chance
        for number, row in enumerate(wanted.rows):
            if row_tells(row) and row.astype("<f4").tobytes() in data:
                found.append(Found("row", f"row {number}", place, how))
    for name, (kind, text) in wanted.texts.items():
        wide = (text.encode(each) for each in ("utf-16-le", "utf-32-le"))
        whole = rb"(?<!\w)%b(?!\w)" % re.escape(text.encode())
        if text and (any(each in data for each in wide) or re.search(whole, data)):
            found.append(Found(kind, name, place, how))
    return found
