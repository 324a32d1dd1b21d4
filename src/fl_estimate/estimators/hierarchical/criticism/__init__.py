"""Whether an area model fits: predictive checks, leave-one-out, and the model made again from its recipe."""
