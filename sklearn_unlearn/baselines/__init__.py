"""What unlearning is compared with: occlusion and fine-tuning.

Retraining is :class:`~sklearn_unlearn.ensemble.ShardedClassifier` with one shard,
sharding the same with more. Differential privacy by objective perturbation is
``certification=GaussianCertification(..., mode="objective")`` at a fit: a model that is
private for its training data answers no requests.
"""

from sklearn_unlearn.baselines._fine_tuned import FineTuned
from sklearn_unlearn.baselines._occluded import Occluded

__all__ = ["FineTuned", "Occluded"]
