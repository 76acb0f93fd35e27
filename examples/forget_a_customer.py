"""
Letters from customers
======================

Letters from customers: delete me, that value is wrong, leave that column out.

A lender's model of who repays is trained on a data frame. It keeps a reference to the
training data (retain_data=True), so that every request ends exact: the gradient of the
objective on the corrected data is zero again, to within `tol`.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_unlearn import UnlearnableLogisticRegression


def lender(n_customers=2000, seed=0):
    """Customers of a lender that never was, and whether they repaid."""
    rng = np.random.default_rng(seed)
    customers = pd.DataFrame(
        {
            "age_decades": rng.uniform(1.8, 8.0, n_customers),
            "income_10k": rng.lognormal(1.2, 0.5, n_customers),
            "debt_10k": rng.exponential(1.0, n_customers),
            "years_at_address": rng.gamma(2.0, 3.0, n_customers) / 10.0,
            "rural": rng.integers(0, 2, n_customers).astype(float),
        },
        index=[f"C{number:05d}" for number in range(n_customers)],
    )
    raw = 0.6 * customers["income_10k"] - 1.1 * customers["debt_10k"]
    raw += 0.8 * customers["rural"] - 0.9
    repaid = (rng.uniform(size=n_customers) < 1.0 / (1.0 + np.exp(-raw))).astype(int)
    return customers, repaid


def main():
    customers, repaid = lender()
    # The columns were put into fixed units beforehand. A scaler fitted on the customers
    # would have learned from each of them: see forget_an_applicant.py.
    model = UnlearnableLogisticRegression(C=1.0, retain_data=True)
    model.fit(customers, repaid, row_ids=customers.index)
    fitted = model.coef_[0].copy()
    report(f"fitted on {len(customers)} customers", model, customers, repaid)

    # 1. "Delete me." The index of the frame says which row, no values are needed.
    leaving = ["C00042", "C01234"]
    model.partial_unfit(row_ids=leaving)
    stay = ~customers.index.isin(leaving)
    customers, repaid = customers[stay], repaid[stay]
    report("after C00042 and C01234 have left", model, customers, repaid)

    # 2. "My income is wrong." The old row, its outcome, and the row as it should be.
    who = customers.index == "C00007"
    row = customers[who]
    corrected = row.assign(income_10k=row["income_10k"] + 2.5)
    model.replace_features(row, repaid[who], corrected)
    customers = pd.concat([customers[~who], corrected])
    repaid = np.concatenate([repaid[~who], repaid[who]])
    report("after the income of C00007 was corrected", model, customers, repaid)

    # 3. "Where people live is none of your business." The column goes for good.
    model.forget_features("rural")
    customers = customers.drop(columns="rural")
    report("after the column 'rural' was dropped", model, customers, repaid)

    # Who was deleted cannot be deleted again.
    try:
        model.partial_unfit(row_ids=["C00042"])
    except ValueError as error:
        print("refused to forget C00042 again:")
        print(textwrap.indent(textwrap.fill(str(error), 80), "    "))

    # What is deployed: a plain LogisticRegression of the columns that remain. It holds
    # coefficients, and neither the data nor the Hessian.
    deployed = model.to_sklearn(drop_forgotten=True)
    same = np.allclose(
        deployed.predict_proba(customers), model.predict_proba(customers), atol=1e-12
    )
    names = ", ".join(deployed.feature_names_in_)
    print(f"deployed: {deployed} of {names}")
    print(f"the deployed model predicts the same: {same}")

    _, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    places = np.arange(fitted.size)
    axes.barh(places + 0.2, fitted, height=0.4, label="as fitted")
    axes.barh(places - 0.2, model.coef_[0], height=0.4, label="after the letters")
    axes.set_yticks(places, model.feature_names_in_)
    axes.set_xlabel("coefficient")
    axes.legend()
    plt.show()


def report(what, model, customers, repaid):
    """The residual on the data as they should be now, and the coefficients."""
    residual = model.gradient_residual(customers, repaid)
    print(f"{what}: residual {residual}")
    print(f"    {coefficients(model)}")


def coefficients(model):
    """Names and coefficients on a line."""
    pairs = zip(model.feature_names_in_, model.coef_[0], strict=True)
    return "  ".join(f"{name} {coef:+.3f}" for name, coef in pairs)


if __name__ == "__main__":
    main()
