"""Estimators that are fitted to Dask collections, and answer requests here."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

from sklearn.pipeline import make_pipeline as steps_named
from sklearn.utils.metaestimators import available_if

from sklearn_unlearn.dask._parts import (
    DaskBlocks,
    DaskRows,
    arrays,
    dask,
    is_collection,
    parts_of,
)
from sklearn_unlearn.linear_model import (
    LinearUnlearner,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
)
from sklearn_unlearn.pipeline import UnlearnablePipeline
from sklearn_unlearn.preprocessing import (
    UnlearnableOneHotEncoder,
    UnlearnableStandardScaler,
)
from sklearn_unlearn.utils.residual import GradientResidual

#: What is said of methods that answer for each row.
_DOC = """``{name}`` as in scikit-learn: of a collection a Dask array, not computed yet.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like

        Returns
        -------
        dask.array.Array or ndarray
        """


def _has(cls, name, estimator):
    return hasattr(super(cls, estimator), name)


def _lazily(cls, name):
    """A method that answers for a collection with a Dask array, not computed yet."""

    def answer(self, X, *arguments, **keywords):
        if not is_collection(X):
            return getattr(super(cls, self), name)(X, *arguments, **keywords)
        plain = self.to_sklearn()
        like = getattr(plain, name)(DaskBlocks(X).head().X)
        sent = dask.delayed(plain, pure=False, traverse=False)
        call = dask.delayed(_answered, pure=False)
        parts, sizes = parts_of(X), getattr(X, "chunks", None)
        sizes = [float("nan")] * len(parts) if sizes is None else sizes[0]
        return arrays.concatenate(
            [
                arrays.from_delayed(
                    call(sent, name, part), (size, *like.shape[1:]), meta=like[:0]
                )
                for part, size in zip(parts, sizes, strict=True)
            ]
        )

    answer.__name__ = name
    answer.__doc__ = _DOC.format(name=name)
    return answer


def _answered(model: Any, name: str, X: Any) -> Any:
    return getattr(model, name)(X)


def _answers_lazily(*names):
    """Let methods of a class take collections."""

    def decorated(cls):
        for name in names:
            setattr(
                cls, name, available_if(partial(_has, cls, name))(_lazily(cls, name))
            )
        return cls

    return decorated


def _blocks(X, y, sample_weight):
    """What an estimator reads instead of collections."""
    if not is_collection(X):
        return X, y, sample_weight
    return DaskBlocks(X, y, sample_weight), None, None


class _Refines:
    """Verbs that read all rows, of collections too."""

    def refine(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Self:
        """Remove what a closed-form step left, by passes over all rows.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like, optional
            All rows that remain.
        y, sample_weight : collections in the same partitions, or array-like, optional

        Returns
        -------
        self : object
        """
        parent: Any = super()
        return parent.refine(*_blocks(X, y, sample_weight))

    def gradient_residual(
        self, X: Any = None, y: Any = None, sample_weight: Any = None
    ) -> GradientResidual:
        """Norm of the summed objective's gradient on these rows.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like, optional
        y, sample_weight : collections in the same partitions, or array-like, optional

        Returns
        -------
        GradientResidual
        """
        parent: Any = super()
        return parent.gradient_residual(*_blocks(X, y, sample_weight))


class _Model(_Refines, LinearUnlearner):
    """A linear model: sums on the workers, the factor and requests here."""

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, **keywords: Any
    ) -> Self:
        """Fit the model; the workers sum gradients and Hessians.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like
            Collections are read once; the workers keep their rows until the fit ends.
        y : dask.array.Array, dask.dataframe.Series or array-like
        sample_weight : dask.array.Array, dask.dataframe.Series or array-like, optional
        **keywords : dict
            Of arrays in memory alone, as for the class that this one is derived from.

        Returns
        -------
        self : object
        """
        return super().fit(*_blocks(X, y, sample_weight), **keywords)

    def _fit_rows(self, rows, encoding, columns, *arguments, **keywords):
        if isinstance(rows, DaskRows):
            n_columns = columns.n_features + bool(self.fit_intercept)
            rows.check_room(n_columns * self._n_raw(encoding))
        return super()._fit_rows(rows, encoding, columns, *arguments, **keywords)


@_answers_lazily("predict", "predict_proba", "predict_log_proba", "decision_function")
class LogisticRegression(_Model, UnlearnableLogisticRegression):
    """:class:`~sklearn_unlearn.UnlearnableLogisticRegression` of Dask collections.

    Its parameters and verbs are those of that class, and so are its coefficients,
    however the collection is cut. `fit`, `refine` and `gradient_residual` read
    collections, `predict` and its like answer with a Dask array. Requests take arrays
    of the few rows that they name.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_unlearn.dask import LogisticRegression
    >>> X = da.random.default_rng(0).standard_normal((1000, 3), chunks=(250, 3))
    >>> y = (X[:, 0] > 0.0).astype(int)
    >>> model = LogisticRegression().fit(X, y)
    >>> model = model.partial_unfit(X[:2].compute(), y[:2].compute())
    >>> bool(model.gradient_residual(X[2:], y[2:]) < 1e-2)
    True
    """


@_answers_lazily("predict")
class Ridge(_Model, UnlearnableRidge):
    """:class:`~sklearn_unlearn.UnlearnableRidge` of Dask collections.

    As `LogisticRegression`.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_unlearn.dask import Ridge
    >>> X = da.random.default_rng(0).standard_normal((1000, 3), chunks=(250, 3))
    >>> model = Ridge().fit(X, X[:, 0])
    >>> model.partial_unfit(X[:2].compute(), X[:2, 0].compute()).predict(X).chunks
    ((250, 250, 250, 250),)
    """


@_answers_lazily("predict")
class PoissonRegressor(_Model, UnlearnablePoissonRegressor):
    """:class:`~sklearn_unlearn.UnlearnablePoissonRegressor` of Dask collections.

    As `LogisticRegression`.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_unlearn.dask import PoissonRegressor
    >>> X = da.random.default_rng(0).standard_normal((1000, 3), chunks=(250, 3))
    >>> model = PoissonRegressor().fit(X, abs(X[:, 0]))
    >>> model.predict(X).chunks
    ((250, 250, 250, 250),)
    """


@_answers_lazily("transform")
class StandardScaler(UnlearnableStandardScaler):
    """:class:`~sklearn_unlearn.UnlearnableStandardScaler` of Dask collections.

    Sums are without rounding: it is the same to the last bit however rows are cut.
    `transform` answers with a Dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_unlearn.dask import StandardScaler
    >>> X = da.random.default_rng(0).standard_normal((1000, 3), chunks=(250, 3))
    >>> scaler = StandardScaler().fit(X).partial_unfit(X[:2].compute())
    >>> scaler.transform(X).chunks
    ((250, 250, 250, 250), (3,))
    """

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the scaler; the workers sum.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like
        y : None
            Ignored.
        sample_weight : dask.array.Array, dask.dataframe.Series or array-like, optional

        Returns
        -------
        self : object
        """
        X, _, sample_weight = _blocks(X, None, sample_weight)
        return super().fit(X, None, sample_weight)


