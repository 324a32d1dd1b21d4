"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.number_of_cases import ss_cases
from fl_estimate.estimators.hidden.population_size import ss_population_size
from fl_estimate.estimators.hidden.recruitment_design import rds_design
from fl_estimate.estimators.hidden.recruitment_diagnostics import RecruitmentDiagnostics, rds_diagnostics
from fl_estimate.estimators.hidden.respondent_driven import gile_ss, rds_i, rds_ii
from fl_estimate.estimators.hidden.simulate_recruitment import SimulatedRecruitment, simulate_rds
from fl_estimate.estimators.hidden.simulate_succession import SimulatedSuccession, simulate_successive_sampling
from fl_estimate.inputs.recruitment import Recruitment

__all__ = [
    "Recruitment",
    "RecruitmentDiagnostics",
    "SimulatedRecruitment",
    "SimulatedSuccession",
    "gile_ss",
    "rds_design",
    "rds_diagnostics",
    "rds_i",
    "rds_ii",
    "simulate_rds",
from fl_estimate.estimators.hidden.multiplicity import multiplicity
from fl_estimate.estimators.hidden.simulated_families import simulate_families

__all__ = [
    "multiplicity",
    "simulate_families",
    "simulate_successive_sampling",
    "ss_cases",
    "ss_population_size",
]
