"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.compare_methods import compare_methods
from fl_estimate.estimators.hidden.link_trace import LinkCounts, LinkTrace
from fl_estimate.estimators.hidden.link_tracing import link_tracing
from fl_estimate.estimators.hidden.service_multiplier import service_multiplier
from fl_estimate.estimators.hidden.simulated_links import SimulatedLinkTracing, simulate_link_tracing

__all__ = [
    "LinkCounts",
    "LinkTrace",
    "SimulatedLinkTracing",
    "compare_methods",
    "link_tracing",
    "service_multiplier",
    "simulate_link_tracing",
]
