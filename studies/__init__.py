"""Simulation studies of the library: recovery of a known truth, calibration by simulation, coverage. Not in the wheel."""
