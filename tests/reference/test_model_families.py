"""Families, links, offsets and exposures of `fl.regress` agree with R survey 4.4.2 run to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fl_estimate as fl
from tests.reference import models_of_r as r

# R's ns(x, 3): natural cubic splines of the same space, other columns.
SMOOTH = "cr({0}, knots=np.quantile({0}, [1 / 3, 2 / 3]), constraints='center')"
# R's formula in ours, and what stands beside it.
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "glm2/apistrat/poisson_offset": ("api_stu ~ ell + meals", {"exposure": "enroll"}),
    "glm2/apistrat/gamma_log": ("enroll ~ ell + stype", {}),
    "glm2/apistrat/invgauss_log": ("api00 ~ meals + stype", {}),
    "glm2/apistrat/probit": ("awards_yes ~ ell + meals + stype", {}),
    "glm2/apistrat/identity_binomial": ("sch_wide_yes ~ meals", {}),
    "glm2/apiclus2/cloglog": ("comp_imp_yes ~ meals + ell", {}),
    "glm2/apiclus2/gaussian_offset": ("api00 ~ meals", {"offset": "api99"}),
    "glm2/nhanes/logbinomial": ("HI_CHOL ~ sex + C(race)", {}),
    "glm2/nhanes_women/logit": ("HI_CHOL ~ C(race) + agecat", {}),
    "glm2/nhanes/probit": ("HI_CHOL ~ C(race) + agecat", {}),
    "glm2/nhanes/cloglog": ("HI_CHOL ~ sex * C(race)", {}),
    "glm2/synth_c/poisson_offset": ("cases ~ sex + region", {"offset": "np.log(months)"}),
    "glm2/synth_c/offset_logit": ("forced ~ sex + educ", {"offset": "0.02*(age-40)"}),
    "glm2/synth_c/gamma_log": ("wage ~ sex + educ + age", {}),
    "glm2/synth_c/invgauss_log": ("wage ~ sex + educ", {}),
    "glm2/synth_c/logbinomial": ("forced ~ sex + educ", {}),
    "glm2/synth_c_JKn/poisson_offset": ("cases ~ sex + region", {"exposure": "months"}),
    "glm2/synth_c_JKn/probit": ("forced ~ sex + educ + age", {}),
    "glm2/synth_c_JKn/gamma_log": ("wage ~ sex + educ", {}),
    "glm2/apistrat_JKn/gamma_log": ("enroll ~ stype + meals", {}),
    "glm2/rounds_5/trend_lpm": ("forced ~ year", {}),
    "glm2/rounds_5/trend_logit": ("forced ~ I(year - 2012)", {}),
    "glm2/synth_c/cases_months/offset_rate": ("cases ~ region", {"exposure": "months"}),
    "glm2/synth_c/cases_months_job/offset_rate": ("cases ~ job", {"exposure": "months"}),
    "glm2/apistrat/apistu_enroll/offset_rate": ("api_stu ~ stype", {"exposure": "enroll"}),
    "glm2/synth_c_JKn/cases_months/offset_rate": ("cases ~ job", {"exposure": "months"}),
    "regterm/synth_c/ns_age_x_sex/model": (f"forced ~ {SMOOTH.format('age')} * sex", {}),
    "regterm/apistrat/ns_meals_x_stype/model": (f"api00 ~ {SMOOTH.format('meals')} * stype", {}),
    "regterm/nhanes/sex_x_age/model": ("HI_CHOL ~ agecat * sex", {}),
}  # fmt: skip


def fitted(name: str) -> fl.Regression:
    entry, (formula, beside) = r.ENTRIES[name], CALLS[name]
    design, where = r.design(entry)
    more: dict[str, Any] = {**r.family(entry["call"]), **beside}
    return fl.regress(r.people(entry["data"]), formula, design=design, where=where, unknown="exclude", **more)


@pytest.mark.parametrize("name", [name for name in CALLS if "cr(" not in CALLS[name][0]])
def test_coefficients(name: str) -> None:
    """Where a model is not linear R stops its iterations early: `tight_*` are the roots to the last digit."""
    entry, found = r.ENTRIES[name], fitted(name)
    result, check = entry["result"], entry["check"]
    ours = found.to_frame()
    value, se = check.get("tight_estimate", result["estimate"]), check.get("tight_se", result["se"])
    if entry["result"].get("family") == "gaussian":
        # R needs no iteration, and its QR is closer than its second way, a normal equation of years about 2016.
        value, se = result["estimate"], result["se"]
    # The entries of rates without `tight_*` are R's own, iterated to 1e-12 of the deviance.
    np.testing.assert_allclose(ours["value"], value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours["se"], se, rtol=1e-9 if "tight_se" in check else 1e-6)
    assert (ours["df"] == result["df_resid"]).all()
    np.testing.assert_allclose(found.diagnostics["deviance"], result["deviance"], rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in CALLS if "cr(" in CALLS[name][0]])
def test_smooth_terms_fit_the_same_model(name: str) -> None:
    found, result = fitted(name), r.ENTRIES[name]["result"]
    np.testing.assert_allclose(found.diagnostics["deviance"], result["deviance"], rtol=1e-9)
    assert (found.to_frame()["df"] == result["df_resid"]).all()


def test_every_model_is_run() -> None:
    assert set(CALLS) == set(r.of("svyglm"))


TERMS = {
    "regterm/synth_c/ns_age_x_sex": f"{SMOOTH.format('age')}:sex",
    "regterm/apistrat/ns_meals_x_stype": f"{SMOOTH.format('meals')}:stype",
    "regterm/nhanes/sex_x_age": "agecat:sex",
}


@pytest.mark.parametrize("name", TERMS)
def test_smooth_terms_are_tested(name: str) -> None:
    """Of the same space in other columns: Wald's F and the ratio of a term do not depend on which columns span it."""
    model = fitted(f"{name}/model")
    wald, result = fl.term_test(model, TERMS[name]), r.ENTRIES[f"{name}/Wald"]["result"]
    assert wald.statistic == pytest.approx(result["F"], rel=1e-7)
    assert wald.df == (result["df"], result["ddf"])
    assert wald.p_value == pytest.approx(result["p_value"], rel=1e-6)
    ratio = fl.term_test(model, TERMS[name], method="lrt", tail_method="saddlepoint")
    entry = r.ENTRIES[f"{name}/LRT"]
    result = entry["result"]
    assert ratio.statistic == pytest.approx(result["chisq"], rel=1e-7)
    np.testing.assert_allclose(ratio.scales, result["lambda"], rtol=1e-6)
    assert ratio.p_value == pytest.approx(result["p_value"], rel=1e-6)
