"""Hierarchical models: areas that are too small to stand alone borrow from the others. `fl.hierarchical`."""

from fl_estimate.estimators.hierarchical.area import area
from fl_estimate.estimators.hierarchical.criticism import leave_one_out, predictive_check, sensitivity
from fl_estimate.estimators.hierarchical.eblup import eblup
from fl_estimate.estimators.hierarchical.misclassification import misclassification
from fl_estimate.estimators.hierarchical.misclassification_accuracy import expert_beta
from fl_estimate.estimators.hierarchical.neighbours import icar_scaling
from fl_estimate.estimators.hierarchical.priors import Prior
from fl_estimate.estimators.hierarchical.smoothing import smooth_variances
from fl_estimate.estimators.hierarchical.unit import unit

__all__ = [
    "Prior",
    "area",
    "eblup",
    "expert_beta",
    "icar_scaling",
    "leave_one_out",
    "misclassification",
    "predictive_check",
    "sensitivity",
    "smooth_variances",
    "unit",
]
