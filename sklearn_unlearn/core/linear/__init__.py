"""Linear models: objective, factor of its Hessian, the one formula, refinement."""
