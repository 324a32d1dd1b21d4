"""Hierarchical models: areas that are too small to stand alone borrow from the others. `fl.hierarchical`."""

from fl_estimate.estimators.hierarchical.area import area
from fl_estimate.estimators.hierarchical.priors import Prior

__all__ = ["Prior", "area"]
