"""The base of both nets: parameters, predictions of one version, fit by skorch."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import torch
from skorch import NeuralNet

from sklearn_unlearn.core.linear.data_checksum import Tally
from sklearn_unlearn.core.rows import Rows
from sklearn_unlearn.core.training_rows.retained import RetainedRows
from sklearn_unlearn.exceptions import NotFiniteError
from sklearn_unlearn.neural_network._fitted import NetworkModel
from sklearn_unlearn.neural_network._torch._arrays import (
    ModuleTargets,
    Shape,
    host_array,
    readable,
)
from sklearn_unlearn.neural_network._torch._fitted import ModuleFitted
from sklearn_unlearn.neural_network._torch._from_skorch import PRIVATE, AdoptionMixin
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.neural_network._torch._modules import blank, kept, other, written
from sklearn_unlearn.neural_network._torch._objective import (
    ModuleObjective,
    null_loss,
    predicts_by,
)
from sklearn_unlearn.neural_network._torch._requests import ModuleRequestsMixin
from sklearn_unlearn.neural_network._torch._selection import check_params, selected
from sklearn_unlearn.neural_network._torch._statistics import check_statistics
from sklearn_unlearn.neural_network._torch._training import TrainingMixin, named_order
from sklearn_unlearn.neural_network._torch._weights import (
    ROWS,
    WEIGHT,
    WeightsMixin,
    check_weighs,
)
from sklearn_unlearn.utils.row_ids import check_new_row_ids
from sklearn_unlearn.utils.tags import UnlearnerTags, UnlearningTags
from sklearn_unlearn.utils.validation import check_sample_weight


class ModuleUnlearner(
    AdoptionMixin,
    ModuleRequestsMixin,
    WeightsMixin,
    TrainingMixin,
    NeuralNet,
):
    """A skorch net that unlearns.

    A subclass gives the constructor, ``_plain_class`` and the hook `_encoding`.
    """

    _fitted: Any
    #: The order of rows, while training goes on with identifiers.
    _named_order: Any

    _decay = "optimizer__weight_decay"

    # Reading the net ------------------------------------------------------------------

    def get_params(self, deep: bool = True, **kwargs: Any) -> dict[str, Any]:
        """Parameters of this net, and of its callbacks.

        Parameters
        ----------
        deep : bool, default=True
        **kwargs : dict
            As skorch's.

        Returns
        -------
        dict
        """
        params = super().get_params(deep=deep, **kwargs)
        return {name: params[name] for name in params if name not in PRIVATE}

    def forward_iter(self, X: Any, training: bool = False, device: str = "cpu") -> Any:
        """Outputs of the module, batch after batch, all of one version of the model.

        Parameters
        ----------
        X : array-like, tensor or Dataset of shape (n_samples, ...)
            Lists and frames get the type of fit's values.
        training : bool, default=False
        device : str, default="cpu"
            Where the outputs are stored.

        Returns
        -------
        iterator of tensors
        """
        version = self._version()
        fitted = vars(version).get("_fitted")
        X = readable(X, dtype=None if fitted is None else fitted.features.dtype)
        return super(ModuleUnlearner, version).forward_iter(
            X, training=training, device=device
        )

    @property
    def partial_fit(self) -> Any:
        """Not supported, as it would train on rows that no request could name."""
        raise AttributeError(
            "A net that unlearns has no partial_fit: it would train on rows that no "
            "request could name. Fit anew."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        retains = isinstance(self.retain_data, (bool, np.bool_)) and self.retain_data
        promised = UnlearningTags.empirical(self, row_ids=bool(retains))
        return UnlearnerTags.extending(tags, promised)

    # Fitting --------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, row_ids: Any = None
    ) -> Self:
        """Train the module as skorch does.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, ...)
            With ``retain_data=True`` an array is kept by reference, until a request
            makes a copy of what remains: do not change it afterwards.
        y : array-like or tensor of shape (n_samples, ...)
        sample_weight : array-like of shape (n_samples,) or float, optional
            Weights of the losses of rows, for criteria that have such: the loss of a
            batch is their weighted mean, or sum.
        row_ids : array-like of shape (n_samples,) or (n_samples, 2), optional
            With ``retain_data=True``, identifiers by which requests can name rows;
            integers or strings, of which several rows may have the same. With
            ``iterator_train__shuffle`` the order of each epoch is drawn from them,
            instead of the places of rows, and so are rows that a `ValidSplit` holds
            out: a refit without some rows visits the others in the same order.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or the module has no parameters.
        NotFiniteError
            If training ends with weights or a loss that are not finite.
        """
        with self._exclusive():
            net = self._trained(X, y, sample_weight, row_ids)
            self._become(net)
        return self

    def initialize_module(self) -> Self:
        """Make the module anew; what was fitted is gone."""
        super().initialize_module()
        self.__dict__.pop("_fitted", None)
        selected(self.module_, self.params)
        check_statistics(self.module_)
        return self

    def _trained(self, X, y, sample_weight, row_ids):
        """A version of the net that was trained on these data."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        X, y = readable(X), readable(y, "y")
        X, y = host_array(X, self.device, "X"), host_array(y, self.device, "y")
        data = self._read_training(X, y, sample_weight, row_ids)
        ids = data[-1]
        net = self._version()
        net.initialize()
        before = kept(net.module_)
        if sample_weight is not None:
            net.module_.eval()
            few = (torch.tensor(each[:2], device=net.device) for each in (X, y))
            check_weighs(net, *few)
            weight = data[0].weight
            some = weight > 0.0  # the others would still be in batches
            X, y = {ROWS: X[some], WEIGHT: weight[some]}, y[some]
            ids = None if ids is None else ids[some]
        if ids is not None:
            rows = X[ROWS] if isinstance(X, dict) else X
            net._named_order = named_order(ids, rows, y)
        self._plain_class.partial_fit(net, X, y)
        vars(net).pop("_named_order", None)
        net._fitted = net._made(*data, before)
        return net

    def _read_training(self, X, y, sample_weight, row_ids):
        self._check_parameters()
        check_params(self.params)
        X, y = host_array(X, self.device, "X"), host_array(y, self.device, "y")
        if X.shape[0] != y.shape[0]:
            raise ValueError(f"X has {X.shape[0]} rows, but y has {y.shape[0]}.")
        if row_ids is not None:
            if not self.retain_data:
                raise ValueError("row_ids needs retain_data=True.")
            row_ids = check_new_row_ids(row_ids, X.shape[0])
        weight = check_sample_weight(sample_weight, X.shape[0])
        if not weight.any():
            raise ValueError("sample_weight must hold a weight other than zero.")
        features, encoding = Shape.of(X), self._encoding(y)
        rows = Rows(features.flat(X, "X"), encoding.read(y), weight)
        return rows, features, encoding, row_ids

    def _made(self, rows, features, encoding, row_ids, untrained=None):
        """What requests need to know of a trained net and its data.

        And of what its module `kept` before training, if that is known.
        """
        check_statistics(self.module_)
        forgotten = np.zeros(rows.X.shape[1], dtype=bool)
        function = ModuleFunction.of(self, self.params, features, encoding)
        before = kept(function.module)
        objective = ModuleObjective.of(function, rows)
        theta = function.theta()
        if not math.isfinite(objective.mean_loss(theta)):
            raise NotFiniteError(
                "Training ended with a loss that is infinite or not a number: use a "
                "smaller learning rate, or other data."
            )
        rate = None
        if self.method == "first_order" and isinstance(self.unlearning_rate, str):
            rate = self._automatic_rate(objective, theta)
        retained = None
        if self.retain_data:
            retained = RetainedRows.of(rows, row_ids, forgotten)
        tally = Tally.of(rows, encoding.marks, encoding.n_groups)
        model = NetworkModel(None, tally, encoding.marks, retained, forgotten)
        null = null_loss(function, rows)
        places = written(function.module, before)
        remembered: tuple[str, ...] = ()
        if untrained is not None:
            left = [
                place
                for place in other(function.module, untrained)
                if place not in places
            ]
            used = [place for place in left if predicts_by(function, place, rows)]
            places += tuple(place for place in left if place not in used)
            remembered = tuple(".".join(filter(None, place)) for place in used)
        blank(self.module_, places)
        return ModuleFitted(
            model,
            features,
            encoding,
            rate,
            null,
            written=places,
            remembered=remembered,
        )

    def _encoding(self, y):
        """Targets as numbers."""
        return ModuleTargets(Shape.of(y), None)
