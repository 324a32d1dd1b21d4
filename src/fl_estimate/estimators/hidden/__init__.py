"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.adaptive_cluster import adaptive_cluster
from fl_estimate.estimators.hidden.dual_frame import dual_frame
from fl_estimate.estimators.hidden.time_location import time_location
from fl_estimate.estimators.hidden.time_location_weights import time_location_weights

__all__: list[str] = [
    "adaptive_cluster",
    "dual_frame",
    "time_location",
    "time_location_weights",
]
