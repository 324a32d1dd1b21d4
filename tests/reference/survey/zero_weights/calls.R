# Values of R survey on a file with weights of zero, as household files of MICS have them: whole primary units among them.
# Rscript calls.R people.csv values.json      (R and package versions stand in the file)
suppressPackageStartupMessages(library(survey))
path <- commandArgs(TRUE)
d <- read.csv(path[1])
of <- function(design, name) {
  answered <- subset(design, w > 0)
  m <- svymean(~y, design, na.rm = TRUE); t <- svytotal(~y, answered); h <- svymean(~hours, answered)
  b <- svyby(~y, ~region, answered, svymean)
  r <- svyratio(~y, ~hours, answered)
  q <- svyquantile(~hours, answered, 0.5, qrule = "math", interval.type = "mean")
  g <- svyglm(hours ~ y, design = answered)
  north <- subset(answered, region == "North"); south <- subset(answered, region == "South")
  list(name = name, degf = degf(answered), degf_as_read = degf(design),
    prevalence = c(coef(m), SE(m)), total = c(coef(t), SE(t)), mean = c(coef(h), SE(h)), ratio = c(coef(r), SE(r)),
    north = c(b$y[b$region == "North"], b$se[b$region == "North"], degf(north)),
    south = c(b$y[b$region == "South"], b$se[b$region == "South"], degf(south)),
    median = as.numeric(coef(q)), slope = c(coef(g)[["y"]], SE(g)[["y"]]),
    n = sum(d$w > 0), cases = sum(d$y[d$w > 0]))
}
clusters <- svydesign(id = ~psu, strata = ~stratum, weights = ~w, data = d, nest = TRUE)
rows <- svydesign(id = ~1, strata = ~stratum, weights = ~w, data = d)
number <- function(x) if (length(x) > 1) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]") else sprintf("%.17g", x)
entry <- function(v) paste0("  {\"design\": \"", v$name, "\"", paste0(", \"", names(v)[-1], "\": ", sapply(v[-1], number), collapse = ""), "}")
versions <- paste0("\"R ", getRversion(), ", survey ", packageVersion("survey"), "\"")
writeLines(c("{\"made_by\": ", versions, ", \"values\": [", paste(sapply(list(of(clusters, "clusters"), of(rows, "rows")), entry), collapse = ",\n"), "]}"), path[2])