@_answers_lazily("transform")
class OneHotEncoder(UnlearnableOneHotEncoder):
    """:class:`~sklearn_unlearn.UnlearnableOneHotEncoder` of Dask collections.

    It is the same to the last bit however rows are cut. `transform` answers with a Dask
    array, of sparse chunks unless ``sparse_output=False``.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from sklearn_unlearn.dask import OneHotEncoder
    >>> X = da.from_array(np.array([[0], [1], [2], [1]]), chunks=(2, 1))
    >>> OneHotEncoder().fit(X).partial_unfit(np.array([[2]])).categories_
    [array([0, 1])]
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the encoder; the workers count.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        return super().fit(_blocks(X, None, None)[0])


@_answers_lazily(
    "predict", "predict_proba", "predict_log_proba", "decision_function", "transform"
)
class Pipeline(_Refines, UnlearnablePipeline):
    """:class:`~sklearn_unlearn.UnlearnablePipeline` of Dask collections.

    Its steps are those of this module, or of the package, as long as they read
    `DataBlocks`; rows are transformed where they are.

    Examples
    --------
    >>> import dask.array as da
    >>> from sklearn_unlearn.dask import Ridge, StandardScaler, make_pipeline
    >>> X = da.random.default_rng(0).standard_normal((1000, 3), chunks=(250, 3))
    >>> model = make_pipeline(StandardScaler(), Ridge()).fit(X, X[:, 0])
    >>> model.predict(X).shape
    (1000,)
    """

    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, **keywords: Any
    ) -> Self:
        """Fit all steps, one after the other.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like
        y : dask.array.Array, dask.dataframe.Series or array-like, optional
        sample_weight : dask.array.Array, dask.dataframe.Series or array-like, optional
        **keywords : dict
            Of arrays in memory alone, as for `UnlearnablePipeline`.

        Returns
        -------
        self : object
        """
        return super().fit(*_blocks(X, y, sample_weight), **keywords)


def make_pipeline(*steps: Any, on_stateful: str = "refit") -> Pipeline:
    """A `Pipeline` whose steps are named by their classes.

    Parameters
    ----------
    *steps : estimators
    on_stateful : {"refit", "raise", "freeze"}, default="refit"
        As for `UnlearnablePipeline`.

    Returns
    -------
    Pipeline

    Examples
    --------
    >>> from sklearn_unlearn.dask import Ridge, StandardScaler, make_pipeline
    >>> [name for name, _ in make_pipeline(StandardScaler(), Ridge()).steps]
    ['standardscaler', 'ridge']
    """
    return Pipeline(steps_named(*steps).steps, on_stateful=on_stateful)
