"""The mathematics of unlearning: pure functions of numpy arrays, no estimators.

Conventions that every module here keeps (``doc/conventions.rst`` explains them):

- The objective is a SUM over rows, never a mean::

      L(theta) = sum_i s_i loss(x_i . theta, y_i) + 1/2 theta' Lambda theta + b' theta

- Coefficients ``theta`` have shape ``(p, n_outputs)``; with an intercept p is the
  number of columns plus one and the intercept is the last row.
- ``Lambda`` is diagonal and given entrywise, in the shape of theta.
- A coupled problem (softmax, or outputs with different penalties) is solved as one
  vector of ``n_outputs * p`` unknowns, output after output; any other as one matrix of
  p unknowns with a right-hand side an output.
- All sums are float64 whatever the dtype of the data.
"""
