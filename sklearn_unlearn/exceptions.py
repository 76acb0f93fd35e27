"""The errors and warnings of unlearning requests."""


class UnlearningError(ValueError):
    """A request that was refused; the model is as it was before."""


class InvalidRequestError(UnlearningError):
    """What a request was given is not valid, as the message says."""


class RequestTypeError(UnlearningError, TypeError):
    """What a request was given is of a type that it does not take."""


class ContradictionError(UnlearningError):
    """A list of requests asks for two things about one row."""


class UndoError(UnlearningError):
    """A request cannot be taken back: not this one, not now, or not with these rows."""


class RowIdKindError(InvalidRequestError):
    """Identifiers are of another kind than at fit, or of several kinds."""


class IncompleteSubjectError(InvalidRequestError):
    """A request has some rows of a subject, and not the others."""


class UndoOrderError(UndoError):
    """A request is not the last one that stands: it cannot be taken back yet."""


class UndoRowsError(UndoError):
    """A request cannot be taken back with these rows, which are not those it was of."""


class RowNotFoundError(UnlearningError):
    """A row was to leave that the retained training data do not hold."""


class AmbiguousRowError(UnlearningError):
    """Rows with different names equal the one that was asked for by its values."""


class InsufficientWeightError(UnlearningError):
    """More weight, or more rows, were to leave than the model holds."""


class ExtremesExhaustedError(UnlearningError):
    """All extremes that a scaler kept would have left: it knows no others."""


class EmptyClassError(UnlearningError):
    """A class would be left without rows, so that no model of all classes exists.

    Parameters
    ----------
    message : str
    groups : tuple of int, default=()
        Positions of the classes in ``classes_``.
    """

    def __init__(self, message: str, groups: tuple[int, ...] = ()) -> None:
        super().__init__(message, groups)
        self.groups = groups

    def __str__(self) -> str:
        return str(self.args[0])


class DataMismatchError(UnlearningError):
    """Rows said to be the remaining training data are not those of the model."""


class NotPositiveDefiniteError(UnlearningError):
    """The Hessian is singular or indefinite, so that the coefficients are undefined."""


class StepTooLargeError(UnlearningError):
    """A request without data moves predictions further than a closed form can."""


class PrecisionLossError(UnlearningError):
    """What leaves outweighs what stays, of which sums without data keep few digits."""


class ProblemTooLargeError(UnlearningError):
    """The factor of the Hessian would not fit the documented memory limit."""


class NoFactorError(UnlearningError):
    """What a request or a certificate needs of the Hessian is not kept, only a part."""


class NotFiniteError(UnlearningError):
    """A loss, a gradient or a curvature is infinite or not a number."""


class BudgetTooSmallError(UnlearningError):
    """What a request may spend ended before its first step."""


class LargeStepWarning(UserWarning):
    """Nothing shows that a closed form takes away more than it leaves."""


class PrecisionLossWarning(UserWarning):
    """What left outweighed what stays: coefficients are less accurate than rounding."""


class NotForgottenWarning(UserWarning):
    """A request was carried out, and the model still knows its rows."""


class UnfinishedTrainingWarning(UserWarning):
    """A request could not be told apart from training that had stopped early."""


class UnseenRowsWarning(UserWarning):
    """A request without data changed outputs of rows that cannot be followed."""


class DataMismatchWarning(UserWarning):
    """An adopted model was far from what the data determine that came with it."""


class CertificationError(UnlearningError):
    """What a certificate says cannot be said, or not of this model."""


class NoBoundError(CertificationError):
    """The distance to a refit has no bound: for this loss, or without a penalty."""


class BudgetExceededError(CertificationError):
    """The request would spend more than remains of the lineage's budget."""


class PublicationClaimedError(CertificationError):
    """Another copy of the model has made the publication of this number."""


class CertificateMismatchError(CertificationError):
    """A certificate was checked against a model that it does not certify."""
