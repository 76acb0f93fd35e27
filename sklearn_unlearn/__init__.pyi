"""Scikit-learn estimators that unlearn: rows, values, labels and columns."""

from sklearn_unlearn import (
    baselines as baselines,
)
from sklearn_unlearn import (
    calibration as calibration,
)
from sklearn_unlearn import (
    certification as certification,
)
from sklearn_unlearn import (
    compose as compose,
)
from sklearn_unlearn import (
    decomposition as decomposition,
)
from sklearn_unlearn import (
    discriminant_analysis as discriminant_analysis,
)
from sklearn_unlearn import (
    ensemble as ensemble,
)
from sklearn_unlearn import (
    exceptions as exceptions,
)
from sklearn_unlearn import (
    feature_extraction as feature_extraction,
)
from sklearn_unlearn import (
    feature_selection as feature_selection,
)
from sklearn_unlearn import (
    folds as folds,
)
from sklearn_unlearn import (
    gaussian_process as gaussian_process,
)
from sklearn_unlearn import (
    impute as impute,
)
from sklearn_unlearn import (
    inspection as inspection,
)
from sklearn_unlearn import (
    kernel_ridge as kernel_ridge,
)
from sklearn_unlearn import (
    linear_model as linear_model,
)
from sklearn_unlearn import (
    metrics as metrics,
)
from sklearn_unlearn import (
    model_selection as model_selection,
)
from sklearn_unlearn import (
    multiclass as multiclass,
)
from sklearn_unlearn import (
    multioutput as multioutput,
)
from sklearn_unlearn import (
    naive_bayes as naive_bayes,
)
from sklearn_unlearn import (
    neighbors as neighbors,
)
from sklearn_unlearn import (
    neural_network as neural_network,
)
from sklearn_unlearn import (
    over_sampling as over_sampling,
)
from sklearn_unlearn import (
    pipeline as pipeline,
)
from sklearn_unlearn import (
    plans as plans,
)
from sklearn_unlearn import (
    preprocessing as preprocessing,
)
from sklearn_unlearn import (
    records as records,
)
from sklearn_unlearn import (
    retraining as retraining,
)
from sklearn_unlearn import (
    row_blocks as row_blocks,
)
from sklearn_unlearn import (
    svm as svm,
)
from sklearn_unlearn import (
    tree as tree,
)
from sklearn_unlearn import (
    utils as utils,
)
from sklearn_unlearn._functions import (
    carry_out,
    forget_features,
    partial_fit,
    partial_unfit,
    plan,
    refine,
    replace_features,
    replace_labels,
)
from sklearn_unlearn._show_versions import show_versions
from sklearn_unlearn._unlearnable import unlearnable
from sklearn_unlearn.calibration import UnlearnableCalibratedClassifierCV
from sklearn_unlearn.compose import (
    UnlearnableColumnTransformer,
    make_unlearnable_column_transformer,
)
from sklearn_unlearn.decomposition import UnlearnablePCA, UnlearnableTruncatedSVD
from sklearn_unlearn.discriminant_analysis import (
    UnlearnableLinearDiscriminantAnalysis,
    UnlearnableQuadraticDiscriminantAnalysis,
)
from sklearn_unlearn.ensemble import (
    ShardedClassifier,
    ShardedRegressor,
    UnlearnableBaggingClassifier,
    UnlearnableBaggingRegressor,
    UnlearnableExtraTreesClassifier,
    UnlearnableExtraTreesRegressor,
    UnlearnableRandomForestClassifier,
    UnlearnableRandomForestRegressor,
    UnlearnableStackingClassifier,
    UnlearnableStackingRegressor,
    UnlearnableVotingClassifier,
    UnlearnableVotingRegressor,
)
from sklearn_unlearn.feature_extraction import UnlearnableDictVectorizer
from sklearn_unlearn.feature_extraction.text import (
    UnlearnableCountVectorizer,
    UnlearnableTfidfTransformer,
    UnlearnableTfidfVectorizer,
)
from sklearn_unlearn.feature_selection import (
    UnlearnableSelectKBest,
    UnlearnableSelectPercentile,
    UnlearnableVarianceThreshold,
)
from sklearn_unlearn.gaussian import GaussianCertification
from sklearn_unlearn.gaussian_process import UnlearnableGaussianProcessRegressor
from sklearn_unlearn.impute import UnlearnableSimpleImputer
from sklearn_unlearn.kernel_ridge import UnlearnableKernelRidge
from sklearn_unlearn.linear_model import (
    UnlearnableBayesianRidge,
    UnlearnableElasticNet,
    UnlearnableGammaRegressor,
    UnlearnableGeneralizedLinearModel,
    UnlearnableHuberRegressor,
    UnlearnableLasso,
    UnlearnableLinearRegression,
    UnlearnableLinearSVC,
    UnlearnableLinearSVR,
    UnlearnableLogisticRegression,
    UnlearnablePoissonRegressor,
    UnlearnableRidge,
    UnlearnableRidgeClassifier,
    UnlearnableRidgeCV,
    UnlearnableTweedieRegressor,
)
from sklearn_unlearn.model_selection import (
    UnlearnableGridSearchCV,
    UnlearnableLogisticRegressionCV,
    UnlearnableRandomizedSearchCV,
    UnlearnableTunedThresholdClassifierCV,
)
from sklearn_unlearn.multiclass import UnlearnableOneVsRestClassifier
from sklearn_unlearn.multioutput import (
    UnlearnableMultiOutputClassifier,
    UnlearnableMultiOutputRegressor,
)
from sklearn_unlearn.naive_bayes import (
    UnlearnableBernoulliNB,
    UnlearnableCategoricalNB,
    UnlearnableComplementNB,
    UnlearnableGaussianNB,
    UnlearnableMultinomialNB,
)
from sklearn_unlearn.neighbors import (
    UnlearnableKNeighborsClassifier,
    UnlearnableKNeighborsRegressor,
    UnlearnableNearestCentroid,
)
from sklearn_unlearn.neural_network import (
    UnlearnableMLPClassifier,
    UnlearnableMLPRegressor,
)
from sklearn_unlearn.neural_network._torch import (
    UnlearnableNeuralNetClassifier as UnlearnableNeuralNetClassifier,
)
from sklearn_unlearn.neural_network._torch import (
    UnlearnableNeuralNetRegressor as UnlearnableNeuralNetRegressor,
)
from sklearn_unlearn.over_sampling import UnlearnableSMOTE
from sklearn_unlearn.pipeline import (
    UnlearnableFeatureUnion,
    UnlearnablePipeline,
    make_unlearnable_pipeline,
    make_unlearnable_union,
)
from sklearn_unlearn.preprocessing import (
    UnlearnableKBinsDiscretizer,
    UnlearnableMaxAbsScaler,
    UnlearnableMinMaxScaler,
    UnlearnableOneHotEncoder,
    UnlearnableOrdinalEncoder,
    UnlearnablePowerTransformer,
    UnlearnableQuantileTransformer,
    UnlearnableRobustScaler,
    UnlearnableStandardScaler,
    UnlearnableTargetEncoder,
)
from sklearn_unlearn.retraining import (
    RetrainedClassifier,
    RetrainedRegressor,
    RetrainedTransformer,
)
from sklearn_unlearn.svm import (
    UnlearnableNuSVC,
    UnlearnableNuSVR,
    UnlearnableSVC,
    UnlearnableSVR,
)
from sklearn_unlearn.tree import (
    UnlearnableDecisionTreeClassifier,
    UnlearnableDecisionTreeRegressor,
)
from sklearn_unlearn.utils.attestation import Attestation, attest, state_digest

