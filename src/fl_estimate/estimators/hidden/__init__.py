"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.relational_data import RelationalData as RelationalData
from fl_estimate.estimators.hidden.relational_data import relational_data as relational_data

__all__ = [
    "RelationalData",
    "relational_data",
]
