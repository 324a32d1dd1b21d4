"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.inputs.recruitment import Recruitment

__all__ = [
    "Recruitment",
]
