"""Survey-weighted regression: families and links, fits, variances, effects, and models pooled or fitted by domain."""
