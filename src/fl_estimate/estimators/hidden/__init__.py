"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.relational_data import RelationalData as RelationalData
from fl_estimate.estimators.hidden.relational_data import relational_data as relational_data
from fl_estimate.estimators.hidden.scale_up import scale_up as scale_up
from fl_estimate.estimators.hidden.scale_up_model import scale_up_model as scale_up_model
from fl_estimate.estimators.hidden.scale_up_model_simulation import SimulatedReports as SimulatedReports
from fl_estimate.estimators.hidden.scale_up_model_simulation import simulate_scale_up_model as simulate_scale_up_model

__all__ = [
    "SimulatedReports",
    "RelationalData",
    "relational_data",
    "scale_up",
    "scale_up_model",
    "simulate_scale_up_model",
]
