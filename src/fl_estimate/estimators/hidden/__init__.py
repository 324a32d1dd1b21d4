"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.adaptive_cluster import adaptive_cluster

__all__: list[str] = [
    "adaptive_cluster",
]
