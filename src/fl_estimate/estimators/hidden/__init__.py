"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.relational_data import RelationalData as RelationalData
from fl_estimate.estimators.hidden.relational_data import relational_data as relational_data
from fl_estimate.estimators.hidden.scale_up import scale_up as scale_up

__all__ = [
    "RelationalData",
    "relational_data",
    "scale_up",
]
