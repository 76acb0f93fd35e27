"""Baselines of unlearning: occlusion and fine-tuning.

`Occluded` has one verb, ``forget_features``, and `FineTuned` the others. Retraining is
:class:`~sklearn_unlearn.ensemble.ShardedClassifier` with one shard, sharding the same
with more; both have all verbs. Differential privacy by objective perturbation is
``certification=GaussianCertification(..., mode="objective")`` at a fit. That model has
the verbs of its class; as a baseline it is trained once, and sent no request. It is
private only if the penalty is as large as the theorem asks, which nothing checks.
"""

from sklearn_unlearn.baselines._fine_tuned import FineTuned
from sklearn_unlearn.baselines._occluded import Occluded

__all__ = ["FineTuned", "Occluded"]
