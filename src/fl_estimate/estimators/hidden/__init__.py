"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.multiplicity import multiplicity
from fl_estimate.estimators.hidden.simulated_families import simulate_families

__all__ = [
    "multiplicity",
    "simulate_families",
]
