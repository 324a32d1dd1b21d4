# Rscript rounds.R > golden.json, in this folder; R survey 4.4.2. What tests/reference/test_rounds.py compares with.
suppressMessages(library(survey))
d <- read.csv("panel.csv")
unit <- interaction(d$stratum, d$psu, drop = TRUE)
present <- table(unit, d$year) > 0
pattern <- apply(present + 0, 1, paste, collapse = "")
d$group <- paste(d$stratum, pattern[as.character(unit)])
n <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ", "), "]")
put <- function(name, x, last = FALSE) cat(sprintf('  "%s": %s%s\n', name, n(x), if (last) "" else ","))
cat("{\n")
cat(sprintf('  "versions": "R %s, survey %s",\n', getRversion(), packageVersion("survey")))
for (kind in c("grouped", "plain", "women")) {
  design <- svydesign(id = ~psu, strata = if (kind == "plain") ~stratum else ~group, weights = ~weight, nest = TRUE, data = d)
  if (kind == "women") design <- subset(design, woman == 1)
  by <- svyby(~forced, ~year, design, svymean, covmat = TRUE)
  put(paste0(kind, "_estimate"), coef(by)); put(paste0(kind, "_vcov"), vcov(by)); put(paste0(kind, "_degf"), degf(design))
  for (one in list(list("change", c(-1, 0, 1)), list("average", rep(1 / 3, 3)), list("slope", c(-1 / 6, 0, 1 / 6)))) {
    k <- svycontrast(by, one[[2]])
    put(paste0(kind, "_", one[[1]]), c(coef(k), SE(k)))
  }
  y <- coef(by); V <- vcov(by); X <- cbind(1, c(2018, 2021, 2024) - 2021)
  A <- solve(t(X) %*% solve(V) %*% X); b <- A %*% t(X) %*% solve(V) %*% y; r <- y - X %*% b
  put(paste0(kind, "_gls"), c(b[2], sqrt(A[2, 2]), t(r) %*% solve(V) %*% r))
  test <- regTermTest(svyglm(forced ~ factor(year), design, family = quasibinomial(), epsilon = 1e-12, maxit = 100), ~factor(year))
  put(paste0(kind, "_factor_wald"), c(test$Ftest, test$df, test$ddf, test$p))
  logs <- svycontrast(by, quote(log(`2024` / `2018`)))
  put(paste0(kind, "_log_ratio"), c(coef(logs), SE(logs)))
}
# Welch's test of independent rounds, of a quantity of persons drawn one by one
set.seed(27)
g <- rep(1:4, c(12, 20, 9, 15)); x <- round(rnorm(length(g), c(5, 5.6, 6.1, 5.2)[g], c(1, 2, 1.5, 0.7)[g]), 3)
welch <- oneway.test(x ~ g, var.equal = FALSE)
put("welch_group", g); put("welch_x", x)
put("welch", c(welch$statistic, welch$parameter, welch$p.value), last = TRUE)
cat("}\n")
