"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

from fl_estimate.estimators.hidden.compare_methods import compare_methods
from fl_estimate.estimators.hidden.designs.adaptive_cluster import adaptive_cluster
from fl_estimate.estimators.hidden.designs.design_draw import DesignDraw
from fl_estimate.estimators.hidden.designs.dual_frame import dual_frame
from fl_estimate.estimators.hidden.designs.reported_cases import reported_cases
from fl_estimate.estimators.hidden.designs.simulated_places import simulate_adaptive_cluster, simulate_time_location
from fl_estimate.estimators.hidden.designs.simulated_samples import (
    simulate_dual_frame,
    simulate_reported_cases,
    simulate_two_phase,
)
from fl_estimate.estimators.hidden.designs.time_location import time_location
from fl_estimate.estimators.hidden.designs.time_location_weights import time_location_weights
from fl_estimate.estimators.hidden.designs.two_phase import two_phase
from fl_estimate.estimators.hidden.family.multiplicity import multiplicity
from fl_estimate.estimators.hidden.family.simulated_families import simulate_families
from fl_estimate.estimators.hidden.indirect.list_experiment import list_experiment
from fl_estimate.estimators.hidden.indirect.list_regression import regress_list_experiment
from fl_estimate.estimators.hidden.indirect.list_tests import list_experiment_test
from fl_estimate.estimators.hidden.indirect.randomised_regression import regress_randomised_response
from fl_estimate.estimators.hidden.indirect.randomised_response import randomised_response
from fl_estimate.estimators.hidden.indirect.simulate_indirect import (
    simulate_list_experiment,
    simulate_randomised_response,
)
from fl_estimate.estimators.hidden.links.link_trace import LinkCounts, LinkTrace
from fl_estimate.estimators.hidden.links.link_tracing import link_tracing
from fl_estimate.estimators.hidden.links.simulated_links import SimulatedLinkTracing, simulate_link_tracing
from fl_estimate.estimators.hidden.network.back_estimates import back_estimates
from fl_estimate.estimators.hidden.network.generalised_scale_up import generalised_scale_up
from fl_estimate.estimators.hidden.network.network_size import network_size
from fl_estimate.estimators.hidden.network.relational_data import RelationalData, relational_data
from fl_estimate.estimators.hidden.network.scale_up import scale_up
from fl_estimate.estimators.hidden.network.scale_up_model import scale_up_model
from fl_estimate.estimators.hidden.network.scale_up_model_simulation import SimulatedReports, simulate_scale_up_model
from fl_estimate.estimators.hidden.network.scale_up_simulation import ScaleUpSample, simulate_scale_up
from fl_estimate.estimators.hidden.recruitment.recruitment_design import rds_design
from fl_estimate.estimators.hidden.recruitment.recruitment_diagnostics import RecruitmentDiagnostics, rds_diagnostics
from fl_estimate.estimators.hidden.recruitment.respondent_driven import gile_ss, rds_i, rds_ii
from fl_estimate.estimators.hidden.recruitment.simulate_recruitment import SimulatedRecruitment, simulate_rds
from fl_estimate.estimators.hidden.service_multiplier import service_multiplier
from fl_estimate.estimators.hidden.size.number_of_cases import ss_cases
from fl_estimate.estimators.hidden.size.population_size import ss_population_size
from fl_estimate.estimators.hidden.size.simulate_succession import SimulatedSuccession, simulate_successive_sampling
from fl_estimate.inputs.recruitment import Recruitment

__all__ = [
    "DesignDraw",
    "LinkCounts",
    "LinkTrace",
    "Recruitment",
    "RecruitmentDiagnostics",
    "RelationalData",
    "ScaleUpSample",
    "SimulatedLinkTracing",
    "SimulatedRecruitment",
    "SimulatedReports",
    "SimulatedSuccession",
    "adaptive_cluster",
    "back_estimates",
    "compare_methods",
    "dual_frame",
    "generalised_scale_up",
    "gile_ss",
    "link_tracing",
    "list_experiment",
    "list_experiment_test",
    "multiplicity",
    "network_size",
    "randomised_response",
    "rds_design",
    "rds_diagnostics",
    "rds_i",
    "rds_ii",
    "regress_list_experiment",
    "regress_randomised_response",
    "relational_data",
    "reported_cases",
    "scale_up",
    "scale_up_model",
    "service_multiplier",
    "simulate_adaptive_cluster",
    "simulate_dual_frame",
    "simulate_families",
    "simulate_link_tracing",
    "simulate_list_experiment",
    "simulate_randomised_response",
    "simulate_rds",
    "simulate_reported_cases",
    "simulate_scale_up",
    "simulate_scale_up_model",
    "simulate_successive_sampling",
    "simulate_time_location",
    "simulate_two_phase",
    "ss_cases",
    "ss_population_size",
    "time_location",
    "time_location_weights",
    "two_phase",
]
