"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.recruitment_design import rds_design
from fl_estimate.estimators.hidden.respondent_driven import gile_ss, rds_i, rds_ii
from fl_estimate.estimators.hidden.simulate_recruitment import SimulatedRecruitment, simulate_rds
from fl_estimate.inputs.recruitment import Recruitment

__all__ = [
    "Recruitment",
    "SimulatedRecruitment",
    "gile_ss",
    "rds_design",
    "rds_i",
    "rds_ii",
    "simulate_rds",
from fl_estimate.estimators.hidden.multiplicity import multiplicity
from fl_estimate.estimators.hidden.simulated_families import simulate_families

__all__ = [
    "multiplicity",
    "simulate_families",
]