__version__: str

__all__ = [
    "Attestation",
    "GaussianCertification",
    "RetrainedClassifier",
    "RetrainedRegressor",
    "RetrainedTransformer",
    "ShardedClassifier",
    "ShardedRegressor",
    "UnlearnableBaggingClassifier",
    "UnlearnableBaggingRegressor",
    "UnlearnableBayesianRidge",
    "UnlearnableBernoulliNB",
    "UnlearnableCalibratedClassifierCV",
    "UnlearnableCategoricalNB",
    "UnlearnableColumnTransformer",
    "UnlearnableComplementNB",
    "UnlearnableCountVectorizer",
    "UnlearnableDecisionTreeClassifier",
    "UnlearnableDecisionTreeRegressor",
    "UnlearnableDictVectorizer",
    "UnlearnableElasticNet",
    "UnlearnableExtraTreesClassifier",
    "UnlearnableExtraTreesRegressor",
    "UnlearnableFeatureUnion",
    "UnlearnableGammaRegressor",
    "UnlearnableGaussianNB",
    "UnlearnableGaussianProcessRegressor",
    "UnlearnableGeneralizedLinearModel",
    "UnlearnableGridSearchCV",
    "UnlearnableHuberRegressor",
    "UnlearnableKBinsDiscretizer",
    "UnlearnableKNeighborsClassifier",
    "UnlearnableKNeighborsRegressor",
    "UnlearnableKernelRidge",
    "UnlearnableLasso",
    "UnlearnableLinearDiscriminantAnalysis",
    "UnlearnableLinearRegression",
    "UnlearnableLinearSVC",
    "UnlearnableLinearSVR",
    "UnlearnableLogisticRegression",
    "UnlearnableLogisticRegressionCV",
    "UnlearnableMLPClassifier",
    "UnlearnableMLPRegressor",
    "UnlearnableMaxAbsScaler",
    "UnlearnableMinMaxScaler",
    "UnlearnableMultiOutputClassifier",
    "UnlearnableMultiOutputRegressor",
    "UnlearnableMultinomialNB",
    "UnlearnableNearestCentroid",
    "UnlearnableNuSVC",
    "UnlearnableNuSVR",
    "UnlearnableOneHotEncoder",
    "UnlearnableOneVsRestClassifier",
    "UnlearnableOrdinalEncoder",
    "UnlearnablePCA",
    "UnlearnablePipeline",
    "UnlearnablePoissonRegressor",
    "UnlearnablePowerTransformer",
    "UnlearnableQuadraticDiscriminantAnalysis",
    "UnlearnableQuantileTransformer",
    "UnlearnableRandomForestClassifier",
    "UnlearnableRandomForestRegressor",
    "UnlearnableRandomizedSearchCV",
    "UnlearnableRidge",
    "UnlearnableRidgeCV",
    "UnlearnableRidgeClassifier",
    "UnlearnableRobustScaler",
    "UnlearnableSMOTE",
    "UnlearnableSVC",
    "UnlearnableSVR",
    "UnlearnableSelectKBest",
    "UnlearnableSelectPercentile",
    "UnlearnableSimpleImputer",
    "UnlearnableStackingClassifier",
    "UnlearnableStackingRegressor",
    "UnlearnableStandardScaler",
    "UnlearnableTargetEncoder",
    "UnlearnableTfidfTransformer",
    "UnlearnableTfidfVectorizer",
    "UnlearnableTruncatedSVD",
    "UnlearnableTunedThresholdClassifierCV",
    "UnlearnableTweedieRegressor",
    "UnlearnableVarianceThreshold",
    "UnlearnableVotingClassifier",
    "UnlearnableVotingRegressor",
    "attest",
    "carry_out",
    "forget_features",
    "make_unlearnable_column_transformer",
    "make_unlearnable_pipeline",
    "make_unlearnable_union",
    "partial_fit",
    "partial_unfit",
    "plan",
    "refine",
    "replace_features",
    "replace_labels",
    "show_versions",
    "state_digest",
    "unlearnable",
]
