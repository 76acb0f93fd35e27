"""
What an attacker sees before and after
======================================

Who sees a model before and after a deletion reconstructs the deleted row.

The attack is that of Bertran, Tang, Kearns, Morgenstern, Roth and Wu, *Reconstruction
Attacks on Machine Unlearning: Simple Models are Vulnerable* (NeurIPS 2024, arXiv
2405.20272), on ridge regression. Append a constant one to each row. Let X and t be all
rows and targets, A = X'X + Lambda, and x, y the row that leaves and its target. Then

    A before = X't        and        (A - x x') after = X't - y x.

Subtract the second from the first, and bring x x'after to the right:

    A (before - after) = (y - x'after) x = r x.

The left side is the deleted row times its residual r. The constant one in x makes r
the last entry: divide by it, and x is there in full, and with it y = x'after + r. What
the attacker lacks is A, and a sample of the same population estimates it: n times the
second moments of the sample, plus Lambda. If several rows leave in one request, the
left side is the sum of their r x. Two defences are measured: noise on both
publications, and many rows in one request.
"""

import copy
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_unlearn import GaussianCertification, UnlearnableRidge
from sklearn_unlearn.certification import kappa

ALPHA = 1.0
EPSILON, DELTA = 0.5, 1e-5  # of a certificate
SIGMAS = (1e-4, 1e-3, 5e-3, 0.02, 0.05, 0.1, 0.3)
N_DRAWS = 50  # of the noise, for each deletion
N_REQUESTS = 300  # of each size


