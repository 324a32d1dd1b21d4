"""Capture-recapture: how many people are on no case list. `from fl_estimate import capture_recapture as cr`.

Imported outright, not name by name: a function that shares its module's name (`loglinear`) must win over it.
"""

from fl_estimate.estimators.capture_recapture.appraisal import Appraisal, appraise
from fl_estimate.estimators.capture_recapture.bounds import chao, zelterman
from fl_estimate.estimators.capture_recapture.closed import closed
from fl_estimate.estimators.capture_recapture.conditional import conditional_loglinear
from fl_estimate.estimators.capture_recapture.conditional_selection import select_conditional
from fl_estimate.estimators.capture_recapture.consistency import InternalConsistency, internal_consistency
from fl_estimate.estimators.capture_recapture.count_profile import CountProfile, count_profile
from fl_estimate.estimators.capture_recapture.count_regressions import generalised_chao, generalised_zelterman
from fl_estimate.estimators.capture_recapture.decomposable import average_decomposable
from fl_estimate.estimators.capture_recapture.doubly_robust import doubly_robust
from fl_estimate.estimators.capture_recapture.existence import Existence, check
from fl_estimate.estimators.capture_recapture.hierarchical_average import average_hierarchical
from fl_estimate.estimators.capture_recapture.latent_class import latent_class
from fl_estimate.estimators.capture_recapture.linkage_curve import linkage_curve
from fl_estimate.estimators.capture_recapture.linkage_draws import LinkDraws, draw_links
from fl_estimate.estimators.capture_recapture.linkage_errors import linkage_corrected
from fl_estimate.estimators.capture_recapture.linkage_loglinear import linkage_loglinear
from fl_estimate.estimators.capture_recapture.linkage_pooling import pool_links
from fl_estimate.estimators.capture_recapture.loglinear import loglinear
from fl_estimate.estimators.capture_recapture.pairwise import PairwiseBounds, pairwise, pairwise_bounds
from fl_estimate.estimators.capture_recapture.selection import select_aic_p, select_bic, select_stepwise
from fl_estimate.estimators.capture_recapture.sensitivity import sensitivity
from fl_estimate.estimators.capture_recapture.simulation import (
    ListModel,
    Simulation,
    draw_lists,
    fitted_model,
    mixed_model,
    simulate,
    stated_model,
)
from fl_estimate.estimators.capture_recapture.thresholding import threshold
from fl_estimate.estimators.capture_recapture.truncated import zero_truncated
from fl_estimate.estimators.capture_recapture.two_lists import chapman, petersen
from fl_estimate.estimators.capture_recapture.unlistable import add_unlistable

__all__ = [
    "Appraisal",
    "CountProfile",
    "Existence",
    "InternalConsistency",
    "LinkDraws",
    "ListModel",
    "PairwiseBounds",
    "Simulation",
    "add_unlistable",
    "appraise",
    "average_decomposable",
    "average_hierarchical",
    "chao",
    "chapman",
    "check",
    "closed",
    "conditional_loglinear",
    "count_profile",
    "doubly_robust",
    "draw_links",
    "draw_lists",
    "fitted_model",
    "generalised_chao",
    "generalised_zelterman",
    "internal_consistency",
    "latent_class",
    "linkage_corrected",
    "linkage_curve",
    "linkage_loglinear",
    "loglinear",
    "mixed_model",
    "pairwise",
    "pairwise_bounds",
    "petersen",
    "pool_links",
    "select_aic_p",
    "select_bic",
    "select_conditional",
    "select_stepwise",
    "sensitivity",
    "simulate",
    "stated_model",
    "threshold",
    "zelterman",
    "zero_truncated",
]
