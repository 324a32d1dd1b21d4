"""Hierarchical models: areas that are too small to stand alone borrow from the others. `fl.hierarchical`."""

from fl_estimate.estimators.hierarchical.area import area
from fl_estimate.estimators.hierarchical.area_eblup import eblup
from fl_estimate.estimators.hierarchical.criticism.checks_of_fit import leave_one_out, predictive_check, sensitivity
from fl_estimate.estimators.hierarchical.misclassification import misclassification
from fl_estimate.estimators.hierarchical.model.misclassification_accuracy import expert_beta
from fl_estimate.estimators.hierarchical.model.priors import Prior
from fl_estimate.estimators.hierarchical.pooled_lists import capture_recapture
from fl_estimate.estimators.hierarchical.read.neighbours import icar_scaling
from fl_estimate.estimators.hierarchical.smoothing import smooth_variances
from fl_estimate.estimators.hierarchical.sources import sources
from fl_estimate.estimators.hierarchical.unit import unit
from fl_estimate.estimators.hierarchical.unit_eblup import unit_eblup

__all__ = [
    "Prior",
    "area",
    "capture_recapture",
    "eblup",
    "expert_beta",
    "icar_scaling",
    "leave_one_out",
    "misclassification",
    "predictive_check",
    "sensitivity",
    "smooth_variances",
    "sources",
    "unit",
    "unit_eblup",
]
