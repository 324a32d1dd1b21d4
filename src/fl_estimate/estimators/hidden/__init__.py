"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.adaptive_cluster import adaptive_cluster
from fl_estimate.estimators.hidden.design_draw import DesignDraw
from fl_estimate.estimators.hidden.dual_frame import dual_frame
from fl_estimate.estimators.hidden.reported_cases import reported_cases
from fl_estimate.estimators.hidden.simulated_places import simulate_adaptive_cluster, simulate_time_location
from fl_estimate.estimators.hidden.simulated_samples import (
    simulate_dual_frame,
    simulate_reported_cases,
    simulate_two_phase,
)
from fl_estimate.estimators.hidden.time_location import time_location
from fl_estimate.estimators.hidden.time_location_weights import time_location_weights
from fl_estimate.estimators.hidden.two_phase import two_phase

__all__: list[str] = [
    "DesignDraw",
    "adaptive_cluster",
    "dual_frame",
    "reported_cases",
    "simulate_adaptive_cluster",
    "simulate_dual_frame",
    "simulate_reported_cases",
    "simulate_time_location",
    "simulate_two_phase",
    "time_location",
    "time_location_weights",
    "two_phase",
]
