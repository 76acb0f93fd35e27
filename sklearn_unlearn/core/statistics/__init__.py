"""Statistics that forget: exact sums, moments, counts, extremes, frequencies."""
