"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.adaptive_cluster import adaptive_cluster
from fl_estimate.estimators.hidden.dual_frame import dual_frame
from fl_estimate.estimators.hidden.reported_cases import reported_cases
from fl_estimate.estimators.hidden.time_location import time_location
from fl_estimate.estimators.hidden.time_location_weights import time_location_weights
from fl_estimate.estimators.hidden.two_phase import two_phase

__all__: list[str] = [
    "adaptive_cluster",
    "dual_frame",
    "reported_cases",
    "time_location",
    "time_location_weights",
    "two_phase",
]
