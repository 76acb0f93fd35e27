"""The fitted value of a net, beside its module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_unlearn.exceptions import NotForgottenWarning
from sklearn_unlearn.neural_network._fitted import NetworkModel, UnlearningReport
from sklearn_unlearn.neural_network._torch._arrays import ModuleTargets, Shape
from sklearn_unlearn.neural_network._torch._function import ModuleFunction
from sklearn_unlearn.utils.messages import warn
from sklearn_unlearn.utils.validation import Columns


@dataclass(frozen=True, eq=False)
class ModuleFitted:
    """Everything that a request needs, in one immutable value.

    Attributes
    ----------
    model : NetworkModel
        Its theta is None while no request is carried out: the module has it.
    features : Shape
    encoding : ModuleTargets
    rate : float or None
        Of a first-order update, if it is found automatically.
    null_loss : float
        Mean loss, at fit, of the module's mean prediction.
    function : ModuleFunction or None
        While a request is carried out.
    report : UnlearningReport or None
    written : tuple of tuple of str
        Attributes of the module in which passes leave what they computed.
    remembered : tuple of str
        Attributes in which training left something that predictions use.
    adopted : bool
        Whether the parameter ``module`` is the trained module itself, as skorch trains
        instances; requests change it too.
    """

    model: NetworkModel
    features: Shape
    encoding: ModuleTargets
    rate: float | None
    null_loss: float
    function: ModuleFunction | None = None
    report: UnlearningReport | None = None
    written: tuple = ()
    remembered: tuple = ()
    adopted: bool = False

    def say_what_is_remembered(self):
        """Warn of what training left in the module, and predictions use."""
        if self.remembered:
            warn(
                "Training left in attributes of the module what its predictions use, "
                f"and no request changes: {', '.join(self.remembered)}. It may tell of "
                "rows that left. Parameters and batch norm would forget.",
                NotForgottenWarning,
            )

    @property
    def columns(self):
        """Those of the flat rows, which have no names."""
        return Columns(int(np.prod(self.features.sizes, dtype=int)), None)
