# The same tasks in R survey: Rscript day.R, in this folder. Written for this project; it prints the figures of r.csv.
suppressPackageStartupMessages({library(survey); library(mitools)})
day <- read.csv("day.csv", stringsAsFactors = TRUE)
day$round <- factor(day$round)
out <- list()
note <- function(task, row, value, se) out[[length(out) + 1]] <<- data.frame(task, row, value = as.numeric(value), se = as.numeric(se))

# Weights: non-response by round and stratum, then raking to known numbers by round and sex.
cell <- interaction(day$round, day$stratum)
day$w <- day$weight * ave(day$weight, cell, FUN = sum) / ave(day$weight * day$answered, cell, FUN = sum)
came <- subset(day, answered == 1)
drawn <- svydesign(ids = ~ea, strata = ~stratum, weights = ~w, data = came)
d <- calibrate(drawn, ~ 0 + interaction(round, sex), calfun = "raking",
               population = c("interaction(round, sex)1.f" = 61000, "interaction(round, sex)2.f" = 62000,
                              "interaction(round, sex)1.m" = 63000, "interaction(round, sex)2.m" = 64000))
w <- weights(d)
note("weights", "deff", length(w) * sum(w^2) / sum(w)^2, NA)

# Prevalence, in all and by round; the change.
m <- svymean(~fl, d); note("prevalence", "all", coef(m), SE(m))
b <- svyglm(fl ~ 0 + round, design = d)  # domain means with their covariance
note("prevalence", paste("round", 1:2), coef(b), SE(b))
change <- svycontrast(b, c("round2" = 1, "round1" = -1)); note("change", "2 - 1", coef(change), SE(change))
total <- svytotal(~fl, subset(d, round == "2")); note("total", "round 2", coef(total), SE(total))

# Regression: log odds, and adjusted means.
fit <- svyglm(fl ~ sex + sector + round, design = d, family = quasibinomial)
note("log odds", names(coef(fit)), coef(fit), SE(fit))
p <- svypredmeans(svyglm(fl ~ sex + round, design = d, family = quasibinomial), ~sector)
note("margins", names(coef(p)), coef(p), SE(p))

# Hours of those in forced labour, imputed five times.
each <- lapply(1:5, function(i) svymean(as.formula(paste0("~hours_", i)), subset(d, fl == 1)))
pooled <- MIcombine(lapply(each, function(e) unname(coef(e))), lapply(each, function(e) unname(vcov(e))))
note("imputed", "hours", coef(pooled), sqrt(vcov(pooled)))

# Rao and Scott: does forced labour differ by sector?
test <- svychisq(~fl + sector, d); note("test", "Rao-Scott F", test$statistic, NA); note("test", "p", test$p.value, NA)
r <- do.call(rbind, out)
r$value <- signif(r$value, 12); r$se <- signif(r$se, 12)
write.csv(r, "r.csv", row.names = FALSE)
print(r, digits = 6)
