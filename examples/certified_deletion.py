"""
Certified releases, and their budget
====================================

A published model forgets customers, with a certificate for each release.

Two parties: the operator, who holds the data and the fitted estimator, and the public,
who gets a plain scikit-learn model and a certificate as JSON. The certificate says that
all that was published so far is (epsilon, delta)-indistinguishable from what refits
without the deleted customers would have published. What it rests on stays with the
operator.
"""

import tempfile
import textwrap
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import GaussianCertification, UnlearnableLogisticRegression
from sklearn_unlearn.certification import Certificate
from sklearn_unlearn.exceptions import CertificateMismatchError
from sklearn_unlearn.inspection import BudgetDisplay

# The noise is a decision about accuracy, made before anybody looks at the data.
CERTIFICATION = GaussianCertification(epsilon=0.1, delta=1e-4, sigma=0.01)


def main():
    X, y = load_breast_cancer(return_X_y=True)
    # Units come from elsewhere: these rows are neither trained on nor ever deleted.
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    scaler = StandardScaler().fit(X_test)
    X, X_test = scaler.transform(X), scaler.transform(X_test)

    plain = UnlearnableLogisticRegression(C=0.1).fit(X, y)
    model = UnlearnableLogisticRegression(
        C=0.1, certification=CERTIFICATION, retain_data=True
    ).fit(X, y, row_ids=np.arange(y.size))
    print(f"accuracy without noise {plain.score(X_test, y_test):.3f}")
    print("release   accuracy   spent     of budget   another like it")
    with tempfile.TemporaryDirectory() as folder:
        for number, rows in enumerate(([], [0, 1, 2], range(10, 60))):
            if len(rows):
                model.partial_unfit(row_ids=list(rows))
            publish(model, Path(folder) / f"release-{number}")
            record = model.private_record()
            more = model.capacity(X[60:61], y[60:61], limit=10**9)
            print(
                f"{number:<9} {model.score(X_test, y_test):8.3f} "
                f"{record.spent:10.1e} {record.budget:11.1e} {more:>13,d} times"
            )
        released, certificate = read(Path(folder) / "release-2")
        certificate.verify(released)
        print("\nrelease 2 and its certificate belong together; not claimed are:")
        for sentence in certificate.not_claimed:
            print(textwrap.fill(f"- {sentence}", 80, subsequent_indent="  "))
        other, _ = read(Path(folder) / "release-1")
        try:
            certificate.verify(other)
        except CertificateMismatchError as error:
            message = f"the same certificate with release 1: {error}"
            print("\n" + textwrap.fill(message, 80))

    # One customer a week for a year, and what that leaves of the budget.
    year = UnlearnableLogisticRegression(
        C=0.1, certification=CERTIFICATION, retain_data=True
    ).fit(X, y)
    BudgetDisplay.from_estimator(year, X, y, [[week] for week in range(52)])
    plt.show()


def publish(model, path):
    """What leaves the operator's hands: a plain model and a certificate."""
    released, certificate = model.release()
    joblib.dump(released, path.with_suffix(".joblib"))
    path.with_suffix(".json").write_text(certificate.to_json())


def read(path):
    """What the public does. It loads models only from an operator whom it trusts."""
    certificate = Certificate.from_json(path.with_suffix(".json").read_text())
    return joblib.load(path.with_suffix(".joblib")), certificate


if __name__ == "__main__":
    main()
