"""
Names that leave a text model
=============================

Support tickets are sorted by a model of words. A customer's name became a word of the
vocabulary, with a document frequency and a coefficient. When her tickets are deleted,
the name goes from the vocabulary, the frequencies of all her words fall, and the
coefficients follow.
"""

# %%
# Tickets, made up. One customer writes often, and about one thing.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_unlearn import (
    UnlearnableLogisticRegression,
    UnlearnableTfidfVectorizer,
    make_unlearnable_pipeline,
)

rng = np.random.default_rng(0)
subjects = {
    0: ["invoice", "refund", "charged", "twice", "payment", "card", "amount"],
    1: ["error", "crash", "screen", "frozen", "update", "login", "password"],
}
common = ["please", "help", "thanks", "hello", "since", "yesterday", "cannot", "still"]
tickets, topics, customers = [], [], []
for number in range(300):
    topic = int(rng.integers(2))
    words = [*rng.choice(subjects[topic], 5), *rng.choice(common, 4)]
    customer = f"customer {number % 90}"
    if number % 25 == 0:
        words, customer, topic = [*words, "ermintrude"], "customer E", 0
    tickets.append(" ".join(rng.permutation(words)))
    topics.append(topic)
    customers.append(customer)
tickets, topics = np.array(tickets, dtype=object), np.array(topics)

model = make_unlearnable_pipeline(
    UnlearnableTfidfVectorizer(),
    UnlearnableLogisticRegression(C=10.0, retain_data=True),
)
model.fit(tickets, topics, row_ids=customers)


def coefficient(word):
    vectorizer, classifier = model[0], model[-1]
    if word not in vectorizer.vocabulary_:
        return None
    return classifier.coef_[0, vectorizer.vocabulary_[word]]


words = ["ermintrude", "invoice", "refund", "password", "crash"]
before = [coefficient(word) for word in words]
print(f"'ermintrude' has the coefficient {before[0]:.2f}")

# %%
# All her tickets leave, by her name alone.
model = model.partial_unfit(row_ids="customer E")
after = [coefficient(word) for word in words]
print(f"in the vocabulary afterwards: {'ermintrude' in model[0].vocabulary_}")

stay = np.array(customers) != "customer E"
refit = make_pipeline(
    TfidfVectorizer(), LogisticRegression(C=10.0, tol=1e-10, max_iter=10_000)
).fit(tickets[stay], topics[stay])
apart = np.abs(refit[-1].coef_ - model[-1].coef_).max()
print(f"same words as a refit: {refit[0].vocabulary_ == model[0].vocabulary_}")
print(f"coefficients at most {apart:.0e} from a refit's")

# %%
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
places = np.arange(len(words))
axes.bar(places - 0.2, before, width=0.4, label="before")
axes.bar(places + 0.2, [each or 0.0 for each in after], width=0.4, label="after")
axes.axhline(0.0, color="grey", linewidth=0.8)
axes.set_xticks(places, words)
axes.set_ylabel("coefficient")
axes.legend()
plt.show()
