"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.multiplicity import multiplicity

__all__ = [
    "multiplicity",
]
