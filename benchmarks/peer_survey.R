# The same by-domain estimates made by R's survey, on the CSV file named first; prints one JSON line for
# design_weighted.py. Calls only: what is timed is CPU seconds of one call each, reading left out.
suppressPackageStartupMessages(library(survey))
arguments <- commandArgs(trailingOnly = TRUE)
people <- read.csv(arguments[1])
replicates <- as.integer(arguments[2])
cpu <- function(expression) {
  spent <- system.time(value <- expression)
  list(seconds = spent[["user.self"]] + spent[["sys.self"]], value = value)
}
numbers <- function(values) paste0("[", paste(format(values, digits = 17), collapse = ","), "]")
made <- cpu(svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = people, nest = TRUE))
design <- made$value
taylor <- cpu(svyby(~forced_labour, ~domain, design, svymean))
parts <- c(
  sprintf('"version": "%s"', packageVersion("survey")), sprintf('"design": %f', made$seconds),
  sprintf('"taylor": %f', taylor$seconds), sprintf('"value": %s', numbers(taylor$value$forced_labour)),
  sprintf('"se": %s', numbers(SE(taylor$value)))
)
if (replicates > 0) {
  set.seed(1)
  boot <- cpu(as.svrepdesign(design, type = "subbootstrap", replicates = replicates))
  again <- cpu(svyby(~forced_labour, ~domain, boot$value, svymean))
  parts <- c(parts, sprintf('"replicates_made": %f', boot$seconds), sprintf('"replicates": %f', again$seconds))
}
cat("{", paste(parts, collapse = ", "), "}\n", sep = "")
