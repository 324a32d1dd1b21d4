"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.list_experiment import list_experiment
from fl_estimate.estimators.hidden.list_regression import regress_list_experiment
from fl_estimate.estimators.hidden.list_tests import list_experiment_test
from fl_estimate.estimators.hidden.randomised_regression import regress_randomised_response
from fl_estimate.estimators.hidden.randomised_response import randomised_response
from fl_estimate.estimators.hidden.simulate_indirect import simulate_list_experiment, simulate_randomised_response

__all__ = [
    "list_experiment",
    "list_experiment_test",
    "randomised_response",
    "regress_list_experiment",
    "regress_randomised_response",
    "simulate_list_experiment",
    "simulate_randomised_response",
]
