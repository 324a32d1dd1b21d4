"""Design-weighted estimates: prevalence, total, mean, ratio, quantiles, contrasts, tests and multiple imputation."""
