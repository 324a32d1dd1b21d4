"""Variance components by likelihood and moments, and empirical best linear unbiased prediction. Arrays only."""
