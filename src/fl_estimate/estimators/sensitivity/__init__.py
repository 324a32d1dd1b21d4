"""Sensitivity analysis: what a figure would be under stated departures from what it takes for granted."""