def main():
    data = load_diabetes(scaled=False)
    columns = np.column_stack([data.data, data.target])
    public, private = train_test_split(columns, test_size=0.5, random_state=0)
    # Units come from the public half, so that a deletion cannot change them.
    scaler = StandardScaler().fit(public)
    public, private = scaler.transform(public), scaler.transform(private)
    X, y, n = private[:, :-1], private[:, -1], len(private)
    X_public = public[:, :-1]
    rng = np.random.default_rng(0)

    model = UnlearnableRidge(alpha=ALPHA).fit(X, y)
    unlearned = [unlearn(model, X, y, [row]) for row in range(n)]
    after = np.array([vector(each) for each in unlearned])
    size = np.linalg.norm(vector(model) - after, axis=1)
    say(
        f"{n} private rows, each deleted alone. That moves the coefficients by "
        f"{np.median(size):.3f} in the median and {size.max():.3f} at most, in "
        "deviations of the target per deviation of a column."
    )

    print(f"the attacker knows        cosine    rows identified (chance {1 / n:.1%})")
    sources = {f"{rows} public rows": X_public[:rows] for rows in (20, 50, len(public))}
    for name, sample in {"the matrix A itself": X, **sources}.items():
        guess, residual = reconstruct(vector(model) - after, matrix(sample, n))
        match = cosines(guess, X)
        print(f"{name:22} {np.diag(match).mean():9.3f} {found(match):11.1%}")

    row = np.argsort(np.diag(match))[n // 2]
    target = with_one(guess[row]) @ after[row] + residual[row]
    rows = scaler.inverse_transform([private[row], [*guess[row], target]])
    names = [*data.feature_names, "target"]
    print("\nthe median one" + "".join(f"{name:>8}" for name in names))
    for name, values in zip(("deleted", "reconstructed"), rows, strict=True):
        print(f"{name:14}" + "".join(f"{value:8.1f}" for value in values))

    print("\nnoise        cosine    identified    identified by one     R2 on public")
    print("(sigma)                              who has all rows             rows")
    certificate = certified_noise(X, y)
    table = {}
    for sigma in (0.0, certificate, *SIGMAS):
        table[sigma] = noisy(sigma, vector(model), after, X, public, rng)
        cosine, hit, worst, r2 = table[sigma]
        note = "  (certificate)" if sigma == certificate else ""
        print(f"{sigma:<9.2g} {cosine:9.3f} {hit:13.1%} {worst:20.1%} {r2:16.3f}{note}")

    print("\nrows in    best cosine    best of as     nearest row    chance")
    print("request    among them     many others    is of them")
    for k in (1, 2, 5, 20, 50):
        inside, outside, hit = batch(k, model, X, y, matrix(X_public, n), rng)
        print(f"{k:<7} {inside:14.3f} {outside:14.3f} {hit:14.1%} {k / n:9.1%}")

    low, high = (min(s for s in table if table[s][column] < 2 / n) for column in (1, 2))
    cost = {sigma: table[0.0][3] - table[sigma][3] for sigma in (low, high)}
    print()
    say(
        f"The noise of a certificate hides nothing: {table[certificate][1]:.0%} of the "
        "rows are identified. It covers what tells unlearning from a refit, and the "
        "attack works on a refit as well. The smallest sigma tried that brings "
        f"identification below twice its chance is {low:g} against this "
        f"reconstruction, which costs {cost[low]:.3f} of R2, and {high:g} against one "
        f"who has all rows, which costs {cost[high]:.3f}. In {hit:.0%} of the requests "
        f"of {k} rows the nearest row is a deleted one, by chance in {k / n:.0%}."
    )

    _, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    lines = np.array([(sigma, *table[sigma][1:]) for sigma in SIGMAS]).T
    axes.semilogx(lines[0], lines[1], marker="o", label="identified")
    axes.semilogx(lines[0], lines[2], marker="o", label="by one who has all rows")
    axes.semilogx(lines[0], lines[3], marker="o", label="R2 of the model")
    axes.set_xlabel("sigma of the noise on both publications")
    axes.legend()
    plt.show()


def say(text):
    print(textwrap.fill(text, 80) + "\n")


def vector(model):
    """What is published: coefficients and, last, the intercept."""
    return np.append(model.coef_, model.intercept_)


def unlearn(model, X, y, rows):
    """A copy of the model without these rows."""
    return copy.deepcopy(model).partial_unfit(X[rows], y[rows])


def with_one(X):
    return np.insert(X, X.shape[-1], 1.0, axis=-1)


def matrix(sample, n):
    """A of n rows, as a sample estimates it; the intercept has no penalty."""
    rows = with_one(sample)
    return n * (rows.T @ rows) / len(rows) + np.diag([ALPHA] * sample.shape[1] + [0.0])


def reconstruct(change, A):
    """The attack: a row and its residual for each change of the coefficients."""
    product = change @ A
    return product[:, :-1] / product[:, -1:], product[:, -1]


def cosines(guess, X):
    """Cosine of each guess with each row of X, the constant one left out."""
    guess = guess / np.linalg.norm(guess, axis=1, keepdims=True)
    return guess @ (X / np.linalg.norm(X, axis=1, keepdims=True)).T


def found(match):
    """Share of the guesses whose best match is the row that was deleted."""
    return np.mean(match.argmax(axis=1) == np.arange(len(match)) % match.shape[1])


def certified_noise(X, y):
    """Sigma that certifies both publications, whichever row is deleted."""
    certification = GaussianCertification(EPSILON, DELTA, sigma=1.0)
    model = UnlearnableRidge(alpha=ALPHA, certification=certification).fit(X, y)
    unlearned = (unlearn(model, X, y, [row]) for row in range(y.size))
    spent = max(each.private_record().spent for each in unlearned)
    return kappa(EPSILON, DELTA) * spent


def noisy(sigma, before, after, X, public, rng):
    """Both models are published with noise, drawn once for each of them."""
    n, X_public = len(X), public[:, :-1]
    first, second = sigma * rng.standard_normal((2, N_DRAWS * n, before.size))
    first, second = before + first, np.tile(after, (N_DRAWS, 1)) + second
    guess, _ = reconstruct(first - second, matrix(X_public, n))
    match = cosines(guess, X)
    deleted = match[np.arange(len(match)), np.arange(len(match)) % n]
    # Who has all rows and targets knows where each deletion would lead. The nearest
    # of these models to the second publication is the best guess there is.
    worst = found(second @ after.T - np.sum(after**2, axis=1) / 2.0)
    predicted = with_one(X_public) @ first.T
    target = np.broadcast_to(public[:, -1:], predicted.shape)
    return deleted.mean(), found(match), worst, r2_score(target, predicted)


def batch(k, model, X, y, A, rng):
    """Best cosine in requests of k rows and among k others; how often it is inside."""
    figures = []
    for _ in range(N_REQUESTS):
        order = rng.permutation(y.size)
        change = vector(model) - vector(unlearn(model, X, y, order[:k]))
        guess, _ = reconstruct(change[np.newaxis], A)
        # A row whose residual has the other sign than the sum appears turned around.
        match = np.abs(cosines(guess, X[order])[0])
        figures.append((match[:k].max(), match[k : 2 * k].max(), match.argmax() < k))
    return np.mean(figures, axis=0)


if __name__ == "__main__":
    main()
