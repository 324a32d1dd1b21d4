"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.list_experiment import list_experiment
from fl_estimate.estimators.hidden.list_regression import regress_list_experiment
from fl_estimate.estimators.hidden.simulate_indirect import simulate_list_experiment, simulate_randomised_response

__all__ = [
    "list_experiment",
    "regress_list_experiment",
    "simulate_list_experiment",
    "simulate_randomised_response",
]
