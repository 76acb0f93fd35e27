"""`DataBlocks`: blocks of rows as a caller has them, read again for each pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_unlearn.core.arrays import is_sparse
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.row_blocks._progress import Bar, Task
from sklearn_unlearn.row_blocks._row_stream import Block, RowStream, in_block
from sklearn_unlearn.row_blocks._same_rows import SameRows
from sklearn_unlearn.utils.callbacks import CallbackSupportMixin
from sklearn_unlearn.utils.optional import import_optional

_READERS = (
    "fit, refine and gradient_residual of linear models and of pipelines, and fit of "
    "models and transformers that are functions of sums"
)
_NO_BLOCK = "blocks holds no rows: there is no block."


class DataBlocks:
    """Rows that are read block after block, as often as a fit needs.

    No more than two blocks are in memory beside what a sum makes of one: the next one
    is read while one is worked on. Sums over all rows depend on how they are cut into
    blocks by rounding alone.

    Parameters
    ----------
    blocks : iterable of tuple, or callable
        Blocks ``(X, y)`` or ``(X, y, sample_weight)``, or ``(X,)`` for transformers.
        It is iterated over once for each pass; a callable returns a new iterator. All
        X have the same columns, and are all dense or all sparse.
    feature_names : sequence of str, optional
        Names of the columns of X, where the blocks are no frames that have them.
    verbose : bool, default=False
        Whether a bar on standard error shows how far each pass is. Callbacks of
        scikit-learn 1.9, set on a model by ``set_callbacks``, are told of passes and
        blocks in any case.

    Raises
    ------
    TypeError
        If ``blocks`` can be read only once.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_unlearn import UnlearnableLogisticRegression
    >>> from sklearn_unlearn.row_blocks import DataBlocks
    >>> def blocks():
    ...     for seed in range(3):
    ...         X = np.random.default_rng(seed).standard_normal((1000, 2))
    ...         yield X, X[:, 0] > X[:, 1]
    >>> model = UnlearnableLogisticRegression().fit(DataBlocks(blocks))
    >>> float(model.gradient_residual(DataBlocks(blocks))) < 1e-3
    True
    """

    def __init__(
        self,
        blocks: Iterable[tuple] | Callable[[], Iterator[tuple]],
        *,
        feature_names: Sequence[str] | np.ndarray | None = None,
        verbose: bool = False,
    ) -> None:
        if not callable(blocks) and not isinstance(blocks, Iterable):
            raise TypeError(
                "blocks must be an iterable of tuples, or a function that returns an "
                f"iterator over them; got {type(blocks).__name__}."
            )
        if isinstance(blocks, Iterator):
            raise TypeError(
                "blocks is an iterator, which can be read once, and a fit reads all "
                "rows several times: give a function that returns a new one."
            )
        if isinstance(feature_names, str):
            raise TypeError("feature_names must be a sequence of names; got one str.")
        self._blocks = blocks
        self.feature_names = (
            None if feature_names is None else np.array(feature_names, dtype=object)
        )
        self._bar = Bar() if verbose else None

    def __iter__(self) -> Iterator[Block]:
        """Read all blocks, the next one ahead."""
        blocks = iter(self._blocks() if callable(self._blocks) else self._blocks)
        checked = map(_checked, count(), _read_ahead(blocks))
        yield from checked if self._bar is None else self._bar.followed(checked)

    def watched(self) -> DataBlocks:
        """The same blocks, refused where a later pass reads others than the first."""
        same = SameRows()
        return DataBlocks(
            lambda: same.checked(iter(self)), feature_names=self.feature_names
        )

    def followed(self, task: Task) -> DataBlocks:
        """The same blocks, of whose passes a task tells callbacks."""
        return DataBlocks(lambda: task.followed(self), feature_names=self.feature_names)

    def mapped(self, function: Callable[[Block], Block]) -> DataBlocks:
        """What a function makes of each block, the columns without names."""
        return DataBlocks(lambda: map(function, self))

    def framed(self) -> DataBlocks:
        """The same blocks, frames where the columns were given names apart.

        Raises
        ------
        ImportError
            If pandas is not installed; it is in the extra ``frame``.
        """
        if self.feature_names is None:
            return self
        purpose = "A pipeline of blocks whose columns have names"
        frame = import_optional("pandas", purpose, "frame").DataFrame
        return self.mapped(partial(_framed, frame, list(self.feature_names)))

    def head(self) -> Block:
        """The first block.

        Raises
        ------
        ValueError
            If there is none.
        """
        for block in self:
            return block
        raise ValueError(_NO_BLOCK)

    def combined(
        self,
        term: Callable[[int, Block], Any],
        combine: Callable[[Any, Any], Any],
    ) -> Any:
        """What a term makes of each block and its number, from the first to the last.

        Raises
        ------
        ValueError
            If there is no block.
        """
        found = None
        for number, block in enumerate(self):
            with in_block(number):
                here = term(number, block)
            found = here if found is None else combine(found, here)
        if found is None:
            raise ValueError(_NO_BLOCK)
        return found

    def rows(self, read: Callable[[Block], Rows], n_rows: int | None = None) -> Any:
        """Rows as sums of the core read them; they are counted if need be."""
        return RowStream(self, read, n_rows)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """No array is made of them.

        Raises
        ------
        TypeError
            Always: whatever asks does not read blocks.
        """
        raise TypeError(f"X is DataBlocks, which {_READERS} read: give an array here.")

    def __repr__(self) -> str:
        """Where the blocks come from, nothing of what they hold."""
        source = getattr(self._blocks, "__name__", type(self._blocks).__name__)
        return f"DataBlocks({source})"

    @classmethod
    def from_npz(
        cls,
        paths: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        verbose: bool = False,
    ) -> DataBlocks:
        """Sparse rows in files of :func:`scipy.sparse.save_npz`, a block each.

        Parameters
        ----------
        paths : sequence of path-like
            In the order of the rows.
        y, sample_weight : array-like of shape (n_samples,), optional
            Of the rows of all files.
        verbose : bool, default=False
            As for the class.

        Returns
        -------
        DataBlocks
        """
        if isinstance(paths, str | Path):
            paths = [paths]
        for name, values in (("y", y), ("sample_weight", sample_weight)):
            if values is not None and not np.ndim(values):
                raise TypeError(f"{name} must have an entry a row; got a scalar.")
        blocks = _NpzBlocks([Path(path) for path in paths], y, sample_weight)
        return cls(blocks, verbose=verbose)

    @classmethod
    def from_parquet(
        cls,
        source: Any,
        target: Any = None,
        sample_weight: Any = None,
        *,
        columns: Any = None,
        batch_size: int = 2**15,
        verbose: bool = False,
    ) -> DataBlocks:
        """Rows of Parquet files, or of any dataset of pyarrow.

        Parameters
        ----------
        source : path-like, list of path-like, pyarrow.dataset.Dataset or pyarrow.Table
            A file, a directory, several files, a dataset (which may filter), or a table
            in memory.
        target : str or list of str, optional
            The column that is y; several for several targets.
        sample_weight : str, optional
            The column of the weights.
        columns : list of str, optional
            Those that are X, all numeric or boolean; by default all others.
        batch_size : int, default=32768
            Most rows of a block.
        verbose : bool, default=False
            As for the class.

        Returns
        -------
        DataBlocks

        Raises
        ------
        ImportError
            If pyarrow is not installed; it is in the extra ``parquet``.
        ValueError
            If a column is not there, or one of X does not hold numbers.
        """
        from sklearn_unlearn.row_blocks._parquet import ParquetBlocks

        blocks = ParquetBlocks(source, target, sample_weight, columns, batch_size)
        return cls(blocks, feature_names=blocks.columns, verbose=verbose)


class BlockTasksMixin(CallbackSupportMixin):
    """An estimator whose callbacks are told of blocks that it reads."""

    @contextmanager
    def _telling_callbacks(self, X: Any) -> Iterator[Any]:
        """Rows of a fit; of those in blocks, callbacks of the estimator are told.

        To be entered within a method that is decorated by ``with_callbacks``.
        """
        if not isinstance(X, DataBlocks) or not hasattr(self, "set_callbacks"):
            yield X
            return
        root = self._init_callback_context(task_name="fit", max_subtasks=None)
        task = Task(self, root)
        yield X.followed(task)
        task.end()


def refusing_blocks(fit: Callable) -> Callable:
    """A ``fit`` that says that it reads no `DataBlocks`, whatever else is missing."""

    @wraps(fit)
    def checked(self, *arguments, **keywords):
        X = arguments[0] if arguments else keywords.get("X")
        if isinstance(X, DataBlocks):
            raise TypeError(
                f"{type(self).__name__} does not read DataBlocks, which {_READERS} "
                "do: give X and y as arrays."
            )
        return fit(self, *arguments, **keywords)

    return checked


class _NpzBlocks:
    """Files of sparse matrices, with the targets of their rows."""

    def __init__(self, paths, y, sample_weight):
        self.paths, self.y, self.sample_weight = paths, y, sample_weight

    def __iter__(self):
        start = 0
        for path in self.paths:
            X = sp.load_npz(path)
            part = slice(start, start + X.shape[0])
            start = part.stop
            yield X, _part(self.y, part), _part(self.sample_weight, part)
        for name, values in (("y", self.y), ("sample_weight", self.sample_weight)):
            if values is not None and len(values) != start:
                raise ValueError(
                    f"{name} has {len(values)} rows, but the files have {start}."
                )


def _part(values, part):
    return None if values is None else values[part]


def _framed(frame: Any, names: list, block: Block) -> Block:
    if is_sparse(block.X):
        return block
    return block._replace(X=frame(block.X, columns=names))


def _checked(number: int, block: Any) -> Block:
    if not isinstance(block, tuple) or not 1 <= len(block) <= 3:
        raise TypeError(
            f"Block {number} must be a tuple (X, y) or (X, y, sample_weight); "
            f"got {type(block).__name__}."
        )
    return Block(*block)


_END = object()


def _read_ahead(blocks: Iterator) -> Iterator:
    """The same, each next one read on another thread meanwhile.

    The thread is not waited for where a pass is given up: that may be the garbage
    collector's work, within any call, and whoever holds a lock must not wait.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    found: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
    arguments = (blocks, wanted, found)
    Thread(
        target=_read, args=arguments, name="sklearn_unlearn-blocks", daemon=True
    ).start()
    wanted.put(True)
    try:
        while True:
            block, error = found.get()
            if error is not None:
                raise error
            if block is _END:
                return
            wanted.put(True)
            yield block
    finally:
        error = None  # or it would keep this frame, which keeps it
        wanted.put(False)


def _read(blocks: Iterator, wanted: SimpleQueue, found: SimpleQueue) -> None:
    """Read a block as often as one is wanted."""
    while wanted.get():
        try:
            found.put((next(blocks, _END), None))
        except BaseException as error:
            found.put((None, error))
